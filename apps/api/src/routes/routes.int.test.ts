import { randomUUID } from 'node:crypto'
import { routes, type BotSettingsView, type RouteDefinition, type SignalView } from '@matic/contracts'
import { manualAlert } from '@matic/services/trading/manual-alert'
import type { NewSignal } from '@matic/services/webhook/index'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN, dataOf, startApi, type TestApi } from '../../test/start-api.ts'

let api: TestApi
let token: string
let adminToken: string
beforeAll(async () => {
  api = await startApi()
  token = (await api.signIn()).accessToken
  adminToken = (await api.signIn(ADMIN)).accessToken
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const all: RouteDefinition[] = Object.values(routes).flatMap((group): RouteDefinition[] => Object.values(group))
const guarded = all.filter(({ policy }) => policy !== 'public')
const named = (list: readonly RouteDefinition[]) => list.map((route): [string, RouteDefinition] => [`${route.method} ${route.path}`, route])
const call = (route: RouteDefinition, options: Parameters<TestApi['request']>[2]) =>
  api.request(route.method, route.path.replace(/:\w+/g, randomUUID()), {
    ...(route.method === 'GET' || route.method === 'DELETE' ? {} : { json: {} }),
    ...options,
  })

describe('every route', () => {
  it.each(named(all))('%s says who may use it', (_name, route) => {
    expect(['public', 'user', 'admin', 'super-admin']).toContain(route.policy)
  })

  it.each(named(guarded))('%s is closed to strangers', async (_name, route) => {
    expect(await call(route, {})).toMatchObject({ status: 401, body: { success: false, error: { code: 'UNAUTHENTICATED' } } })
    expect(await call(route, { headers: { authorization: `Basic ${token}` } })).toMatchObject({ status: 401 })
  })

  it.each(named(all.filter(({ policy }) => policy === 'admin' || policy === 'super-admin')))(
    '%s is closed to ordinary people',
    async (_name, route) => {
      expect(await call(route, { token })).toMatchObject({ status: 403, body: { error: { code: 'FORBIDDEN' } } })
    },
  )

  it('that is none answers in the same form', async () => {
    const { status, body, headers } = await api.request('GET', '/api/nothing-here')
    expect({ status, body }).toEqual({
      status: 404,
      body: { success: false, message: expect.any(String), error: { code: 'NOT_FOUND', requestId: headers.get('x-request-id') } },
    })
  })

  it('survives a body that is no JSON, and one that is too large', async () => {
    const headers = { 'content-type': 'application/json' }
    expect(await api.request('POST', '/api/auth/login', { body: '{"a":', headers })).toMatchObject({
      status: 400,
      body: { error: { code: 'VALIDATION_FAILED' } },
    })
    expect(await api.request('POST', '/api/auth/login', { body: JSON.stringify('x'.repeat(100_000)), headers })).toMatchObject({
      status: 400,
    })
  })
})

it('GET /health is bare, as monitors expect it', async () => {
  const { status, body } = await api.request('GET', '/health')
  expect({ status, body }).toEqual({ status: 200, body: { status: 'ok', timestamp: expect.stringMatching(/^\d{4}-.*Z$/) } })
})

describe('somebody else’s things', () => {
  it('do not exist', async () => {
    const [account] = dataOf<{ id: string }[]>((await api.request('GET', '/api/exchange/accounts', { token })).body)
    const signalId = dataOf<{ signalId: string }>((await api.request('POST', '/api/bot/test-alert', { token, json: {} })).body).signalId
    expect(account).toMatchObject({ exchange: 'PAPER', label: 'Paper' })
    expect((await api.request('GET', `/api/signals/${signalId}`, { token })).status).toBe(200)

    expect(await api.request('GET', `/api/signals/${signalId}`, { token: adminToken })).toMatchObject({ status: 404 })
    for (const path of ['balance', 'positions', 'equity', 'orders']) {
      expect(await api.request('GET', `/api/exchange/${path}?accountId=${account?.id}`, { token: adminToken })).toMatchObject({
        status: 409,
        body: { error: { code: 'NO_ACCOUNT' } },
      })
    }
    const order = { accountId: account?.id, symbol: 'BTCUSDT', side: 'buy', quantity: '1' }
    expect(await api.request('POST', '/api/exchange/order', { token: adminToken, json: order })).toMatchObject({
      status: 409,
      body: { error: { code: 'NO_ACCOUNT' } },
    })
    expect(
      await api.request('POST', '/api/exchange/close-position', { token: adminToken, json: { accountId: account?.id, symbol: 'BTCUSDT' } }),
    ).toMatchObject({ status: 409 })
  })
})

describe('the rules of the bot', () => {
  const settings = async () => dataOf<BotSettingsView>((await api.request('GET', '/api/bot/settings', { token })).body)
  const patch = (json: unknown) => api.request('PATCH', '/api/bot/settings', { token, json })

  it('change where they are named and nowhere else', async () => {
    const before = await settings()
    const after = dataOf<BotSettingsView>((await patch({ stopLossPercent: 2.5, allowedSymbols: ['BTCUSDT'] })).body)
    expect(after).toEqual({ ...before, stopLossPercent: '2.5', allowedSymbols: ['BTCUSDT'], version: before.version + 1 })
    expect(dataOf<BotSettingsView>((await patch({ stopLossPercent: null })).body).stopLossPercent).toBeNull()
  })

  it.each([
    { stopLossPercent: 0 },
    { stopLossPercent: 100 },
    { maxLeverage: 126 },
    { maxPositions: 0 },
    { userId: randomUUID() },
    { isEnabled: 'yes' },
    { trailingPercent: 0.05 },
    {
      targets: [
        { percent: 2, share: 60 },
        { percent: 4, share: 50 },
      ],
    },
    {
      targets: [
        { percent: 4, share: 50 },
        { percent: 2, share: 50 },
      ],
    },
    { sizingMode: 'fixed-quantity' },
    { breakEvenAfterTarget: 1 },
  ])('refuse %j and stay as they are', async (json) => {
    const before = await settings()
    expect(await patch(json)).toMatchObject({ status: 400, body: { error: { code: 'VALIDATION_FAILED' } } })
    expect(await settings()).toEqual(before)
  })

  it('refuse a default leverage above the maximum, whichever of the two is changed', async () => {
    expect(await patch({ maxLeverage: 5 })).toMatchObject({
      status: 400,
      body: { error: { details: { defaultLeverage: [expect.any(String)] } } },
    })
    expect((await patch({ maxLeverage: 5, defaultLeverage: 5 })).status).toBe(200)
  })

  it('show the webhook address with its token hidden; a new one is shown whole, once', async () => {
    expect((await settings()).webhookUrl).toMatch(/^https:\/\/trade\.example\.org\/api\/webhook\/[0-9a-f-]{36}\/\*{4}.{4}$/)
    const { webhookUrl } = dataOf<{ webhookUrl: string }>((await api.request('POST', '/api/bot/webhook/rotate', { token })).body)
    const secret = webhookUrl.split('/').at(-1) ?? ''
    expect(Buffer.from(secret, 'base64url').length).toBeGreaterThanOrEqual(32)
    expect((await settings()).webhookUrl?.endsWith(`/****${secret.slice(-4)}`)).toBe(true)
    expect(
      (
        await api.request('POST', new URL(webhookUrl).pathname, {
          body: JSON.stringify({ symbol: 'BTCUSDT.P', action: 'buy', comment: randomUUID() }),
        })
      ).status,
    ).toBe(200)
  })
})

describe('the kill switch', () => {
  const engage = (engaged: boolean) => api.request('POST', '/api/bot/kill-switch', { token, json: { engaged, reason: 'a test' } })
  const switches = async () => dataOf<BotSettingsView>((await api.request('GET', '/api/bot/settings', { token })).body).killSwitch

  it('of a user stops that user; of everybody everybody, and only by the main administrator', async () => {
    expect((await engage(true)).body).toMatchObject({ data: { user: true, global: false, closing: [] } })
    expect(await switches()).toEqual({ user: true, global: false })
    expect((await api.request('POST', '/api/admin/kill-switch', { token: adminToken, json: { engaged: true } })).status).toBe(200)
    expect(await switches()).toEqual({ user: true, global: true })
    expect((await api.request('POST', '/api/admin/kill-switch', { token: adminToken, json: { engaged: false } })).status).toBe(200)
    expect((await engage(false)).status).toBe(200)
    expect(await switches()).toEqual({ user: false, global: false })
  })

  it('leaves a trace of who did it and why, and tells every page', async () => {
    await engage(true)
    await engage(false)
    const audit = await api.db.query<{ action: string; after: { reason: string } }>(
      'SELECT action, after FROM audit_log WHERE actor_id = $1 ORDER BY id DESC LIMIT 2',
      [api.userId],
    )
    expect(audit).toMatchObject([{ action: 'kill-switch-released' }, { action: 'kill-switch-engaged', after: { reason: 'a test' } }])
    const facts = await api.db.query<{ kind: string }>('SELECT kind FROM fact WHERE user_id = $1 ORDER BY id DESC LIMIT 2', [api.userId])
    expect(facts.map(({ kind }) => kind)).toEqual(['kill-switch-changed', 'kill-switch-changed'])
  })
})

describe('what became of alerts', () => {
  it('lists a stored one with its steps so far, newest first, page by page', async () => {
    for (const comment of ['one', 'two', 'three']) {
      await api.ctx.ingest.submit(await manual(comment))
    }
    const { body } = await api.request('GET', '/api/signals?limit=2', { token })
    const signals = dataOf<SignalView[]>(body)
    expect(signals.map(({ alert }) => alert.comment)).toEqual(['three', 'two'])
    expect(signals[0]?.steps.map(({ step }) => step)).toEqual(['received', 'stored'])
    expect(body).toMatchObject({ meta: { page: 1, limit: 2, total: expect.any(Number) } })
  })

  it('lists a refused one with what to fix', async () => {
    const { webhookUrl } = dataOf<{ webhookUrl: string }>((await api.request('POST', '/api/bot/webhook/rotate', { token })).body)
    await api.request('POST', new URL(webhookUrl).pathname, { body: '{"action":"buy"}' })
    const [rejected] = dataOf<{ errorCode: string; message: string; rawBody: string }[]>(
      (await api.request('GET', '/api/signals/rejected', { token })).body,
    )
    expect(rejected).toMatchObject({ errorCode: 'ALERT_NO_SYMBOL', message: expect.stringMatching(/symbol/i), rawBody: '{"action":"buy"}' })
  })

  async function manual(comment: string): Promise<NewSignal> {
    const [account] = await api.db.query<{ id: string }>('SELECT id FROM account WHERE user_id = $1', [api.userId])
    return {
      id: api.ctx.newId(),
      userId: api.userId,
      source: 'MANUAL',
      sourceId: account?.id ?? '',
      receivedAtMs: api.ctx.clock.now(),
      rawBody: Buffer.from(comment),
      alert: manualAlert({
        ticker: 'BTC/USDT:USDT',
        action: 'buy',
        quantity: '1',
        idempotencyKey: comment,
        comment,
        atMs: api.ctx.clock.now(),
      }),
      requestId: null,
      deliveryId: null,
    }
  }
})
