import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { webcrypto } from 'node:crypto'
import type { Random } from './clock.ts'
import { SealingError, sealAad, sealInfo, sealedParts, sealingSuite } from './sealing.ts'
import type { SealBinding, SealingPublicKey } from './sealing.ts'
import type { Secret } from './secret.ts'

// Workers only. The package's door does not export this module: import '@matic/platform/unsealing'.

export interface SealingKey extends SealingPublicKey {
  /** base64url of version byte, 96-bit nonce, AES-256-GCM ciphertext of the 32 raw bytes, 16-byte tag. */
  wrappedPrivateKey: string
}

export interface Opener {
  /** @throws {SealingError} when key, binding or text do not belong together */
  open(sealed: string, binding: SealBinding): Promise<string>
}

const wrapVersion = 1
const nonceBytes = 12
const tagBytes = 16
const wrappedBytes = 1 + nonceBytes + 32 + tagBytes

/** A fresh key pair whose private half is readable under `encryptionKey` (32 bytes) alone. */
export async function generateSealingKey(input: { id: string; encryptionKey: Secret<Uint8Array>; random: Random }): Promise<SealingKey> {
  const { id, encryptionKey, random } = input
  if (!/^[\w-]{1,64}$/.test(id)) throw new SealingError('A sealing key id has 1 to 64 letters, digits, _ or -')

  const { kem } = sealingSuite()
  const pair = await kem.generateKeyPair()
  const publicKey = Buffer.from(await kem.serializePublicKey(pair.publicKey)).toString('base64url')
  const privateKey = Buffer.from(await kem.serializePrivateKey(pair.privateKey))

  const nonce = random.bytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', encryptionKey.reveal(), nonce, { authTagLength: tagBytes })
  cipher.setAAD(wrapAad({ id, publicKey }))
  const ciphertext = Buffer.concat([cipher.update(privateKey), cipher.final()])
  privateKey.fill(0)

  const wrapped = Buffer.concat([Buffer.of(wrapVersion), nonce, ciphertext, cipher.getAuthTag()])
  return { id, publicKey, wrappedPrivateKey: wrapped.toString('base64url') }
}

/**
 * Opens what was sealed under any of `keys`, so that rotation can go on while workers run.
 * @throws {SealingError} at once when `encryptionKey` is not the one that wrapped them
 */
export function createOpener(keys: readonly SealingKey[], encryptionKey: Secret<Uint8Array>): Opener {
  const suite = sealingSuite()
  const imported = new Map<string, Promise<webcrypto.CryptoKey>>()

  for (const key of keys) {
    const raw = unwrap(key, encryptionKey)
    imported.set(key.id, suite.kem.deserializePrivateKey(raw))
  }

  return {
    async open(sealed, binding) {
      const parts = sealedParts(sealed)
      if (!parts) throw new SealingError('Not a sealed text')

      const recipientKey = imported.get(parts.keyId)
      if (!recipientKey) throw new SealingError(`No sealing key ${parts.keyId}`)

      try {
        const plaintext = await suite.open(
          { recipientKey: await recipientKey, enc: parts.enc, info: sealInfo(parts.keyId) },
          parts.ciphertext,
          sealAad(binding, parts.keyId),
        )
        return new TextDecoder().decode(plaintext)
      } catch (cause) {
        throw new SealingError('Sealed text does not open for this row', { cause })
      }
    },
  }
}

function unwrap(key: SealingKey, encryptionKey: Secret<Uint8Array>): ArrayBuffer {
  const wrapped = Buffer.from(key.wrappedPrivateKey, 'base64url')
  if (wrapped.length !== wrappedBytes || wrapped[0] !== wrapVersion) {
    throw new SealingError(`Sealing key ${key.id} is damaged`)
  }

  const nonce = wrapped.subarray(1, 1 + nonceBytes)
  const tag = wrapped.subarray(wrappedBytes - tagBytes)
  const decipher = createDecipheriv('aes-256-gcm', encryptionKey.reveal(), nonce, { authTagLength: tagBytes })
  decipher.setAAD(wrapAad(key))
  decipher.setAuthTag(tag)

  try {
    const raw = Buffer.concat([decipher.update(wrapped.subarray(1 + nonceBytes, wrappedBytes - tagBytes)), decipher.final()])
    return new Uint8Array(raw).buffer
  } catch (cause) {
    throw new SealingError(`ENCRYPTION_KEY does not open sealing key ${key.id}: it was wrapped under another one`, { cause })
  }
}

function wrapAad({ id, publicKey }: SealingPublicKey): Buffer {
  return Buffer.from(JSON.stringify(['matic-trade', 'sealing-key', wrapVersion, id, publicKey]))
}
