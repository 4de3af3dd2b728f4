import { createHmac } from 'node:crypto'
import type { UserView } from '@matic/contracts'
import { PASSWORD_COST } from '@matic/services/auth/index'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN, dataOf, FRONTEND_URL, startApi, TRADER, type TestApi } from '../../test/start-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startApi()
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const profile = (token: string) => api.request('GET', '/api/auth/profile', { token })
const refresh = (refreshToken: string) => api.request('POST', '/api/auth/refresh', { json: { refreshToken } })
const refreshed = async (refreshToken: string) => dataOf<{ accessToken: string; refreshToken: string }>((await refresh(refreshToken)).body)

describe('signing in', () => {
  it('answers both tokens and hides one of them in a cookie that no script can read', async () => {
    const { status, headers, body } = await api.request('POST', '/api/auth/login', { json: TRADER })
    expect(status).toBe(200)
    const { user, refreshToken } = dataOf<{ user: UserView; refreshToken: string }>(body)
    expect(user).toMatchObject({ email: TRADER.email, role: 'USER', subscription: { plan: 'MONTHLY', status: 'ACTIVE' } })
    expect(headers.getSetCookie()[0]).toMatch(
      new RegExp(`^matic_refresh=${refreshToken}; Path=/api/auth; Expires=[^;]+; HttpOnly; SameSite=Lax$`),
    )
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('is prefixed and secure in production', async () => {
    await using production = await startApi({ env: { NODE_ENV: 'production', TIMINGS_SCALE: '1' } })
    const { headers } = await production.request('POST', '/api/auth/login', { json: TRADER })
    expect(headers.getSetCookie()[0]).toMatch(/^__Host-matic_refresh=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/)
  })

  it('keeps no token as it is', async () => {
    const { refreshToken } = await api.signIn()
    const rows = await api.db.query<{ hash: Buffer }>('SELECT token_hash AS hash FROM session')
    expect(rows.length).toBeGreaterThan(0)
    expect(rows.some(({ hash }) => hash.toString('utf8').includes(refreshToken) || hash.toString('base64url') === refreshToken)).toBe(false)
  })

  it('says the same to a wrong password, to nobody, and to more bytes than bcrypt reads', async () => {
    const attempts = [
      { email: TRADER.email, password: 'wrong password' },
      { email: 'nobody@matic.test', password: 'wrong password' },
      { email: TRADER.email, password: `${TRADER.password}${'x'.repeat(80)}` },
    ]
    const answers = []
    for (const json of attempts) answers.push(await api.request('POST', '/api/auth/login', { json }))
    expect(new Set(answers.map(({ status, body }) => JSON.stringify({ status, message: body.message, code: body.error?.code }))).size).toBe(
      1,
    )
    expect(answers[0]).toMatchObject({ status: 401, body: { error: { code: 'LOGIN_FAILED' } } })
  })

  it('takes as long for nobody as for somebody', async () => {
    await using real = await startApi({ passwordCost: PASSWORD_COST })
    const took = async (email: string) => {
      const startedMs = performance.now()
      await real.request('POST', '/api/auth/login', { json: { email, password: 'wrong password' } })
      return performance.now() - startedMs
    }
    let [nobody, somebody] = [Infinity, Infinity]
    // One beside the other, so that a machine that is busy for a while makes both slow.
    for (let round = 1; round <= 3; round += 1) {
      nobody = Math.min(nobody, await took(`nobody-${round}@matic.test`))
      somebody = Math.min(somebody, await took(ADMIN.email))
    }
    expect(nobody).toBeGreaterThan(somebody / 3)
  })

  it('slows down who guesses, and nobody else', async () => {
    const guess = (email: string) => api.request('POST', '/api/auth/login', { json: { email, password: 'a guess' } })
    const statuses = []
    for (let attempt = 0; attempt < 11; attempt += 1) statuses.push((await guess('victim@matic.test')).status)
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429])
    expect((await guess('victim@matic.test')).headers.get('retry-after')).toMatch(/^\d+$/)
    expect((await api.request('POST', '/api/auth/login', { json: TRADER })).status).toBe(200)
  })

  it.each([
    [{ email: { $ne: null }, password: 'x' }],
    [{ email: TRADER.email, password: ['x'] }],
    [{ email: `${TRADER.email}\u0000`, password: 'x' }],
    [[]],
    ['text'],
    [null],
  ])('refuses what is no login: %j', async (json) => {
    expect(await api.request('POST', '/api/auth/login', { json })).toMatchObject({
      status: 400,
      body: { error: { code: 'VALIDATION_FAILED' } },
    })
  })
})

