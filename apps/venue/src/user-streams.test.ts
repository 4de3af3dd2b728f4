import ccxt from 'ccxt'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import { startTestVenue, type TestVenue } from './testing/start-test-venue.ts'
import type { Key } from './testing/wire-client.ts'

let test: TestVenue
let key: Key
beforeEach(async () => {
  test = await startTestVenue()
  key = await test.client.open('a')
  await test.client.pin('BTCUSDT', '50000')
})
afterEach(() => test[Symbol.asyncDispose]())

type Event = Record<string, unknown> & { e: string; o: Record<string, unknown>; a: { m: string; P: unknown[] } }

const listenKeyOf = async (of = key, method = 'POST') =>
  (await test.client.call(of, method, '/fapi/v1/listenKey')).body as { listenKey: string }

async function listen(path: string): Promise<{ events: Event[]; socket: WebSocket; until(count: number): Promise<Event[]> }> {
  const events: Event[] = []
  const socket = new WebSocket(test.venue.url.replace('http', 'ws') + path)
  socket.on('message', (data) => events.push(JSON.parse(String(data))))
  onTestFinished(() => socket.terminate())
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const until = async (count: number) => {
    await vi.waitFor(() => expect(events.length).toBeGreaterThanOrEqual(count), { timeout: 60_000, interval: 5 })
    return events
  }
  return { events, socket, until }
}
const own = async () => listen(`/ws/${(await listenKeyOf()).listenKey}`)
const trade = (side: string, quantity: string, more = {}) =>
  test.client.call(key, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side, type: 'MARKET', quantity, ...more })
const kinds = (events: readonly Event[]) =>
  events.map(({ e, o, a }) => (e === 'ACCOUNT_UPDATE' ? `${e} ${a.m}` : `${e} ${String(o?.['x'] ?? o?.['X'])}`))

describe('who listens with an account’s key', () => {
  it('hears of an order, its fill and the position, with the fields of the real exchange', async () => {
    const { until } = await own()
    await trade('BUY', '0.02', { newClientOrderId: 'mine' })
    const events = await until(3)
    expect(kinds(events)).toEqual(['ORDER_TRADE_UPDATE NEW', 'ACCOUNT_UPDATE ORDER', 'ORDER_TRADE_UPDATE TRADE'])
    expect(events[2]?.o).toMatchObject({
      s: 'BTCUSDT',
      c: 'mine',
      S: 'BUY',
      o: 'MARKET',
      X: 'FILLED',
      q: '0.020',
      l: '0.020',
      z: '0.020',
      ps: 'BOTH',
      m: false,
      rp: '0.00000000',
    })
    expect(Object.keys(events[2]?.o ?? {})).toEqual(
      expect.arrayContaining('s c S o f q p x X i l z L T t b a m R N n ap sp wt ot ps cp rp pP si ss V pm gtd'.split(' ')),
    )
    expect(events[2]?.o['N']).toBe('USDT')
    expect(events[1]?.a).toMatchObject({
      B: [{ a: 'USDT', bc: '0.00000000' }],
      P: [{ s: 'BTCUSDT', pa: '0.020', mt: 'cross', ps: 'BOTH', iw: '0' }],
    })
  })

  it('hears of conditional orders that come, go and trigger', async () => {
    await trade('BUY', '0.02')
    const { until } = await own()
    const stop = { algoType: 'CONDITIONAL', symbol: 'BTCUSDT', side: 'SELL', type: 'STOP_MARKET', closePosition: 'true' }
    await test.client.call(key, 'POST', '/fapi/v1/algoOrder', { ...stop, triggerPrice: '49000.0' })
    await test.client.call(key, 'DELETE', '/fapi/v1/algoOpenOrders', { symbol: 'BTCUSDT' })
    await test.client.call(key, 'POST', '/fapi/v1/algoOrder', { ...stop, triggerPrice: '49500.0' })
    await until(3)
    await test.client.pin('BTCUSDT', '49000')
    const events = await until(7)
    expect(kinds(events)).toEqual([
      'ALGO_UPDATE NEW',
      'ALGO_UPDATE CANCELED',
      'ALGO_UPDATE NEW',
      'ALGO_UPDATE FINISHED',
      'ORDER_TRADE_UPDATE NEW',
      'ACCOUNT_UPDATE ORDER',
      'ORDER_TRADE_UPDATE TRADE',
    ])
    expect(events[3]?.o).toMatchObject({ o: 'STOP_MARKET', tp: '49500.00', cp: true })
    expect(events[6]?.o).toMatchObject({ ot: 'STOP_MARKET', X: 'FILLED', i: Number(events[3]?.o['ai']) })
  })

  it('hears nothing of anybody else', async () => {
    const other = await test.client.open('b')
    const listening = await own()
    const others = await listen(`/private/ws?listenKey=${(await listenKeyOf(other)).listenKey}`)
    await trade('BUY', '0.02')
    await listening.until(3)
    await test.client.call(other, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.01' })
    expect(kinds(await others.until(3))).toEqual(kinds(listening.events))
    expect(others.events[2]?.o['S']).toBe('SELL')
  })
})

describe('a listen key', () => {
  it('is the account’s until its hour is over, which every renewal begins anew', async () => {
    const first = await listenKeyOf()
    expect(await listenKeyOf()).toEqual(first)
    const { events, until } = await listen(`/ws/${first.listenKey}`)
    test.wait(50 * 60_000)
    expect(await listenKeyOf(key, 'PUT')).toEqual(first)
    test.wait(50 * 60_000)
    await trade('BUY', '0.02')
    await until(3)
    test.wait(11 * 60_000)
    // Funding may be paid within these hours, depending on the hour of the day.
    await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ e: 'listenKeyExpired', listenKey: first.listenKey }), { timeout: 60_000 })
    const refused = await test.client.call(key, 'PUT', '/fapi/v1/listenKey')
    expect([refused.status, refused.body]).toEqual([400, { code: -1125, msg: 'This listenKey does not exist.' }])
    expect(await listenKeyOf()).not.toEqual(first)
  })

  it('needs the account’s API key and no signature', async () => {
    const url = `${test.venue.url}/fapi/v1/listenKey`
    expect((await fetch(url, { method: 'POST' })).status).toBe(401)
    expect((await fetch(url, { method: 'POST', headers: { 'x-mbx-apikey': key.apiKey } })).status).toBe(200)
  })
})

