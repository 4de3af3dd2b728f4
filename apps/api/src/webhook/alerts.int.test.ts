import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApi, type TestApi } from '../../test/start-api.ts'

let api: TestApi
let secret = ''
let accessToken = ''
let accountId = ''
beforeAll(async () => {
  api = await startApi({ env: { WEBHOOK_OPENS_PER_SECOND: '100000' } })
  secret = api.webhookPath.split('/').at(-1) ?? ''
  accessToken = (await api.signIn()).accessToken
  const [account] = await api.db.query<{ id: string }>('SELECT id FROM account WHERE user_id = $1', [api.userId])
  accountId = account?.id ?? ''
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const one = (fields: Record<string, unknown>) => api.request('POST', '/api/webhook/tradingview', { body: JSON.stringify(fields) })
const asUser = (method: string, path: string, json?: unknown) => api.request(method, path, { token: accessToken, json })

describe('the one address', () => {
  it('answers what it accepted, and keeps the secret out of what it stores', async () => {
    const body = { secret, account_id: accountId, exchange: 'binance', action: 'LONG', symbol: 'BTCUSDT.P', leverage: 10 }
    const answer = await one(body)
    expect(answer).toMatchObject({
      status: 200,
      body: {
        success: true,
        message: expect.stringContaining('Accepted'),
        order_details: {
          exchange: 'PAPER',
          action: 'LONG',
          symbol: 'BTCUSDT.P',
          results: { entry: { status: 'accepted' }, leverage: '10' },
        },
      },
    })
    const [signal] = await api.db.query<{ raw: Buffer; alert: { accountId: string; dialect: string } }>(
      'SELECT raw_body AS raw, alert FROM signal WHERE id = $1',
      [answer.body.signalId],
    )
    expect(signal?.raw.toString()).not.toContain(secret)
    expect(signal?.alert).toMatchObject({ accountId, dialect: 'one-address' })
  })

  it.each(['CLOSE_LONG', 'CLOSE_SHORT', 'CLOSE_ALL', 'SHORT'])('takes %s', async (action) => {
    expect(await one({ secret, action, symbol: 'BTCUSDT.P' })).toMatchObject({ status: 200, body: { order_details: { action } } })
  })

  it.each([{ secret: 'wrong' }, {}, { secret: '' }])('refuses %j', async (fields) => {
    expect(await one({ action: 'LONG', symbol: 'BTCUSDT.P', ...fields })).toMatchObject({
      status: 401,
      body: { success: false, message: 'Invalid webhook secret', error: { code: 'WEBHOOK_SECRET_INVALID' } },
    })
  })

  it.each(['7f9d4a9e-6f0c-4d13-9c5b-000000000000', 'not-an-id'])('refuses the account %s, which is not the owner’s', async (account_id) => {
    expect(await one({ secret, account_id, action: 'LONG', symbol: 'BTCUSDT.P' })).toMatchObject({
      status: 404,
      body: { error: { code: 'ACCOUNT_NOT_FOUND' } },
    })
  })

  it.each(['/webhook/health', '/api/webhook/health'])('is well at %s', async (path) => {
    expect(await api.request('GET', path)).toMatchObject({ status: 200, body: { status: 'ok' } })
  })
})

describe('dry run and replay', () => {
  it('says how a body reads and stores nothing', async () => {
    const count = () => api.db.query<{ n: number }>('SELECT count(*)::int AS n FROM signal')
    const before = await count()
    const answer = await asUser('POST', '/api/signals/dry-run', { body: 'e=binance s=BTCUSDT.P b=long q=5%' })
    expect(answer).toMatchObject({
      status: 200,
      body: {
        data: {
          alert: { dialect: 'autoview', quantityUnit: 'percent-of-equity' },
          decisions: [{ account: { id: accountId }, intent: expect.any(String) }],
        },
      },
    })
    expect(await asUser('POST', '/api/signals/dry-run', { body: 'hello' })).toMatchObject({
      body: { data: { alert: null, problem: { code: 'ALERT_NOT_UNDERSTOOD' }, decisions: [] } },
    })
    expect(await count()).toEqual(before)
  })

  it('a stored signal becomes a new one that knows what it is', async () => {
    const sent = await api.request('POST', api.webhookPath, { body: '{"symbol":"BTCUSDT.P","action":"buy","signalId":"replay-me"}' })
    const first = await asUser('POST', `/api/signals/${sent.body.signalId ?? ''}/replay`)
    const second = await asUser('POST', `/api/signals/${sent.body.signalId ?? ''}/replay`, { accountId })
    expect([first.status, second.status]).toEqual([200, 200])
    const rows = await api.db.query<{ accountId: string | null }>(
      `SELECT alert->>'accountId' AS "accountId" FROM signal WHERE source = 'REPLAY' ORDER BY received_at, id`,
    )
    expect(rows).toEqual([{ accountId: null }, { accountId }])
  })
})

it('any body, at either address, is answered without a server error', async () => {
  const words = [
    '{"',
    '"symbol":',
    '"BTCUSDT.P"',
    '"action":',
    '"buy"',
    ',',
    '}',
    'secret',
    secret,
    '\0',
    's=BTCUSDT',
    'b=long',
    'q=5%',
    '\n',
    '(',
    '){',
    ';',
  ]
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((parts) => parts.join('')),
  )
  const bodies = fc.sample(text, { numRuns: 2_000, seed: 71 })
  const worst = new Set<number>()
  for (let at = 0; at < bodies.length; at += 50) {
    const answers = await Promise.all(
      bodies
        .slice(at, at + 50)
        .map((body, index) => api.request('POST', index % 2 === 0 ? api.webhookPath : '/api/webhook/tradingview', { body })),
    )
    for (const { status } of answers) if (status >= 500) worst.add(status)
  }
  expect([...worst]).toEqual([])
  expect(await api.request('GET', '/api/health/ready')).toMatchObject({ status: 200 })
})

describe('the webhook itself', () => {
  it('is seen after a test alert', async () => {
    await using own = await startApi()
    const { accessToken: token } = await own.signIn()
    await own.request('POST', '/api/bot/test-alert', { token, json: {} })
    const read = () => own.request('GET', '/api/bot/webhook', { token })
    expect((await read()).body.data).toMatchObject({ lastSeenAt: expect.any(String), triggersMax: 15, previous: null })
  })

  it('takes both tokens while it is rotated, until the old one is revoked', async () => {
    await using own = await startApi()
    const { accessToken: token } = await own.signIn()
    const knock = async (path: string) =>
      (await own.request('POST', path, { body: JSON.stringify({ action: 'close', symbol: 'BTCUSDT.P', note: `${performance.now()}` }) }))
        .status
    const rotated = await own.request('POST', '/api/bot/webhook/rotate', { token, json: { overlapHours: 24 } })
    const fresh = new URL(JSON.parse(rotated.text).data.webhookUrl).pathname
    await expect.poll(() => knock(fresh)).toBe(200)
    expect(await knock(own.webhookPath)).toBe(200)
    await expect
      .poll(async () => (await own.request('GET', '/api/bot/webhook', { token })).body.data)
      .toMatchObject({ previous: { tail: own.webhookPath.slice(-4), lastSeenAt: expect.any(String) } })
    expect((await own.request('POST', '/api/bot/webhook/revoke-previous', { token })).status).toBe(200)
    await expect.poll(() => knock(own.webhookPath)).toBe(404)
    expect(await knock(fresh)).toBe(200)
  })

  it('takes alerts from TradingView only, where its owner says so, and believes no header about it', async () => {
    await using own = await startApi()
    const { accessToken: token } = await own.signIn()
    expect((await own.request('PATCH', '/api/bot/webhook', { token, json: { onlyTradingView: true, maxAgeSeconds: 30 } })).status).toBe(200)
    const send = (headers: Record<string, string> = {}) =>
      own.request('POST', own.webhookPath, { body: `{"action":"close","symbol":"BTCUSDT.P"}`, headers })
    await expect.poll(async () => (await send()).status).toBe(403)
    expect(await send({ 'x-forwarded-for': '52.89.214.238' })).toMatchObject({ status: 403, body: { error: { code: 'WEBHOOK_ORIGIN' } } })
  })
})
