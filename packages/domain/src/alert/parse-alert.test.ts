import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAlert } from './parse-alert.ts'

const parse = (text: string) => parseAlert(new TextEncoder().encode(text))

function alertOf(text: string) {
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(`${parsed.code}: ${parsed.message}`)
  return parsed.alert
}

function codeOf(text: string): string {
  const parsed = parse(text)
  return parsed.ok ? 'understood' : parsed.code
}

describe('what people send', () => {
  test('a buy with leverage, size, stop and target', () => {
    const alert = alertOf('{"symbol":"BTCUSDT","action":"buy","side":"long","leverage":10,"quantity":0.01,"stopLoss":60000,"takeProfit":80000}')
    expect(alert).toMatchObject({ ticker: 'BTCUSDT', action: 'buy', marketPosition: null, leverage: '10', quantity: '0.01', stopLoss: '60000', takeProfit: '80000', orderType: 'market' })
  })

  test.each([
    ['BTCUSDT', null, 'BTCUSDT'],
    ['BTCUSDT.P', null, 'BTCUSDT.P'],
    ['BINANCE:BTCUSDT', 'BINANCE', 'BTCUSDT'],
    ['BINANCE:BTCUSDT.P', 'BINANCE', 'BTCUSDT.P'],
    ['BTC/USDT:USDT', null, 'BTC/USDT:USDT'],
    ['BTC-USDT-SWAP', null, 'BTC-USDT-SWAP'],
  ])('the ticker %s', (written, tickerExchange, ticker) => {
    expect(alertOf(`{"symbol":"${written}","action":"buy"}`)).toMatchObject({ ticker, tickerExchange })
  })

  test.each([
    ['{"action":"sell","symbol":"BTCUSDT","side":"flat"}', 'close'],
    ['{"action":"buy","ticker":"BTCUSDT","market_position":"flat","prev_market_position":"short"}', 'close'],
    ['{"action":"sell","ticker":"BTCUSDT","marketPosition":"flat"}', 'close'],
    ['{"action":"close","symbol":"BTCUSDT"}', 'close'],
    ['{"action":"EXIT_LONG","symbol":"BTCUSDT"}', 'close-long'],
    ['{"action":"CLOSE_SHORT","symbol":"BTCUSDT"}', 'close-short'],
    ['{"action":"CLOSE_ALL"}', 'close-all'],
    ['{"action":"Buy","symbol":"BTCUSDT"}', 'buy'],
    ['{"action":"enter_short","symbol":"BTCUSDT"}', 'sell'],
  ])('%s is %s', (body, action) => {
    expect(alertOf(body).action).toBe(action)
  })

  test('a strategy placeholder template with the position before and after', () => {
    const alert = alertOf('{"action":"sell","ticker":"ETHUSDT.P","market_position":"short","market_position_size":"2","prev_market_position":"long","prev_market_position_size":"3","contracts":"5"}')
    expect(alert).toMatchObject({ marketPosition: 'short', previousMarketPosition: 'long', marketPositionSize: '2', previousMarketPositionSize: '3', quantity: '5' })
  })

  test.each(['{"symbol":"BTCUSDT","action":"buy","quantity":"1,234.50"}', '{"symbol":"BTCUSDT","action":"buy","quantity":"1.2345e3"}', 'symbol=BTCUSDT action=buy qty=1234.5', 'SYMBOL=BTCUSDT\r\nSIGNAL=BUY\r\nVOLUME=1234.5', 'buy BTCUSDT 1234.5', '\uFEFF{"symbol":"BTCUSDT","action":"buy","quantity":1234.5}\n', '{\u201Csymbol\u201D:\u201CBTCUSDT\u201D,\u201Caction\u201D:\u201Cbuy\u201D,\u201Cquantity\u201D:1234.5}'])(
    'a size of 1234.5 in %j',
    (body) => {
      expect(alertOf(body)).toMatchObject({ action: 'buy', ticker: 'BTCUSDT', quantity: '1234.5' })
    },
  )

  test('a price that came out as NaN does not matter to a market order', () => {
    expect(alertOf('{"action":"sell","symbol":"BTCUSDT","side":"flat","price":NaN,"quantity":0.01}').action).toBe('close')
    expect(alertOf('{"action":"buy","symbol":"BTCUSDT","price":,"quantity":0.01}').quantity).toBe('0.01')
  })

  test('age comes from when it fired, never from the bar', () => {
    expect(alertOf('{"action":"buy","symbol":"BTCUSDT","time":"2020-01-01T00:00:00Z"}').alertAtMs).toBeNull()
    expect(alertOf('{"action":"buy","symbol":"BTCUSDT","timenow":"2026-11-20T09:15:02Z"}').alertAtMs).toBe(Date.UTC(2026, 10, 20, 9, 15, 2))
  })

  test('only ids that say they are unique for ever are kept as such', () => {
    expect(alertOf('{"action":"buy","symbol":"BTCUSDT","id":"Long"}').idempotencyKey).toBeNull()
    expect(alertOf('{"action":"buy","symbol":"BTCUSDT","signalId":"a-1"}').idempotencyKey).toBe('a-1')
  })
})

describe('what cannot be taken says what to fix', () => {
  test.each([
    ['', 'ALERT_EMPTY'],
    ['hello there', 'ALERT_NOT_UNDERSTOOD'],
    ['[{"action":"buy"}]', 'ALERT_NOT_UNDERSTOOD'],
    ['{"symbol":"BTCUSDT"', 'ALERT_NOT_UNDERSTOOD'],
    ['{"symbol":"BTCUSDT"}', 'ALERT_NO_ACTION'],
    ['{"symbol":"BTCUSDT","action":"dance"}', 'ALERT_NO_ACTION'],
    ['{"action":"buy"}', 'ALERT_NO_SYMBOL'],
    ['{"action":"buy","symbol":"<script>"}', 'ALERT_NO_SYMBOL'],
    ['{"action":"{{strategy.order.action}}","symbol":"BTCUSDT"}', 'ALERT_PLACEHOLDER_LEFT'],
    ['{"action":"buy","symbol":"BTCUSDT","quantity":NaN}', 'ALERT_NOT_A_NUMBER'],
    ['{"action":"buy","symbol":"BTCUSDT","quantity":"1e999"}', 'ALERT_NOT_A_NUMBER'],
    ['{"action":"buy","symbol":"BTCUSDT","type":"limit"}', 'ALERT_NOT_A_NUMBER'],
    [`{"action":"buy","symbol":"BTCUSDT","note":"${'x'.repeat(17_000)}"}`, 'ALERT_TOO_LARGE'],
    [`${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`, 'ALERT_NOT_UNDERSTOOD'],
  ])('%.60s → %s', (body, code) => {
    expect(codeOf(body)).toBe(code)
  })

  test('__proto__ in a body touches nothing', () => {
    expect(codeOf('{"__proto__":{"action":"buy","symbol":"BTCUSDT"}}')).toBe('ALERT_NO_ACTION')
    expect(Object.hasOwn(Object.prototype, 'action')).toBe(false)
  })
})

test('any bytes give an alert or a refusal, never an exception', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map((text) => new TextEncoder().encode(text)), fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text))), (body) => {
      const parsed = parseAlert(body)
      return parsed.ok || parsed.message.length > 0
    }),
    { numRuns: 5_000 },
  )
})
