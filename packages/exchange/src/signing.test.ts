import { createHmac } from 'node:crypto'
import ccxt from 'ccxt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  accountOf,
  exchangeAt,
  marketOrder,
  startAnsweringServer,
  type AnsweringServer,
  type SeenRequest,
} from './testing/answering-server.ts'

let server: AnsweringServer
beforeAll(async () => {
  server = await startAnsweringServer()
})
afterAll(() => server.close())

const orders = () => server.seen.filter((request) => request.method === 'POST')
const signing = () => ({ timestampMs: Date.now(), recvWindowMs: 3_000 })

describe('every request is signed with its own account’s key', () => {
  test('for 200 accounts at once', { timeout: 120_000 }, async () => {
    server.seen.length = 0
    const exchange = exchangeAt(server.url, { requestTimeoutMs: 60_000 })
    const accounts = Array.from({ length: 200 }, (_, index) => accountOf(`n${index}`))
    const results = await Promise.all(
      [...accounts, ...accounts].map((account, index) =>
        exchange.createOrder(account, marketOrder(`m${account.accountId}x${index}`), signing()),
      ),
    )
    await exchange.close()

    expect(results.every((result) => result.ok)).toBe(true)
    expect(orders()).toHaveLength(400)
    for (const request of orders()) {
      const name = /^m(n\d+)x/.exec(request.query.get('newClientOrderId') ?? '')?.[1]
      expect(request.apiKey).toBe(`key-${name}`)
      expect(request.query.get('signature')).toBe(signatureOf(request, `secret-${name}`))
    }
  })
})

test('orders, readings and settings of 200 accounts in one another’s way are each signed by their own', { timeout: 120_000 }, async () => {
  server.seen.length = 0
  const exchange = exchangeAt(server.url, { requestTimeoutMs: 60_000 })
  await Promise.all(
    Array.from({ length: 200 }, (_, index) => accountOf(`n${index}`)).flatMap((account) => [
      exchange.fetchBalance(account),
      exchange.createOrder(account, marketOrder(`m${account.accountId}`), signing()),
      exchange.setLeverage(account, { symbol: 'BTC/USDT:USDT', leverage: 7 }),
      exchange.findOrder(account, { symbol: 'BTC/USDT:USDT', clientOrderId: `m${account.accountId}`, isTrigger: false }),
      exchange.fetchOpenOrders(account, 'BTC/USDT:USDT'),
    ]),
  )
  await exchange.close()

  const signed = server.seen.filter((request) => request.query.has('signature'))
  const byKey = Map.groupBy(signed, (request) => request.apiKey)
  expect(signed).toHaveLength(1_200)
  expect(byKey.size).toBe(200)
  for (const [apiKey, requests] of byKey) {
    expect(requests).toHaveLength(6)
    for (const request of requests) expect(request.query.get('signature')).toBe(signatureOf(request, apiKey.replace('key-', 'secret-')))
  }
})

test('what everybody may ask is asked without a key', async () => {
  server.seen.length = 0
  const exchange = exchangeAt(server.url)
  await exchange.fetchBalance(accountOf('a'))
  await exchange.measureClock()
  await exchange.close()
  expect(server.seen.map((request) => request.apiKey)).toEqual(['key-a', ''])
})

test('a changed key is used at once', { timeout: 30_000 }, async () => {
  server.seen.length = 0
  const exchange = exchangeAt(server.url)
  const account = accountOf('a')
  await exchange.createOrder(account, marketOrder('m1'), signing())
  await exchange.createOrder({ ...account, credentials: { apiKey: 'new', secret: 'newer' } }, marketOrder('m2'), signing())
  await exchange.close()
  expect(orders().map((request) => request.apiKey)).toEqual(['key-a', 'new'])
})

test('time of signature and window are the write-ahead’s', async () => {
  server.seen.length = 0
  const exchange = exchangeAt(server.url)
  await exchange.createOrder(accountOf('a'), marketOrder('m1'), { timestampMs: 1_795_000_000_123, recvWindowMs: 601 })
  await exchange.close()
  expect(orders()[0]?.query.get('timestamp')).toBe('1795000000123')
  expect(orders()[0]?.query.get('recvWindow')).toBe('601')
})

