import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { CallContext, VerdictRow } from './row.ts'
import type { ExchangePort, ExchangeResult } from '../port.ts'
import { accountOf, exchangeAt, filledOrder, marketOrder, startAnsweringServer, type AnsweringServer } from '../testing/answering-server.ts'
import { BINANCE_VERDICTS } from './binance.ts'

let server: AnsweringServer
let exchange: ExchangePort
const account = accountOf('a')
const order = { symbol: 'BTC/USDT:USDT', clientOrderId: 'm1', isTrigger: false }
const signing = () => ({ timestampMs: Date.now(), recvWindowMs: 3_000 })

beforeAll(async () => {
  server = await startAnsweringServer()
  exchange = exchangeAt(server.url, { requestTimeoutMs: 2_000 })
  await exchange.createOrder(account, marketOrder('warm'), signing())
})
afterEach(() => server.answerWith(filledOrder))
afterAll(async () => {
  await exchange.close()
  await server.close()
})

const CALLS: Record<CallContext, () => Promise<ExchangeResult<unknown>>> = {
  order: () => exchange.createOrder(account, marketOrder('m1'), signing()),
  close: () => exchange.createOrder(account, marketOrder('m1', { side: 'sell', reduceOnly: true }), signing()),
  cancel: () => exchange.cancelOrder(account, order),
  lookup: () => exchange.findOrder(account, order),
  setup: () => exchange.setLeverage(account, { symbol: order.symbol, leverage: 10 }),
  read: () => exchange.fetchBalance(account),
}

/** The table's rows that an answer of the exchange can bring; transport rows are below. */
const answered = BINANCE_VERDICTS.filter((row) => /^(-|http-)/.test(row.code))

describe('each answer of the exchange has its verdict', () => {
  test.each(answered.map((row) => [row.code, row.contexts?.[0] ?? (row.verdict === 'NOT_FOUND' ? 'lookup' : 'order'), row] as const))(
    '%s on %s',
    async (_code, context, row) => {
      server.answerWith(() => answerFor(row))
      const result = await CALLS[context]()
      if (row.verdict === 'NO_OP') return expect(result).toEqual({ ok: true, value: null })
      expect(result).toMatchObject({
        ok: false,
        failure: { verdict: row.verdict, execution: row.execution, retryable: row.retryable, reason: row.reason, code: row.code },
      })
    },
  )

  function answerFor(row: VerdictRow) {
    const status = /^http-(\d+)$/.exec(row.code)?.[1]
    if (status === undefined) return { status: 400, body: JSON.stringify({ code: Number(row.code), msg: 'No.' }) }
    return { status: Number(status), body: row.text === undefined ? '{}' : 'Service Unavailable' }
  }
})

describe('what proves nothing stays unknown', () => {
  test.each([
    [
      'a 503 that does not know',
      { status: 503, body: '{"code":-1000,"msg":"Unknown error, please check your request or try again later."}' },
    ],
    ['a back-end timeout', { status: 408, body: '{"code":-1007,"msg":"Timeout waiting for response from backend server."}' }],
    ['an unexpected answer', { status: 400, body: '{"code":-1006,"msg":"An unexpected response was received from the message bus."}' }],
    ['a bad gateway in HTML', { status: 502, body: '<html><body>Bad Gateway</body></html>' }],
    ['a 200 that is no JSON', { status: 200, body: '{"orderId":' }],
    ['a code nobody knows', { status: 400, body: '{"code":-99999,"msg":"?"}' }],
    ['silence', 'hang'],
    ['a connection that breaks', 'reset'],
  ] as const)('%s', { timeout: 30_000 }, async (_name, answer) => {
    server.answerWith(() => answer)
    expect(await CALLS.order()).toMatchObject({ ok: false, failure: { verdict: 'UNKNOWN', execution: 'unknown', retryable: false } })
  })

  test('a refused connection proves that nothing was sent', async () => {
    const gone = await startAnsweringServer()
    const port = exchangeAt(gone.url)
    await port.createOrder(account, marketOrder('warm'), signing())
    await gone.close()
    // The first goes out on a connection that was open: it may have arrived for all we know.
    expect(await port.createOrder(account, marketOrder('m1'), signing())).toMatchObject({ ok: false, failure: { execution: 'unknown' } })
    expect(await port.createOrder(account, marketOrder('m1'), signing())).toMatchObject({
      ok: false,
      failure: { verdict: 'UNKNOWN', execution: 'not-sent', code: 'ECONNREFUSED' },
    })
    await port.close()
  })
})

test('Retry-After is told in milliseconds', async () => {
  server.answerWith(() => ({ status: 429, body: '{"code":-1003,"msg":"Too many requests."}', headers: { 'retry-after': '7' } }))
  expect(await CALLS.order()).toMatchObject({ ok: false, failure: { verdict: 'BACK_OFF', retryAfterMs: 7_000 } })
})

test('a failure says nothing of address, key or signature', async () => {
  server.answerWith((request) => ({ status: 400, body: `<p>${server.url}${request.path}?${request.signed}</p>` }))
  const result = await CALLS.order()
  const text = JSON.stringify(result)
  expect(text).not.toMatch(/127\.0\.0\.1/)
  expect(text).not.toMatch(/signature=[0-9a-f]/)
  expect(text).not.toContain('secret-a')
})

test('nothing is ever sent twice by itself', async () => {
  server.answerWith(() => ({ status: 503, body: 'Service Unavailable' }))
  const before = server.seen.length
  await CALLS.order()
  expect(server.seen.length - before).toBe(1)
})
