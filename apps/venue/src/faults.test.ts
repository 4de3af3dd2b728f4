import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestVenue, type TestVenue } from './testing/start-test-venue.ts'
import type { Fields, Key, WireAnswer } from './testing/wire-client.ts'

let venue: TestVenue
let key: Key

beforeEach(async () => {
  venue = await startTestVenue()
  key = await venue.client.open('trader')
})
afterEach(async () => venue[Symbol.asyncDispose]())

const order = (clientOrderId: string, more: Fields = {}): Promise<WireAnswer> =>
  venue.client.call(key, 'POST', '/fapi/v1/order', {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'MARKET',
    quantity: '0.01',
    newClientOrderId: clientOrderId,
    newOrderRespType: 'RESULT',
    ...more,
  })
const lookup = (clientOrderId: string): Promise<WireAnswer> =>
  venue.client.call(key, 'GET', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: clientOrderId })
const arm = async (...rules: Record<string, unknown>[]): Promise<void> => {
  const answer = await venue.client.admin('PUT', '/venue/faults', {
    seed: 1,
    rules: rules.map((rule, index) => ({ name: `rule-${index}`, ...rule })),
  })
  expect(answer.status).toBe(200)
}
const onOrders = { method: 'POST', path: '/fapi/v1/order' }

describe('faults', () => {
  it('drop before: nothing was accepted', async () => {
    await arm({ ...onOrders, action: { kind: 'drop-before' } })
    await expect(order('dropped')).rejects.toThrow()
    expect(await lookup('dropped')).toMatchObject({ body: { code: -2013 } })
  })

  it('accept then drop: accepted, but nobody was told', async () => {
    await arm({ ...onOrders, action: { kind: 'accept-then-drop' } })
    await expect(order('silent')).rejects.toThrow()
    expect(await lookup('silent')).toMatchObject({ body: { status: 'FILLED' } })
  })

  it('late accept: not there, and then it is', async () => {
    await arm({ ...onOrders, times: 1, action: { kind: 'late-accept', delayMs: 1_500 } })
    await expect(order('late')).rejects.toThrow()
    expect(await lookup('late')).toMatchObject({ body: { code: -2013 } })
    await expect.poll(async () => (await lookup('late')).body).toMatchObject({ status: 'FILLED' })
  })

  it('late accept after the request has expired: refused', async () => {
    await arm({ ...onOrders, times: 1, action: { kind: 'late-accept', delayMs: 1_000 } })
    await expect(order('expired', { recvWindow: 2_000 })).rejects.toThrow()
    venue.wait(2_500)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect(await lookup('expired')).toMatchObject({ body: { code: -2013 } })
  })

  it('delay: of the answer after it is accepted, of the request before', async () => {
    await arm({ ...onOrders, action: { kind: 'delay', minMs: 150, maxMs: 150 } })
    const slow = order('slow')
    await expect.poll(async () => (await lookup('slow')).body).toMatchObject({ status: 'FILLED' })
    expect((await slow).status).toBe(200)

    await arm({ ...onOrders, action: { kind: 'delay', minMs: 200, maxMs: 200, when: 'request' } })
    expect(await order('stale', { recvWindow: 100 })).toMatchObject({ body: { code: -1021 } })
  })

  it('status: limits, bans, overload and rubbish, nothing accepted', async () => {
    await arm({ ...onOrders, action: { kind: 'status', status: 429, code: -1003, msg: 'Too many requests.', retryAfter: 7 } })
    expect(await order('limited')).toMatchObject({ status: 429, body: { code: -1003 } })
    await arm({ ...onOrders, action: { kind: 'status', status: 502 } })
    const rubbish = await order('limited')
    expect([rubbish.status, rubbish.text.startsWith('<html>')]).toEqual([502, true])
    expect(await lookup('limited')).toMatchObject({ body: { code: -2013 } })
  })

  it('address limit: what passes it is refused until the first of them is that old', async () => {
    await arm({ action: { kind: 'address-limit', requests: 2, windowMs: 1_500 } })
    const statuses = async () => (await Promise.all([1, 2, 3].map(() => venue.client.get('/fapi/v1/time')))).map(({ status }) => status)
    expect((await statuses()).toSorted()).toEqual([200, 200, 429])
    await new Promise((resolve) => setTimeout(resolve, 1_600))
    expect((await statuses()).toSorted()).toEqual([200, 200, 429])
  })

  it('skewed clock: what is signed on time is too old', async () => {
    await arm({ action: { kind: 'skew-clock', ms: 8_000 } })
    expect(await order('skewed')).toMatchObject({ body: { code: -1021 } })
    const askedMs = Date.now()
    const { serverTime } = (await venue.client.get('/fapi/v1/time')).body as { serverTime: number }
    expect(serverTime - 8_000).toBeGreaterThanOrEqual(askedMs)
    expect(serverTime - 8_000).toBeLessThanOrEqual(Date.now())
  })

  it('lagging lookups: accepted, executed, and not found for a while', async () => {
    await arm({ action: { kind: 'lagging-lookups', ms: 3_000 } })
    expect((await order('lagging')).status).toBe(200)
    expect(await lookup('lagging')).toMatchObject({ body: { code: -2013 } })
    venue.wait(3_000)
    expect(await lookup('lagging')).toMatchObject({ body: { status: 'FILLED' } })
  })

  it('partial fills: the rest comes later', async () => {
    await arm({ ...onOrders, action: { kind: 'partial-fills', parts: 4, spacingMs: 10_000 } })
    expect(await order('parts', { quantity: '0.04' })).toMatchObject({ body: { status: 'PARTIALLY_FILLED', executedQty: '0.010' } })
    venue.wait(21_000)
    await expect.poll(async () => (await lookup('parts')).body).toMatchObject({ status: 'PARTIALLY_FILLED', executedQty: '0.030' })
    venue.wait(10_000)
    await expect.poll(async () => (await lookup('parts')).body).toMatchObject({ status: 'FILLED', executedQty: '0.040' })
  })

  it('revoked key: refused while the rule stands', async () => {
    await arm({ ref: 'trader', action: { kind: 'revoked-key' } })
    expect(await order('revoked')).toMatchObject({ status: 401, body: { code: -2015 } })
    await arm()
    expect((await order('revoked')).status).toBe(200)
  })

  it('hit whom they name, as often as they say, and count', async () => {
    const other = await venue.client.open('other')
    await arm({ ...onOrders, ref: 'other', symbol: 'BTCUSDT', times: 1, action: { kind: 'status', status: 503, code: -1000, msg: 'x' } })
    expect((await order('mine')).status).toBe(200)
    const send = () =>
      venue.client.call(other, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' })
    expect([(await send()).status, (await send()).status]).toEqual([503, 200])
    expect((await venue.client.admin('GET', '/venue/faults')).body).toEqual({ rules: [{ name: 'rule-0', matched: 2, hits: 1 }] })
  })

  it('come in the same order for the same seed', async () => {
    const draw = async (): Promise<number[]> => {
      await arm({ path: '/fapi/v1/ping', probability: 0.5, action: { kind: 'status', status: 503, code: -1000, msg: 'x' } })
      const statuses: number[] = []
      for (let index = 0; index < 20; index += 1) statuses.push((await venue.client.get('/fapi/v1/ping')).status)
      return statuses
    }
    const first = await draw()
    expect(await draw()).toEqual(first)
    expect(new Set(first).size).toBe(2)
  })

  it('a rule that makes no sense is refused', async () => {
    expect((await venue.client.admin('PUT', '/venue/faults', { rules: [{ name: 'x', action: { kind: 'explode' } }] })).status).toBe(400)
    expect(
      (await venue.client.admin('PUT', '/venue/faults', { rules: [{ name: 'x', path: '(', action: { kind: 'drop-before' } }] })).status,
    ).toBe(400)
  })
})
