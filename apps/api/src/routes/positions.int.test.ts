import type { OrderDetails, OrderRow, OrderView, PageMeta, PositionDetails, PositionView } from '@matic/contracts'
import { seed } from '@matic/prisma/seed'
import { startStack, type Stack } from '@matic/testkit'
import { Decimal } from 'decimal.js'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ADMIN, TRADER } from '../../test/start-api.ts'

let stack: Stack
let token: string

beforeAll(async () => {
  stack = await startStack({
    timingsScale: 1,
    prepare: async ({ databaseUrl }) =>
      void (await seed({ databaseUrl, webhookToken: 'a-webhook-token-of-this-test-0123456789', passwordCost: 4 })),
  })
  token = await signIn(TRADER)
  await vi.waitUntil(async () => (await call<unknown>('GET', '/api/exchange/balance')).status === 200, { timeout: 60_000, interval: 250 })
})
afterEach(async () => {
  await call('PATCH', '/api/bot/settings', { marginMode: 'cross', sizingMode: 'alert' })
  for (const position of await positions()) await call('POST', `/api/positions/${position.id}/close`)
  await expect.poll(positions).toEqual([])
})
afterAll(async () => {
  await stack?.stop()
})

async function signIn(who: { email: string; password: string }): Promise<string> {
  return (await call<{ accessToken: string }>('POST', '/api/auth/login', who)).data.accessToken
}

