import type { Clock, Random } from './clock.ts'

/** UUID version 7: sorts by creation time to the millisecond, 74 random bits. */
export function uuidv7({ clock, random }: { clock: Clock; random: Random }): string {
  const bytes = Buffer.alloc(16)
  bytes.writeUIntBE(Math.trunc(clock.now()), 0, 6)
  bytes.set(random.bytes(10), 6)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80

  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** 32 random bytes as base64url (43 characters): webhook, session and reset tokens. */
export function randomToken({ random }: { random: Random }): string {
  return Buffer.from(random.bytes(32)).toString('base64url')
}
