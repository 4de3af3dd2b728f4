import type { BalanceView, Kline, OrderView, PositionView, SignalTrace, SignalView } from '@matic/contracts'
import { seed } from '@matic/prisma/seed'
import { startStack, type Stack } from '@matic/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ADMIN, TRADER } from '../../test/start-api.ts'

interface Answer<Data> {
  readonly status: number
  readonly data: Data
  readonly code: string | undefined
  readonly message: string | undefined
}

interface Placed {
  signalId: string
  decision: string | null
  orders: OrderView[]
}

let stack: Stack
let token: string

beforeAll(async () => {
  stack = await startStack({
    timingsScale: 1,
    prepare: async ({ databaseUrl }) =>
      void (await seed({ databaseUrl, webhookToken: 'a-webhook-token-of-this-test-0123456789', passwordCost: 4 })),
  })
  token = await signIn(TRADER)
  await vi.waitUntil(isOpened, { timeout: 60_000, interval: 250 })
})
afterAll(async () => {
  await stack?.stop()
})

/** The account is funded, and the market has a price to size by. */
async function isOpened(): Promise<boolean> {
  const [balance, ticker] = await Promise.all([
    call<BalanceView>('GET', '/api/exchange/balance'),
    call<{ markPrice: string | null }>('GET', '/api/markets/BTCUSDT/ticker'),
  ])
  return balance.status === 200 && Number(ticker.data?.markPrice) > 0
}

async function signIn(who: { email: string; password: string }): Promise<string> {
  return (await call<{ accessToken: string }>('POST', '/api/auth/login', who)).data.accessToken
}

