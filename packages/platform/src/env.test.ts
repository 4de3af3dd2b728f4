import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { envFields } from './env-schemas.ts'
import { EnvError, readApiEnv, refuseKeysOfWorkers, readVenueEnv, readWebEnv, readWorkerEnv } from './env.ts'
import type { EnvSource } from './env.ts'

const key = Buffer.alloc(32, 1).toString('base64')
const otherKey = Buffer.alloc(32, 2).toString('base64')

const apiEnv: EnvSource = {
  DATABASE_URL: 'postgresql://matic:hidden-password@localhost:5432/matic',
  JWT_SECRET: 'a'.repeat(64),
  JWT_REFRESH_SECRET: 'b'.repeat(64),
  TOTP_KEY: Buffer.alloc(32, 9).toString('base64'),
}
const workerEnv: EnvSource = {
  DATABASE_URL: 'postgresql://matic:hidden-password@localhost:5432/matic',
  ENCRYPTION_KEY: key,
  CLIENT_ORDER_ID_KEY: otherKey,
  VENUE_ADMIN_TOKEN: 'admin-token-of-the-venue',
}

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read()
  } catch (error) {
    if (error instanceof EnvError) return error.problems
    throw error
  }
  return []
}

describe('environment', () => {
  it('fills in every standard value', () => {
    expect(readApiEnv(apiEnv).config).toEqual({
      nodeEnv: 'development',
      logLevel: 'info',
      dataDir: '.data',
      egressIps: [],
      timingsScale: 1,
      port: 3001,
      frontendUrl: 'http://localhost:3000',
      trustProxyHops: 0,
      webhookOpensPerSecond: 10,
      requireAdminApproval: false,
      requestsPerMinute: 600,
      hasDevInbox: true,
      accessTokenTtlMs: 15 * 60_000,
      refreshTokenTtlMs: 7 * 24 * 3_600_000,
    })
    expect(readWorkerEnv(workerEnv).config.venueUrl).toBe('http://127.0.0.1:3002')
    expect(readWebEnv({}).config).toMatchObject({ port: 3000, apiUrl: 'http://127.0.0.1:3001' })
    expect(readVenueEnv({ VENUE_ADMIN_TOKEN: 'admin-token-of-the-venue' }).config).toMatchObject({ port: 3002, seed: 1 })
  })

  it('takes an empty text for a missing one', () => {
    expect(readApiEnv({ ...apiEnv, PORT: '', LOG_LEVEL: '  ', REDIS_URL: '' }).config.port).toBe(3001)
    expect(problemsOf(() => readApiEnv({ ...apiEnv, DATABASE_URL: '' }))).toHaveLength(1)
  })

  it('names every problem at once and says what to do', () => {
    const problems = problemsOf(() =>
      readApiEnv({ JWT_SECRET: 'short', JWT_REFRESH_SECRET: 'short', PORT: '70000', REDIS_URL: 'redis://a', REDIS_HOST: 'b' }),
    )
    expect(problems.join('\n')).toMatch(/DATABASE_URL is missing\. .*postgresql:\/\//)
    expect(problems.join('\n')).toMatch(/JWT_SECRET must have at least 64 characters\. Make one with/)
    expect(problems.join('\n')).toMatch(/PORT must be a port/)
    expect(problems.join('\n')).toMatch(/REDIS_URL and REDIS_HOST are both set/)
    expect(problems.join('\n')).toMatch(/JWT_SECRET and JWT_REFRESH_SECRET are the same/)
    expect(problems.join('\n')).toMatch(/TOTP_KEY is missing/)
    expect(problems).toHaveLength(7)
  })

  it.each([
    ['too short', Buffer.alloc(31).toString('base64')],
    ['too long', Buffer.alloc(33).toString('base64')],
    ['32 characters instead of 32 bytes', 'x'.repeat(32)],
    ['not base64', '!'.repeat(44)],
  ])('refuses an ENCRYPTION_KEY that is %s', (_why, value) => {
    expect(problemsOf(() => readWorkerEnv({ ...workerEnv, ENCRYPTION_KEY: value }))[0]).toMatch(/base64 of exactly 32 bytes/)
  })

  it.each([
    [{ SABOTAGE: 'no-sweep' }, /SABOTAGE plants bugs/],
    [{ SABOTAGE: 'anything', NODE_ENV: 'test' }, /SABOTAGE must be one of/],
    [{ CLIENT_ORDER_ID_KEY: key }, /are the same/],
    [{ TIMINGS_SCALE: '0.2', NODE_ENV: 'production' }, /TIMINGS_SCALE must be 1/],
    [{ REDIS_PASSWORD: 'x' }, /without REDIS_HOST/],
    [{ DEBUG: 'true', NODE_ENV: 'production' }, /DEBUG=true is refused/],
    [{ DEBUG: 'true', LOG_LEVEL: 'error' }, /disagree/],
    [{ REDIS_URL: 'localhost:6379' }, /must look like redis:/],
    [{ EXCHANGE_REQUESTS: 'BINANCE=600' }, /must look like BINANCE=600\/5s/],
  ])('refuses %o', (extra, words) => {
    expect(problemsOf(() => readWorkerEnv({ ...workerEnv, ...extra })).join('\n')).toMatch(words)
  })

  it.each(['ENCRYPTION_KEY', 'CLIENT_ORDER_ID_KEY'])('refuses %s in the api, which is there to seal and not to open', (name) => {
    const given = { ...apiEnv, NODE_ENV: 'production', [name]: key }
    expect(problemsOf(() => refuseKeysOfWorkers(given))).toEqual([expect.stringContaining(`${name} is for workers alone`)])
    expect(() => refuseKeysOfWorkers({ ...given, [name]: '' })).not.toThrow()
  })

  it('reads what an address may ask of each exchange', () => {
    const { requestLimits } = readWorkerEnv({ ...workerEnv, EXCHANGE_REQUESTS: 'BINANCE=600/5s PAPER=30/500ms' }).config
    expect([...requestLimits]).toEqual([
      ['BINANCE', { requests: 600, windowMs: 5_000 }],
      ['PAPER', { requests: 30, windowMs: 500 }],
    ])
  })

  it('allows a sabotage in tests', () => {
    expect(readWorkerEnv({ ...workerEnv, NODE_ENV: 'test', SABOTAGE: 'no-sweep' }).config.sabotage).toBe('no-sweep')
  })

  it('refuses a refresh token that ends before the access token', () => {
    expect(problemsOf(() => readApiEnv({ ...apiEnv, JWT_REFRESH_EXPIRES_IN: '5m' }))[0]).toMatch(/longer than/)
  })

  it('composes the Redis address from host, port and password', () => {
    const { secrets } = readApiEnv({ ...apiEnv, REDIS_HOST: 'cache', REDIS_PASSWORD: 'p@ss/word' })
    expect(secrets.redisUrl?.reveal()).toBe('redis://:p%40ss%2Fword@cache:6379')
    expect(readApiEnv(apiEnv).secrets.redisUrl).toBeUndefined()
  })

  it('shows no secret in text, JSON or inspection', () => {
    const read = readWorkerEnv({ ...workerEnv, REDIS_URL: 'redis://:redis-password@h:1' })
    const shown = `${JSON.stringify(read)} ${inspect(read, { depth: 9, showHidden: true })} ${String(read.secrets.databaseUrl)}`
    for (const hidden of ['hidden-password', 'redis-password', 'admin-token-of-the-venue', key, otherKey]) {
      expect(shown).not.toContain(hidden)
    }
    expect(read.secrets.encryptionKey.reveal()).toHaveLength(32)
  })

  it('is described in .env.example name by name', () => {
    const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8')
    const [ofProcesses = ''] = example.split('# --- docker compose alone')
    const listed = [...ofProcesses.matchAll(/^#? ?([A-Z][A-Z_]+)=/gm)].map((match) => match[1])
    expect([...listed].sort()).toEqual(
      envFields()
        .map((field) => field.name)
        .sort(),
    )
    for (const field of envFields()) expect(example).toContain(`# ${field.description}`)
  })
})
