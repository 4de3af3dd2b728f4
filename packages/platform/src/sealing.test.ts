import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as door from './index.ts'
import { createRandom } from './clock.ts'
import { SealingError, createSealer, sealedKeyId } from './sealing.ts'
import { createSecret } from './secret.ts'
import { createOpener, generateSealingKey } from './unsealing.ts'

const random = createRandom()
const encryptionKey = createSecret<Uint8Array>(random.bytes(32))
const binding = { table: 'exchange_key', rowId: 'row-1', userId: 'user-1', field: 'credentials' }
const credentials = JSON.stringify({ apiKey: 'the-api-key', secret: 'the-secret' })

const key = await generateSealingKey({ id: 'k1', encryptionKey, random })
const { id, publicKey } = key
const sealer = createSealer({ id, publicKey })
const opener = createOpener([key], encryptionKey)

describe('sealing', () => {
  it('opens for the row, user and field it was sealed for', async () => {
    const sealed = await sealer.seal(credentials, binding)
    expect(sealed).not.toContain('the-secret')
    expect(sealedKeyId(sealed)).toBe('k1')
    expect(await opener.open(sealed, binding)).toBe(credentials)
  })

  it.each([
    ['another row', { rowId: 'row-2' }],
    ['another user', { userId: 'user-2' }],
    ['another table', { table: 'session' }],
    ['another field', { field: 'note' }],
    ['a shifted boundary', { rowId: 'row-', userId: '1user-1' }],
  ])('does not open for %s', async (_what, change) => {
    const sealed = await sealer.seal(credentials, binding)
    await expect(opener.open(sealed, { ...binding, ...change })).rejects.toThrow(SealingError)
  })

  it('does not open with a short tag, a flipped bit or another encapsulated key', async () => {
    const sealed = await sealer.seal(credentials, binding)
    const [version, keyId, enc, text = ''] = sealed.split('.')
    const bytes = Buffer.from(text, 'base64url')
    const short = bytes.subarray(0, -4).toString('base64url')
    const flipped = Buffer.from(bytes)
    flipped[3] = (flipped[3] ?? 0) ^ 1
    const otherEnc = (await sealer.seal(credentials, binding)).split('.')[2]

    for (const bad of [
      [version, keyId, enc, short],
      [version, keyId, enc, flipped.toString('base64url')],
      [version, keyId, otherEnc, text],
      [version, 'k2', enc, text],
      ['v0', keyId, enc, text],
      [version, keyId, enc],
    ]) {
      await expect(opener.open(bad.join('.'), binding)).rejects.toThrow(SealingError)
    }
  })

  it('never gives the same text twice', async () => {
    const sealed = await Promise.all(Array.from({ length: 200 }, () => sealer.seal(credentials, binding)))
    expect(new Set(sealed).size).toBe(200)
  })

  it('refuses another ENCRYPTION_KEY and says so', () => {
    expect(() => createOpener([key], createSecret<Uint8Array>(random.bytes(32)))).toThrow(/ENCRYPTION_KEY does not open sealing key k1/)
  })

  it('refuses a wrapped key whose tag was cut, whose id or public half was swapped', async () => {
    const wrapped = Buffer.from(key.wrappedPrivateKey, 'base64url')
    const cut = wrapped.subarray(0, -12).toString('base64url')
    const other = await generateSealingKey({ id: 'k2', encryptionKey, random })
    expect(() => createOpener([{ ...key, wrappedPrivateKey: cut }], encryptionKey)).toThrow(SealingError)
    expect(() => createOpener([{ ...key, id: 'k9' }], encryptionKey)).toThrow(SealingError)
    expect(() => createOpener([{ ...key, publicKey: other.publicKey }], encryptionKey)).toThrow(SealingError)
  })

  it('opens rows of an older key during a rotation', async () => {
    const next = await generateSealingKey({ id: 'k2', encryptionKey, random })
    const both = createOpener([key, next], encryptionKey)
    expect(await both.open(await sealer.seal(credentials, binding), binding)).toBe(credentials)
    expect(await both.open(await createSealer(next).seal(credentials, binding), binding)).toBe(credentials)
  })

  it('gives the sealing side nothing that opens', () => {
    expect(Object.keys(sealer)).toEqual(['seal'])
    expect(Object.keys(door)).not.toEqual(expect.arrayContaining(['createOpener']))
    expect(Object.keys(door)).not.toEqual(expect.arrayContaining(['generateSealingKey']))
    for (const file of ['sealing.ts', 'index.ts']) {
      const source = readFileSync(new URL(file, import.meta.url), 'utf8')
      expect(source).not.toMatch(/unsealing\.ts|createDecipheriv|deserializePrivateKey|\.open\(/)
    }
  })
})