async function call<Data>(method: string, path: string, json?: unknown, as = token) {
  const response = await fetch(`${stack.apiUrl}${path}`, {
    method,
    headers: {
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const body: { data: Data; meta?: PageMeta; message?: string; error?: { code: string } } = JSON.parse(await response.text())
  return { status: response.status, data: body.data, meta: body.meta, code: body.error?.code, message: body.message }
}

const positions = async () => (await call<PositionView[]>('GET', '/api/positions')).data
const details = async (id: string) => (await call<PositionDetails>('GET', `/api/positions/${id}`)).data
const working = async (kind: string) => (await call<OrderRow[]>('GET', `/api/orders?kind=${kind}`)).data
const markOf = async () => new Decimal((await call<{ markPrice: string }>('GET', '/api/markets/BTCUSDT/ticker')).data.markPrice)
const place = (fields: object) =>
  call<{ orders: OrderView[] }>('POST', '/api/orders', { symbol: 'BTCUSDT', side: 'buy', quantity: '0.02', leverage: 5, ...fields })

async function open(fields: object = {}): Promise<PositionView> {
  let placed = await place(fields)
  // The price of a market is known a moment after the start.
  for (let tries = 0; tries < 40 && placed.message?.startsWith('No current price') === true; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    placed = await place(fields)
  }
  expect(placed, placed.message).toMatchObject({ status: 200 })
  await expect.poll(positions).toMatchObject([{ protection: 'PROTECTED' }])
  const [position] = await positions()
  if (position === undefined) throw new Error('Nothing is open')
  return position
}

describe('a position', () => {
  it('closes by parts of what is there, and keeps its stop', async () => {
    const { id, stopLoss } = await open()
    expect(await call('POST', `/api/positions/${id}/close`, { fraction: '0.5' })).toMatchObject({ status: 200 })
    await expect.poll(positions).toMatchObject([{ id, size: '0.01', stopLoss, protection: 'PROTECTED' }])
    expect(await call('POST', `/api/positions/${id}/close`, { fraction: 0.25 })).toMatchObject({ status: 200 })
    await expect.poll(positions).toMatchObject([{ id, size: '0.008' }])
    expect(await call('POST', `/api/positions/${id}/close`, { fraction: '1.5' })).toMatchObject({ status: 400 })
    await expect.poll(async () => (await details(id)).trade).toMatchObject({ quantity: '0.02', exitQuantity: '0.012' })
    expect(await call('POST', `/api/positions/${id}/close`)).toMatchObject({ status: 200 })
    await expect.poll(positions).toEqual([])
    expect(await call('GET', `/api/positions/${id}`)).toMatchObject({ status: 404, code: 'POSITION_NOT_FOUND' })
  })

  it('moves its stop and target, takes them away and gets them back', async () => {
    const { id } = await open()
    const mark = await markOf()
    const [stopLoss, takeProfit] = [mark.mul('0.97').toFixed(1), mark.mul('1.2').toFixed(1)]
    const moved = await call<PositionView>('PUT', `/api/positions/${id}/tp-sl`, { stopLoss, takeProfit })
    expect(moved, moved.message).toMatchObject({
      status: 200,
      data: { protection: 'PROTECTED', stopLoss: new Decimal(stopLoss).toFixed() },
    })
    const resting = async () => (await details(id)).protectionOrders.map(({ leg, triggerPrice, quantity }) => [leg, triggerPrice, quantity])
    await expect.poll(resting).toEqual([
      ['stop', new Decimal(stopLoss).toFixed(), null],
      ['target', new Decimal(takeProfit).toFixed(), null],
    ])

    expect(await call('PUT', `/api/positions/${id}/tp-sl`, { takeProfit: null })).toMatchObject({
      status: 200,
      data: { protection: 'PROTECTED', takeProfit: null, stopLoss: new Decimal(stopLoss).toFixed() },
    })
    expect(await call('PUT', `/api/positions/${id}/tp-sl`, { stopLoss: null })).toMatchObject({
      status: 200,
      data: { protection: 'NONE', stopLoss: null },
    })
    await expect.poll(resting).toEqual([])
    expect(await call('PUT', `/api/positions/${id}/tp-sl`, { stopLoss })).toMatchObject({ status: 200, data: { protection: 'PROTECTED' } })

    const wrong = await call('PUT', `/api/positions/${id}/tp-sl`, { stopLoss: mark.mul('1.1').toFixed(1) })
    expect(wrong).toMatchObject({ status: 422, code: 'ORDER_REFUSED', message: expect.stringContaining('wrong side') })
    expect(await call('PUT', `/api/positions/${id}/tp-sl`, {})).toMatchObject({ status: 400 })
  })

  it('turns around with the size it has, however alerts are sized', async () => {
    await call('PATCH', '/api/bot/settings', { sizingMode: 'fixed-quote', fixedQuote: '5000' })
    const { id } = await open()
    expect(await positions()).toMatchObject([{ size: '0.02' }])
    const reversed = await call('POST', `/api/positions/${id}/reverse`)
    expect(reversed, reversed.message).toMatchObject({ status: 200 })
    await expect.poll(positions).toMatchObject([{ side: 'SHORT', size: '0.02', protection: 'PROTECTED' }])
  })

  it('takes margin when it is isolated, once per key, and refuses in the exchange’s words', async () => {
    await call('PATCH', '/api/bot/settings', { marginMode: 'isolated' })
    const { id } = await open()
    expect(await positions()).toMatchObject([{ marginMode: 'isolated' }])
    await expect.poll(async () => (await details(id)).margin).not.toBeNull()
    const before = new Decimal((await details(id)).margin ?? 0)
    const add = () => call<PositionView>('PUT', `/api/positions/${id}/margin`, { amount: '50', idempotencyKey: 'fifty-more-1' })
    const added = await add()
    expect(added, added.message).toMatchObject({ status: 200 })
    await add()
    const gained = new Decimal((await details(id)).margin ?? 0).sub(before)
    expect(gained.gt(40) && gained.lt(60), gained.toFixed()).toBe(true)
    expect(await call('PUT', `/api/positions/${id}/margin`, { amount: '-20' })).toMatchObject({ status: 200 })
    expect(await call('PUT', `/api/positions/${id}/margin`, { amount: '1000000' })).toMatchObject({
      status: 422,
      code: 'ORDER_REFUSED',
      message: expect.stringContaining('-4050'),
    })
  })

  it('of a cross account has no margin of its own; one of somebody else does not exist', async () => {
    const { id } = await open()
    expect(await call('PUT', `/api/positions/${id}/margin`, { amount: '5' })).toMatchObject({ status: 409, code: 'CONFLICT' })
    const admin = await signIn(ADMIN)
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['POST', '/close', {}],
      ['POST', '/reverse', {}],
      ['PUT', '/tp-sl', { stopLoss: '1' }],
      ['PUT', '/margin', { amount: '5' }],
    ] as const)
      expect(await call(method, `/api/positions/${id}${path}`, body, admin)).toMatchObject({ status: 404, code: 'POSITION_NOT_FOUND' })
    expect((await call('GET', '/api/positions', undefined, admin)).data).toEqual([])
  })
})

describe('orders', () => {
  it('at a limit change price and size, and say what they replaced', async () => {
    const price = (await markOf()).mul('0.9').toFixed(0)
    const placed = await place({ type: 'limit', price })
    const first = placed.data.orders[0]?.id ?? ''
    expect(await working('open')).toMatchObject([{ id: first, price }])
    const lower = (await markOf()).mul('0.85').toFixed(0)
    const changed = await call<OrderView>('PUT', `/api/orders/${first}`, { price: lower, quantity: '0.03' })
    expect(changed, changed.message).toMatchObject({ status: 200, data: { price: lower, quantity: '0.03', state: 'ACKED' } })
    expect((await working('open')).map(({ id }) => id)).toEqual([changed.data.id])
    expect(await call('PUT', `/api/orders/${first}`, { price })).toMatchObject({ status: 409 })
    expect(await call('DELETE', `/api/orders/${changed.data.id}`, undefined, await signIn(ADMIN))).toMatchObject({ status: 404 })
    expect(await call('DELETE', `/api/orders/${changed.data.id}`)).toMatchObject({ status: 200, data: { state: 'CANCELED' } })
    expect(await working('open')).toEqual([])
    const history = await call<OrderRow[]>('GET', '/api/orders/history?limit=2')
    expect(history.data.map(({ id }) => id)).toEqual([changed.data.id, first])
  })

  it('that wait for a price are stops and targets, and move', async () => {
    const { id } = await open()
    const conditional = await working('conditional')
    expect(conditional.map(({ leg }) => leg).toSorted()).toEqual(['stop', 'target'])
    const stop = conditional.find(({ leg }) => leg === 'stop')
    const triggerPrice = (await markOf()).mul('0.96').toFixed(0)
    const moved = await call<OrderView>('PUT', `/api/orders/${stop?.id}`, { triggerPrice })
    expect(moved, moved.message).toMatchObject({ status: 200, data: { leg: 'stop', triggerPrice } })
    expect(await positions()).toMatchObject([{ id, stopLoss: triggerPrice, protection: 'PROTECTED' }])
    const target = conditional.find(({ leg }) => leg === 'target')
    expect(await call('DELETE', `/api/orders/${target?.id}`)).toMatchObject({
      status: 200,
      data: { state: 'CANCELED', reason: 'CANCELED_REPLACED' },
    })
    expect(await positions()).toMatchObject([{ id, takeProfit: null, protection: 'PROTECTED' }])
  })

  it('show fills, fee, slippage and the requests made for them', async () => {
    const position = await open()
    const find = async () =>
      (await call<OrderRow[]>('GET', '/api/orders/history?limit=5')).data.find(
        ({ leg, symbol }) => leg === 'open' && symbol === position.symbol,
      )
    const order = await find()
    const read = async () => (await call<OrderDetails>('GET', `/api/orders/${order?.id}`)).data
    await expect.poll(async () => (await read()).fills.length).toBe(1)
    const seen = await read()
    expect(seen).toMatchObject({
      feeCurrency: 'USDT',
      attempts: [{ number: 1, state: 'ACKED' }],
      fills: [{ side: 'buy', quantity: '0.02' }],
    })
    expect(new Decimal(seen.fee ?? 0).eq(new Decimal(seen.fills[0]?.fee ?? -1))).toBe(true)
    expect(Math.abs(Number(seen.slippagePercent))).toBeLessThan(1)
  })
})
