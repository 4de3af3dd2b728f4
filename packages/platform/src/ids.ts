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

/**
 * UUIDs version 7 that rise within this process, also within one millisecond and when the clock steps back:
 * 12 bits count inside the millisecond, 62 are random.
 */
export function createIds({ clock, random }: { clock: Clock; random: Random }): () => string {
  let lastMs = 0
  let count = 0
  let pool = Buffer.alloc(0)
  let used = 0

  return () => {
    const nowMs = Math.trunc(clock.now())
    if (nowMs > lastMs) {
      lastMs = nowMs
      count = 0
    } else if (count === 0xfff) {
      lastMs += 1
      count = 0
    } else {
      count += 1
    }
    if (used + 8 > pool.length) {
      pool = Buffer.from(random.bytes(512))
      used = 0
    }
    pool[used] = ((pool[used] ?? 0) & 0x3f) | 0x80
    const time = lastMs.toString(16).padStart(12, '0')
    const tail = pool.toString('hex', used, used + 8)
    used += 8
    return `${time.slice(0, 8)}-${time.slice(8)}-7${count.toString(16).padStart(3, '0')}-${tail.slice(0, 4)}-${tail.slice(4)}`
  }
}
