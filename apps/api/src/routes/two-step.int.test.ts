import { randomBytes } from 'node:crypto'
import type { ActivityView, InboxMail } from '@matic/contracts'
import { createRandom, createSecret } from '@matic/platform'
import { forgetTwoStep } from '@matic/prisma/forget-two-step'
import { checkTotpKey, createCodeBook } from '@matic/services/auth/index'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN, dataOf, startApi, TRADER, type TestApi } from '../../test/start-api.ts'

let api: TestApi
let token: string
beforeAll(async () => {
  api = await startApi()
  token = (await api.signIn()).accessToken
  await api.db.query('INSERT INTO sealing_key (id, public_key, wrapped_private_key) VALUES (gen_random_uuid(), $1, $2)', [
    randomBytes(32),
    Buffer.alloc(60),
  ])
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const post = (path: string, json: unknown, as = token) => api.request('POST', path, { json, token: as })

/** @returns the recovery codes */
async function switchOn(on: TestApi, as: string): Promise<string[]> {
  const enrolled = await on.request('POST', '/api/auth/totp/enrol', { json: {}, token: as })
  const { secret } = dataOf<{ secret: string }>(enrolled.body)
  const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate()
  const confirmed = await on.request('POST', '/api/auth/totp/confirm', { json: { code }, token: as })
  return dataOf<{ recoveryCodes: string[] }>(confirmed.body).recoveryCodes
}
const activity = async () => {
  const lines = dataOf<ActivityView[]>((await api.request('GET', '/api/activity?limit=50', { token })).body)
  return lines.map(({ code }) => code)
}
const mails = async () => {
  const inbox = dataOf<InboxMail[]>((await api.request('GET', `/api/dev/inbox?to=${TRADER.email}`)).body)
  return inbox.map(({ subject }) => subject)
}

describe('two-step sign-in', () => {
  const key = (environment: string, apiKey: string) => ({ exchange: 'BINANCE', environment, apiKey, secretKey: 'a-secret-of-this-key' })
  let recoveryCodes: string[] = []

  it('is needed for a live key, and for none of play money', async () => {
    expect(await post('/api/exchange/api-keys', key('LIVE', 'a-live-api-key'))).toMatchObject({
      status: 403,
      body: { error: { code: 'TWO_STEP_NEEDED' } },
    })
    expect(await api.db.query(`SELECT 1 FROM account WHERE environment = 'LIVE'`)).toEqual([])
    expect((await post('/api/exchange/api-keys', key('DEMO', 'a-demo-api-key'))).status).toBe(202)
    recoveryCodes = await switchOn(api, token)
    expect((await post('/api/exchange/api-keys', key('LIVE', 'a-live-api-key'))).status).toBe(202)
  })

  it('stays on while a live account is connected', async () => {
    const refused = await post('/api/auth/totp/disable', { code: recoveryCodes[0] })
    expect(refused).toMatchObject({ status: 403, body: { error: { code: 'TWO_STEP_NEEDED' } } })
    await api.db.query(`UPDATE account SET deleted_at = now() WHERE environment = 'LIVE'`)
    // Nothing of it was used up.
    expect((await post('/api/auth/totp/disable', { code: recoveryCodes[0] })).status).toBe(200)
  })

  it('tells its owner what became of it, in the log and by mail', async () => {
    expect(await activity()).toEqual(expect.arrayContaining(['TWO_STEP_ON', 'RECOVERY_CODE_USED', 'TWO_STEP_OFF', 'ACCOUNT_ADDED']))
    expect(await mails()).toEqual(
      expect.arrayContaining(['Two-step sign-in was switched on', 'Two-step sign-in was switched off', 'An exchange key was added']),
    )
  })

  it('does not hang on the secrets of tokens; another TOTP_KEY is said at start and at sign-in', async () => {
    await switchOn(api, token)
    expect(await checkTotpKey({ ctx: api.ctx })).toBe(true)
    const said: unknown[] = []
    const codes = createCodeBook({ key: createSecret<Uint8Array>(randomBytes(32)), random: createRandom() })
    const log = { ...api.ctx.log, error: (_fields: object, text: string) => void said.push(text) }
    expect(await checkTotpKey({ ctx: { db: api.ctx.db, codes, log } })).toBe(false)
    expect(said).toEqual([expect.stringMatching(/TOTP_KEY is not the one/)])

    const [row] = await api.db.query<{ sealed: Buffer }>('SELECT sealed FROM totp')
    await api.db.query('UPDATE totp SET sealed = $1', [codes.seal(api.userId, 'JBSWY3DPEHPK3PXP')])
    const refused = await api.request('POST', '/api/auth/login', { json: { ...TRADER, code: '123456' } })
    expect(refused).toMatchObject({ status: 500, body: { message: expect.stringMatching(/another TOTP_KEY/) } })
    await api.db.query('UPDATE totp SET sealed = $1', [row?.sealed])
  })

  it('of somebody who lost everything is forgotten by whoever runs the server', async () => {
    await forgetTwoStep({ databaseUrl: api.databaseUrl, email: TRADER.email.toUpperCase() })
    expect((await api.request('POST', '/api/auth/login', { json: TRADER })).status).toBe(200)
    await expect(forgetTwoStep({ databaseUrl: api.databaseUrl, email: TRADER.email })).rejects.toThrow(/has no two-step/)
    await expect(forgetTwoStep({ databaseUrl: api.databaseUrl, email: 'nobody@matic.test' })).rejects.toThrow(/has no account/)
  })
})

describe('what happens to a sign-in', () => {
  it('is told: another device, a session from two places, a link', async () => {
    const json = TRADER
    const headers = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0) Firefox/150.0' }
    const elsewhere = await api.request('POST', '/api/auth/login', { json, headers })
    const { refreshToken } = dataOf<{ refreshToken: string }>(elsewhere.body)
    await api.request('POST', '/api/auth/refresh', { json: { refreshToken } })
    await api.db.query(`UPDATE session SET rotated_at = rotated_at - interval '1 minute' WHERE rotated_at IS NOT NULL`)
    expect((await api.request('POST', '/api/auth/refresh', { json: { refreshToken } })).status).toBe(401)

    expect(await activity()).toEqual(expect.arrayContaining(['SIGNED_IN_NEW_DEVICE', 'SESSION_STOLEN']))
    expect(await mails()).toEqual(
      expect.arrayContaining(['Somebody signed in from a new device', 'A session of yours was used from two places']),
    )
  })

  it('and a webhook address that replaces one are told by mail; the first address is no news', async () => {
    await post('/api/bot/webhook/rotate', {})
    expect(await mails()).not.toContain('Your webhook got a new address')
    await post('/api/bot/webhook/rotate', {})
    expect(await mails()).toContain('Your webhook got a new address')
  })
})

describe('administrators', () => {
  const engage = (on: TestApi, as: string) => on.request('POST', '/api/admin/kill-switch', { json: { engaged: false }, token: as })

  it('get in with the development login and a reminder outside production', async () => {
    const { accessToken } = await api.signIn(ADMIN)
    expect((await engage(api, accessToken)).status).toBe(200)
  })

  it('keep their own account in production, and open what is for administrators by two-step sign-in', async () => {
    await using production = await startApi({ env: { NODE_ENV: 'production', TIMINGS_SCALE: '1' } })
    const { accessToken } = await production.signIn(ADMIN)
    expect(await engage(production, accessToken)).toMatchObject({ status: 403, body: { error: { code: 'TWO_STEP_NEEDED' } } })
    expect((await production.request('GET', '/api/auth/profile', { token: accessToken })).status).toBe(200)
    const [code] = await switchOn(production, accessToken)
    await expect.poll(async () => (await engage(production, accessToken)).status).toBe(200)
    const off = await production.request('POST', '/api/auth/totp/disable', { json: { code }, token: accessToken })
    expect(off).toMatchObject({ status: 403, body: { error: { code: 'TWO_STEP_NEEDED' } } })
  })
})