describe('what is sent is what plain CCXT sends', () => {
  const cases = [
    ['a market order', marketOrder('m1'), ['market', 'buy', 0.01, undefined, { newClientOrderId: 'm1' }]],
    [
      'a reduce-only close',
      marketOrder('m2', { side: 'sell', reduceOnly: true }),
      ['market', 'sell', 0.01, undefined, { newClientOrderId: 'm2', reduceOnly: true }],
    ],
    [
      'a limit order',
      marketOrder('m3', { type: 'limit', price: '49000.5' }),
      ['limit', 'buy', 0.01, 49_000.5, { newClientOrderId: 'm3', timeInForce: 'GTC' }],
    ],
    [
      'a stop that closes everything',
      marketOrder('m4', { side: 'sell', type: 'stop-market', quantityBase: null, triggerPrice: '45000', closePosition: true }),
      ['market', 'sell', 0, undefined, { newClientOrderId: 'm4', stopLossPrice: 45_000, closePosition: true, workingType: 'MARK_PRICE' }],
    ],
    [
      'a target that closes everything',
      marketOrder('m5', { side: 'sell', type: 'take-profit-market', quantityBase: null, triggerPrice: '55000', closePosition: true }),
      ['market', 'sell', 0, undefined, { newClientOrderId: 'm5', takeProfitPrice: 55_000, closePosition: true, workingType: 'MARK_PRICE' }],
    ],
    [
      'one of several targets',
      marketOrder('m6', { side: 'sell', type: 'take-profit-market', quantityBase: '0.005', triggerPrice: '55000', reduceOnly: true }),
      [
        'market',
        'sell',
        0.005,
        undefined,
        { newClientOrderId: 'm6', takeProfitPrice: 55_000, reduceOnly: true, workingType: 'MARK_PRICE' },
      ],
    ],
    [
      'an open of a hedged account',
      marketOrder('m7', { side: 'sell', positionSide: 'SHORT' }),
      ['market', 'sell', 0.01, undefined, { newClientOrderId: 'm7', positionSide: 'SHORT' }],
    ],
    [
      'a trailing stop',
      marketOrder('m8', { side: 'sell', type: 'trailing-stop-market', callbackPercent: '1.5', triggerPrice: '52000', reduceOnly: true }),
      [
        'market',
        'sell',
        0.01,
        undefined,
        { newClientOrderId: 'm8', trailingPercent: '1.5', activatePrice: '52000', reduceOnly: true, workingType: 'MARK_PRICE' },
      ],
    ],
  ] as const

  test.each(cases)('%s', async (_name, order, [type, side, amount, price, params]) => {
    server.seen.length = 0
    const exchange = exchangeAt(server.url)
    const positionMode = order.positionSide === 'BOTH' ? 'ONE_WAY' : 'HEDGE'
    await exchange.createOrder({ ...accountOf('a'), positionMode }, order, signing())
    await exchange.close()
    const fetchImplementation = (url: string, init: RequestInit) => {
      const { pathname, search } = new URL(url)
      return fetch(`${server.url}${pathname}${search}`, init)
    }
    const plain = new ccxt.binanceusdm({ apiKey: 'key-a', secret: 'secret-a', fetchImplementation, options: { fetchCurrencies: false } })
    await plain.createOrder('BTC/USDT:USDT', type, side, amount, price, { ...params }).catch(() => undefined)

    const [ours, theirs] = orders()
    expect(orders()).toHaveLength(2)
    expect(ours?.path).toBe(theirs?.path)
    expect(essence(ours)).toEqual(essence(theirs))
    expect([ours?.apiKey, ours?.userAgent, ours?.contentType]).toEqual([theirs?.apiKey, theirs?.userAgent, theirs?.contentType])
    expect(theirs?.userAgent).not.toBe('')
  })
})

/** Everything but the moment. */
function essence(request: SeenRequest | undefined): Record<string, string> {
  const { timestamp: _timestamp, recvWindow: _recvWindow, signature: _signature, ...rest } = Object.fromEntries(request?.query ?? [])
  return rest
}

function signatureOf(request: SeenRequest, secret: string): string {
  return createHmac('sha256', secret)
    .update(request.signed.replace(/&signature=[0-9a-f]+$/, ''))
    .digest('hex')
}