describe('an access token', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const sign = (header: object, payload: object, secret: string, hash = 'sha256') => {
    const text = `${encode(header)}.${encode(payload)}`
    return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`
  }
  const header = { alg: 'HS256', typ: 'JWT' }
  let good: Record<string, unknown>

  beforeAll(async () => {
    const { accessToken } = await api.signIn()
    good = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString('utf8'))
  })

  it('opens what is its user’s, and says no more than it must', async () => {
    expect(await profile(sign(header, good, api.jwtSecret))).toMatchObject({ status: 200 })
    expect(Object.keys(good).toSorted()).toEqual(['aud', 'exp', 'iat', 'iss', 'sid', 'sub', 'typ', 'ver'])
    expect(Number(good['exp']) - Number(good['iat'])).toBe(15 * 60)
  })

  it.each<[string, () => string]>([
    ['signed with another secret', () => sign(header, good, 'another secret')],
    ['not signed at all', () => `${encode({ alg: 'none' })}.${encode(good)}.`],
    ['signed another way', () => sign({ alg: 'HS512' }, good, api.jwtSecret, 'sha512')],
    ['of another issuer', () => sign(header, { ...good, iss: 'somebody' }, api.jwtSecret)],
    ['for another audience', () => sign(header, { ...good, aud: 'somebody' }, api.jwtSecret)],
    ['of another type', () => sign(header, { ...good, typ: 'refresh' }, api.jwtSecret)],
    ['without an end', () => sign(header, { ...good, exp: undefined }, api.jwtSecret)],
    ['from before all sessions were ended', () => sign(header, { ...good, ver: 0 }, api.jwtSecret)],
    ['of somebody who is no user', () => sign(header, { ...good, sub: '018f0000-0000-7000-8000-000000000000' }, api.jwtSecret)],
    ['of no form at all', () => 'x.y.z'],
  ])('%s opens nothing', async (_what, forged) => {
    expect(await profile(forged())).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHENTICATED' } } })
  })

  it('that is over says so', async () => {
    expect(await profile(sign(header, { ...good, exp: Math.floor(Date.now() / 1000) - 1 }, api.jwtSecret))).toMatchObject({
      status: 401,
      body: { error: { code: 'TOKEN_EXPIRED' } },
    })
  })
})

describe('a refresh token', () => {
  it('is replaced by its use', async () => {
    const first = await api.signIn()
    const second = await refreshed(first.refreshToken)
    expect(second.refreshToken).not.toBe(first.refreshToken)
    expect((await refreshed(second.refreshToken)).refreshToken).not.toBe(second.refreshToken)
  })

  it('brought by two tabs at the same moment gives both the same successor', async () => {
    const { refreshToken } = await api.signIn()
    const [one, other] = await Promise.all([refreshed(refreshToken), refreshed(refreshToken)])
    expect(one.refreshToken).toBe(other.refreshToken)
    expect((await refresh(one.refreshToken)).status).toBe(200)
  })

  it('used again later is taken for stolen: the thief and the owner are both out', async () => {
    const { refreshToken } = await api.signIn()
    const owner = await refreshed(refreshToken)
    await api.db.query(`UPDATE session SET rotated_at = rotated_at - interval '11 seconds' WHERE rotated_at IS NOT NULL`)
    expect(await refresh(refreshToken)).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHENTICATED' } } })
    expect(await refresh(owner.refreshToken)).toMatchObject({ status: 401 })
    await expect.poll(async () => (await profile(owner.accessToken)).status, { timeout: 4_000 }).toBe(401)
  })

  it('that nobody gave out, or that is over, is refused', async () => {
    expect((await refresh('x'.repeat(43))).status).toBe(401)
    const { refreshToken } = await api.signIn()
    await api.db.query('UPDATE session SET expires_at = now() WHERE token_hash = $1', [api.ctx.tokens.hashRefresh(refreshToken)])
    expect((await refresh(refreshToken)).status).toBe(401)
  })

  it('from the cookie works for our own page, and for no other', async () => {
    const { cookie } = await api.signIn()
    const from = (headers: Record<string, string>) => api.request('POST', '/api/auth/refresh', { headers: { cookie, ...headers } })
    expect((await from({ origin: 'https://evil.example' })).status).toBe(403)
    expect((await from({ origin: 'null' })).status).toBe(403)
    expect((await from({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await from({ origin: FRONTEND_URL })).status).toBe(200)
  })
})

describe('signing out', () => {
  it('ends the refresh token and the access token, and clears the cookie', async () => {
    const { accessToken, refreshToken, cookie } = await api.signIn()
    const other = await api.signIn()
    const { status, headers } = await api.request('POST', '/api/auth/logout', { headers: { cookie, origin: FRONTEND_URL } })
    expect(status).toBe(200)
    expect(headers.getSetCookie()[0]).toMatch(/^matic_refresh=;/)
    expect((await refresh(refreshToken)).status).toBe(401)
    await expect.poll(async () => (await profile(accessToken)).status, { timeout: 4_000 }).toBe(401)
    expect((await profile(other.accessToken)).status).toBe(200)
  })
})
