import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestFolder } from '@matic/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadSecrets } from './secrets.ts'

let folder = ''

beforeEach(() => {
  folder = createTestFolder()
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('secrets are made once, long enough, and readable by their owner only', () => {
  const first = loadSecrets({ folder, env: {} })
  expect(loadSecrets({ folder, env: {} })).toEqual(first)
  expect(first.JWT_SECRET.length).toBeGreaterThanOrEqual(64)
  expect(first.JWT_REFRESH_SECRET).not.toBe(first.JWT_SECRET)
  expect(Buffer.from(first.TOTP_KEY, 'base64')).toHaveLength(32)
  expect(Buffer.from(first.ENCRYPTION_KEY, 'base64')).toHaveLength(32)
  expect(Buffer.from(first.CLIENT_ORDER_ID_KEY, 'base64')).toHaveLength(32)
  expect(Buffer.from(first.SEED_WEBHOOK_TOKEN, 'base64url')).toHaveLength(32)
  expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600)
})

test('the environment goes first and is not written down', () => {
  const chosen = loadSecrets({ folder, env: { JWT_SECRET: 'from the environment' } })
  expect(chosen.JWT_SECRET).toBe('from the environment')
  expect(readFileSync(join(folder, 'secrets.json'), 'utf8')).not.toContain('from the environment')
})

test('a new secret joins the kept ones without changing them', () => {
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify({ ENCRYPTION_KEY: 'kept' }))
  const secrets = loadSecrets({ folder, env: {} })
  expect(secrets.ENCRYPTION_KEY).toBe('kept')
  expect(loadSecrets({ folder, env: {} })).toEqual(secrets)
})

test('a file that holds no secrets is never overwritten', () => {
  writeFileSync(join(folder, 'secrets.json'), '"lost"')
  expect(() => loadSecrets({ folder, env: {} })).toThrow(/holds no secrets/)
  expect(readFileSync(join(folder, 'secrets.json'), 'utf8')).toBe('"lost"')
})