it('stock CCXT Pro watches orders of the account here as it does there', async () => {
  const pro = new ccxt.pro.binanceusdm({ apiKey: key.apiKey, secret: key.secret, options: { fetchCurrencies: false }, newUpdates: true })
  onTestFinished(() => pro.close().then(() => undefined))
  pro.fetchImplementation = (url: string, init: RequestInit) => {
    const { pathname, search } = new URL(url)
    return fetch(test.venue.url + pathname + search, init)
  }
  const ws = Object(Object(pro.urls['api'])['ws'])
  ws['future'] = `${test.venue.url.replace('http', 'ws')}/ws`
  // Else it looks for a proxy: not every ws:// is one.
  await pro.loadHttpProxyAgent()
  await pro.loadMarkets()
  const watched = pro.watchOrders('BTC/USDT:USDT')
  let order: unknown
  void watched.then(([first]) => (order = first))
  // It is connected when it is: until then nothing is heard.
  await vi.waitFor(
    async () => {
      await trade('BUY', '0.02', { newClientOrderId: 'seen' })
      expect(order).toMatchObject({ clientOrderId: 'seen', symbol: 'BTC/USDT:USDT', side: 'buy' })
    },
    { timeout: 60_000, interval: 100 },
  )
})

describe('faults', () => {
  const arm = (what: string, more = {}) =>
    test.client.admin('PUT', '/venue/faults', { rules: [{ name: 'stream', method: 'EVENT', action: { kind: 'stream', what }, ...more }] })

  it('swallow, double, swap and cut what is told', async () => {
    const { events, until, socket } = await own()
    await arm('mute')
    await trade('BUY', '0.01')
    await arm('twice', { times: 1 })
    await trade('BUY', '0.01')
    expect(kinds(await until(4))).toEqual([
      'ORDER_TRADE_UPDATE NEW',
      'ORDER_TRADE_UPDATE NEW',
      'ACCOUNT_UPDATE ORDER',
      'ORDER_TRADE_UPDATE TRADE',
    ])
    events.length = 0
    await arm('swap', { times: 1 })
    await trade('SELL', '0.01')
    expect(kinds(await until(3))).toEqual(['ACCOUNT_UPDATE ORDER', 'ORDER_TRADE_UPDATE NEW', 'ORDER_TRADE_UPDATE TRADE'])
    await arm('cut')
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await trade('SELL', '0.01')
    await closed
  })

  it('kill a stream that goes on standing: no ping is answered any more', async () => {
    const { events, socket } = await own()
    let pongs = 0
    socket.on('pong', () => (pongs += 1))
    socket.ping()
    await vi.waitFor(() => expect(pongs).toBe(1), { timeout: 15_000 })
    await arm('dead')
    await trade('BUY', '0.01')
    socket.ping()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([pongs, events]).toEqual([1, []])
    expect(socket.readyState).toBe(WebSocket.OPEN)
  })
})
