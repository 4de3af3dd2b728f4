import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Random, Secret } from '@matic/platform'

/** Short codes and the secrets of authenticator apps, as they may be stored. */
export interface CodeBook {
  /** Six digits, every one as likely as another. */
  sixDigits(): string
  /** Good for nobody but this user, and not to be found by trying all without the key. */
  hash(userId: string, code: string): Buffer
  isSame(hash: Buffer, userId: string, code: string): boolean
  seal(userId: string, secret: string): Buffer
  /** @throws Error when it was changed or belongs to another user */
  open(userId: string, sealed: Buffer): string
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Keyed by TOTP_KEY and nothing else: other secrets may change without anybody having to enrol again. */
export function createCodeBook({ key, random }: { key: Secret<Uint8Array>; random: Random }): CodeBook {
  const keyFor = (purpose: string) => Buffer.from(hkdfSync('sha256', key.reveal(), 'matic', purpose, 32))
  const hashKey = keyFor('codes')
  const sealKey = keyFor('totp')
  const hash = (userId: string, code: string) => createHmac('sha256', hashKey).update(`${userId}:${code}`).digest()

  return {
    sixDigits() {
      for (;;) {
        const number = Buffer.from(random.bytes(4)).readUInt32BE()
        if (number < 4_294_000_000) return String(number % 1_000_000).padStart(6, '0')
      }
    },
    hash,
    isSame: (stored, userId, code) => stored.length === 32 && timingSafeEqual(stored, hash(userId, code)),
    seal(userId, text) {
      const nonce = random.bytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(`totp:${userId}`))
      return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
    },
    open(userId, sealed) {
      const decipher = createDecipheriv('aes-256-gcm', sealKey, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(`totp:${userId}`)).setAuthTag(sealed.subarray(-TAG_BYTES))
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
    },
  }
}