async function call<Data>(method: string, path: string, json?: unknown, as = token): Promise<Answer<Data>> {
  const response = await fetch(`${stack.apiUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(as === undefined ? {} : { authorization: `Bearer ${as}` }) },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const body: { data: Data; message?: string; error?: { code: string } } = JSON.parse(await response.text())
  return { status: response.status, data: body.data, code: body.error?.code, message: body.message }
}

const positions = async () => (await call<PositionView[]>('GET', '/api/exchange/positions')).data
const order = (fields: object) =>
  call<Placed>('POST', '/api/exchange/order', { symbol: 'BTCUSDT', side: 'buy', quantity: '0.01', leverage: 5, ...fields })

describe('markets', () => {
  it('are listed, priced and drawn', async () => {
    const markets = (await call<{ symbol: string }[]>('GET', '/api/markets')).data
    expect(markets.map(({ symbol }) => symbol)).toContain('BTC/USDT:USDT')
    for (const name of ['BTCUSDT', 'BTCUSDT.P', encodeURIComponent('BTC/USDT:USDT')]) {
      expect((await call<{ symbol: string }>('GET', `/api/markets/${name}`)).data.symbol).toBe('BTC/USDT:USDT')
    }
    expect(Number((await call<{ markPrice: string }>('GET', '/api/markets/BTCUSDT/ticker')).data.markPrice)).toBeGreaterThan(0)
    const klines = (await call<Kline[]>('GET', '/api/markets/BTCUSDT/klines?interval=1m&limit=50')).data
    expect(klines).toHaveLength(50)
    const times = klines.map(({ time }) => time)
    expect(times).toEqual(times.map((_, index) => (times[0] ?? 0) + index * 60))
    expect(klines.every(({ low, high }) => Number(low) <= Number(high))).toBe(true)
    expect(await call('GET', '/api/markets/NOSUCHTHING/klines')).toMatchObject({ status: 404, code: 'MARKET_NOT_FOUND' })
  })
})

describe('an order by hand', () => {
  it('is filled, protected, shown and closed; every step of its way has a time', async () => {
    const placed = await order({ idempotencyKey: 'by-hand-1' })
    expect(placed, placed.message).toMatchObject({ status: 200, data: { decision: 'ORDERS' } })
    await expect
      .poll(positions)
      .toMatchObject([{ symbol: 'BTC/USDT:USDT', side: 'LONG', size: '0.01', leverage: 5, protection: 'PROTECTED' }])

    const again = await order({ idempotencyKey: 'by-hand-1' })
    expect(again.data.signalId).toBe(placed.data.signalId)
    expect(await positions()).toMatchObject([{ size: '0.01' }])

    const closed = await call<Placed>('POST', '/api/exchange/close-position', { symbol: 'BTCUSDT' })
    expect(closed, closed.message).toMatchObject({ status: 200, data: { decision: 'ORDERS' } })
    await expect.poll(positions).toEqual([])
    expect(await call('POST', '/api/exchange/close-position', { symbol: 'BTCUSDT' })).toMatchObject({
      status: 404,
      code: 'POSITION_NOT_FOUND',
    })

    const signal = (await call<SignalView>('GET', `/api/signals/${placed.data.signalId}`)).data
    expect(signal.steps.map(({ step }) => step)).toEqual(['received', 'stored', 'decided', 'sent', 'acknowledged', 'filled', 'protected'])
    const ms = signal.steps.map((step) => step.ms)
    expect(ms).toEqual(ms.toSorted((a, b) => a - b))

    const tracedRoute = async () => (await call<SignalTrace>('GET', `/api/signals/${placed.data.signalId}/trace`)).data.routes[0]
    await expect.poll(async () => (await tracedRoute())?.orders[0]?.fills).toHaveLength(1)
    const route = await tracedRoute()
    expect(route).toMatchObject({
      decision: { outcome: 'ORDERS', numbers: { price: expect.any(String) } },
      orders: [{ leg: 'open', attempts: [{ number: 1, state: 'ACKED' }], fills: [{ side: 'buy', quantity: '0.01' }] }],
    })
    expect(route?.protection.map(({ leg }) => leg)).toEqual(expect.arrayContaining(['stop', 'target']))
    const { spans = [], totalMs } = route?.timeline ?? {}
    expect(spans.map(({ point }) => point)).toEqual([
      'committed',
      'dispatched',
      'decided',
      'queued',
      'sent',
      'acknowledged',
      'filled',
      'protected',
    ])
    expect(spans.reduce((sum, span) => sum + span.ms, 0)).toBe(totalMs)
    expect(totalMs).toBe(ms.at(-1))
  })

  it('that cannot be is refused with a reason in words', async () => {
    expect(await order({ quantity: '100000' })).toMatchObject({
      status: 422,
      code: 'ORDER_REFUSED',
      message: expect.stringMatching(/\w+ \w+/),
    })
    expect(await order({ symbol: 'NOSUCHTHING' })).toMatchObject({ status: 404, code: 'MARKET_NOT_FOUND' })
    expect(await order({ type: 'limit' })).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' })
    expect(await positions()).toEqual([])
  })

  it('at a limit rests until it is cancelled, and is nobody else’s to cancel', async () => {
    const price = Math.floor(Number((await call<{ markPrice: string }>('GET', '/api/markets/BTCUSDT/ticker')).data.markPrice) * 0.9)
    const placed = await order({ type: 'limit', price: String(price) })
    expect(placed, placed.message).toMatchObject({ status: 200 })
    const working = (await call<OrderView[]>('GET', '/api/exchange/orders?state=working')).data
    expect(working).toMatchObject([{ leg: 'open', type: 'limit', state: 'ACKED', price: String(price) }])
    const path = `/api/exchange/orders/${working[0]?.id}`

    expect(await call('DELETE', path, undefined, await signIn(ADMIN))).toMatchObject({ status: 404, code: 'ORDER_NOT_FOUND' })
    expect(await call('DELETE', path)).toMatchObject({ status: 200, data: { state: 'CANCELED' } })
    expect(await call('DELETE', path)).toMatchObject({ status: 409, code: 'CONFLICT' })
  })

  it('is refused while the kill switch is on; what is open closes with it', async () => {
    expect(await order({})).toMatchObject({ status: 200 })
    await expect.poll(positions).toHaveLength(1)
    expect(await call('POST', '/api/bot/kill-switch', { engaged: true, closePositions: true })).toMatchObject({
      status: 200,
      data: { user: true, closing: [expect.any(String)] },
    })
    await expect.poll(positions).toEqual([])
    expect(await order({})).toMatchObject({ status: 422, code: 'ORDER_REFUSED', message: expect.stringMatching(/kill switch|stopped/i) })
    await call('POST', '/api/bot/kill-switch', { engaged: false })
  })

  it('is answered 202 with its signal when nobody carries it out in time, and done when somebody is back', async () => {
    await stack.kill('worker-1')
    const late = await order({})
    expect(late).toMatchObject({ status: 202, data: { signalId: expect.any(String), decision: null, orders: [] } })
    await stack.restart('worker-1')
    await expect.poll(positions).toMatchObject([{ size: '0.01' }])
    expect(await call('POST', '/api/exchange/close-position', { symbol: 'BTCUSDT' })).toMatchObject({ status: 200 })
  })
})
