import type { webcrypto } from 'node:crypto'
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'

/**
 * What a sealed text belongs to. It opens for exactly these four and fails for any other, so that a
 * row copied over another row or another user's row is worthless.
 */
export interface SealBinding {
  table: string
  rowId: string
  userId: string
  field: string
}

export interface SealingPublicKey {
  id: string
  /** 32 raw bytes as base64url. */
  publicKey: string
}

export interface Sealer {
  /** The key id is part of the result, so that rows sealed under an older key stay readable. */
  seal(plaintext: string, binding: SealBinding): Promise<string>
}

export class SealingError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SealingError'
  }
}

const version = 'v1'

/** Seals and cannot open: it holds the public key alone, and opening lives in another module. */
export function createSealer(key: SealingPublicKey): Sealer {
  const suite = sealingSuite()
  const raw = bytesOf(key.publicKey)
  if (raw.byteLength !== 32) throw new SealingError('A sealing public key has 32 bytes')

  let imported: Promise<webcrypto.CryptoKey> | undefined

  return {
    async seal(plaintext, binding) {
      imported ??= suite.kem.deserializePublicKey(raw)
      const { ct, enc } = await suite.seal(
        { recipientPublicKey: await imported, info: sealInfo(key.id) },
        new TextEncoder().encode(plaintext),
        sealAad(binding, key.id),
      )
      return [version, key.id, textOf(enc), textOf(ct)].join('.')
    },
  }
}

/** Which key a sealed text needs; `undefined` when it is no sealed text of ours. */
export function sealedKeyId(sealed: string): string | undefined {
  return sealedParts(sealed)?.keyId
}

export interface SealedParts {
  keyId: string
  enc: ArrayBuffer
  ciphertext: ArrayBuffer
}

export function sealedParts(sealed: string): SealedParts | undefined {
  const [mark, keyId, enc, ciphertext, ...rest] = sealed.split('.')
  if (mark !== version || !keyId || !enc || !ciphertext || rest.length > 0) return undefined
  return { keyId, enc: bytesOf(enc), ciphertext: bytesOf(ciphertext) }
}

/** RFC 9180 base mode, all of it WebCrypto: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. */
export function sealingSuite(): CipherSuite {
  return new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
}

export function sealInfo(keyId: string): ArrayBuffer {
  return bufferOf(new TextEncoder().encode(JSON.stringify(['matic-trade', 'seal', version, keyId])))
}

export function sealAad(binding: SealBinding, keyId: string): ArrayBuffer {
  const { table, rowId, userId, field } = binding
  return bufferOf(new TextEncoder().encode(JSON.stringify([version, table, rowId, userId, field, keyId])))
}

function textOf(bytes: ArrayBufferLike): string {
  return Buffer.from(bytes).toString('base64url')
}

function bytesOf(text: string): ArrayBuffer {
  return bufferOf(Buffer.from(text, 'base64url'))
}

function bufferOf(view: Uint8Array): ArrayBuffer {
  return new Uint8Array(view).buffer
}
