import { Alert } from '@matic/contracts'
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
    const alert = alertOf(
      '{"symbol":"BTCUSDT","action":"buy","side":"long","leverage":10,"quantity":0.01,"stopLoss":60000,"takeProfit":80000}',
    )
    expect(alert).toMatchObject({
      ticker: 'BTCUSDT',
      action: 'buy',
      marketPosition: null,
      leverage: '10',
      quantity: '0.01',
      stopLoss: '60000',
      takeProfit: '80000',
      orderType: 'market',
    })
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
    ['{"action":"exit","symbol":"BTCUSDT","side":"long"}', 'close-long'],
    ['{"action":"sell","symbol":"BTCUSDT","side":"exit"}', 'close'],
    ['{"action":"close_all","side":"flat"}', 'close-all'],
    ['{"action":"cancel","symbol":"BTCUSDT","sentiment":"flat"}', 'cancel'],
    ['{"action":"add","symbol":"BTCUSDT","sentiment":"bullish"}', 'buy'],
    ['{"symbol":"BTCUSDT","side":"SELL"}', 'sell'],
    ['{"action":"sell","symbol":"BTCUSDT","market_position":"long","side":"flat"}', 'close'],
    ['{"action":"sell","symbol":"BTCUSDT","position_size":"0"}', 'close'],
    ['{"action":"sell","symbol":"BTCUSDT","market_position":"long","market_position_size":0}', 'close'],
    ['{"action":"sell","symbol":"BTCUSDT","reduceOnly":true}', 'close-long'],
    ['e=BINANCE s=BTCUSDT c=position b=short', 'close-short'],
    ['e=BINANCE s=BTCUSDT b=long q=0.1', 'buy'],
    ['close long BTCUSDT', 'close-long'],
    ['close all', 'close-all'],
    ["{'action':'sell','symbol':'BTCUSDT',}", 'sell'],
  ])('%s is %s', (body, action) => {
    expect(alertOf(body).action).toBe(action)
  })

  test('a strategy placeholder template with the position before and after', () => {
    const alert = alertOf(
      '{"action":"sell","ticker":"ETHUSDT.P","market_position":"short","market_position_size":"2","prev_market_position":"long","prev_market_position_size":"3","contracts":"5"}',
    )
    expect(alert).toMatchObject({
      marketPosition: 'short',
      previousMarketPosition: 'long',
      marketPositionSize: '2',
      previousMarketPositionSize: '3',
      quantity: '5',
    })
  })

  test.each([
    '{"symbol":"BTCUSDT","action":"buy","quantity":"1,234.50"}',
    '{"symbol":"BTCUSDT","action":"buy","quantity":"1.2345e3"}',
    'symbol=BTCUSDT action=buy qty=1234.5',
    'SYMBOL=BTCUSDT\r\nSIGNAL=BUY\r\nVOLUME=1234.5',
    'buy BTCUSDT 1234.5',
    '\uFEFF{"symbol":"BTCUSDT","action":"buy","quantity":1234.5}\n',
    '{\u201Csymbol\u201D:\u201CBTCUSDT\u201D,\u201Caction\u201D:\u201Cbuy\u201D,\u201Cquantity\u201D:1234.5}',
  ])('a size of 1234.5 in %j', (body) => {
    expect(alertOf(body)).toMatchObject({ action: 'buy', ticker: 'BTCUSDT', quantity: '1234.5' })
  })

  test('what reduces is a target, not an order to open', () => {
    expect(alertOf('{"action":"sell","symbol":"BTCUSDT","quantity":0.1,"reduceOnly":"true"}')).toMatchObject({
      action: 'sell',
      marketPosition: 'long',
      quantity: '0.1',
    })
    expect(alertOf('{"action":"buy","symbol":"BTCUSDT","side":"short"}')).toMatchObject({ action: 'buy', marketPosition: 'short' })
  })

  test('the sentence TradingView writes when nobody wrote a message', () => {
    const alert = alertOf('My Strategy (9, 26): order sell @ 0.5 filled on BTCUSDT.P. New strategy position is -0.25')
    expect(alert).toMatchObject({
      ticker: 'BTCUSDT.P',
      action: 'sell',
      marketPosition: 'short',
      marketPositionSize: '0.25',
      quantity: '0.5',
    })
    expect(alertOf('S: order sell @ 0.5 filled on BTCUSDT. New strategy position is 0').action).toBe('close')
  })

  test('a signed position size says which way', () => {
    expect(alertOf('{"action":"sell","symbol":"BTCUSDT","position_size":"-0.25"}')).toMatchObject({
      marketPosition: 'short',
      marketPositionSize: '0.25',
    })
  })

  test('stop and target in objects of their own are kept apart from the order', () => {
    const alert = alertOf(
      '{"ticker":"BTCUSDT","action":"buy","orderType":"market","stopLoss":{"type":"stop","stopPrice":60000},"takeProfit":{"limitPrice":80000}}',
    )
    expect(alert).toMatchObject({ orderType: 'market', price: null, stopLoss: '60000', takeProfit: '80000' })
  })

  test('the volume of the bar is no size', () => {
    expect(alertOf('{"symbol":"BTCUSDT","action":"buy","volume":1234.5}').quantity).toBeNull()
  })

  test('a size of zero stays zero, and a signed one loses its sign', () => {
    expect(alertOf('{"symbol":"BTCUSDT","action":"buy","quantity":0}').quantity).toBe('0')
    expect(alertOf('{"symbol":"BTCUSDT","action":"sell","quantity":"-0.25"}').quantity).toBe('0.25')
  })

  test.each([
    '{"action":"sell","symbol":"BTCUSDT","side":"flat","price":NaN,"quantity":NaN}',
    '{"action":"close","symbol":"BTCUSDT","price":,"quantity":}',
    '{"action":"close","symbol":"BTCUSDT","quantity":{{strategy.order.contracts}},"stopLoss":"5%"}',
    '{"action":"close","symbol":"BTCUSDT","comment":"{{strategy.order.comment}}","type":"limit"}',
    '{"action":"close","symbol":"BTCUSDT","quantity":"x","quantityType":"dollar_amount","leverage":"x"}',
    '{"action":"close","symbol":"BTCUSDT","note":"go: now, please","price":NaN}',
    '{"action":"close","symbol":"BTCUSDT","note":"two\nlines"}',
    '{"action":"close","symbol":"BTCUSDT"}\u0000',
  ])('a close is never refused for what it does not need: %s', (body) => {
    expect(alertOf(body)).toMatchObject({ action: 'close', quantity: null, orderType: 'market' })
  })

  test('nothing that storage refuses gets through', () => {
    const alert = alertOf('{"action":"buy","symbol":"BTCUSDT","signalId":"a\\u0000b","comment":"\\ud800 x"}')
    expect(alert).toMatchObject({ idempotencyKey: 'a\uFFFDb', comment: '\uFFFD x' })
  })

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
    const inThatSecond = (ticker: string) =>
      alertOf(`{"action":"buy","ticker":"${ticker}","alertTimestamp":"2026-11-20T09:15:02Z"}`).idempotencyKey
    expect(inThatSecond('BTCUSDT')).toBe(inThatSecond('BTCUSDT'))
    expect(inThatSecond('BTCUSDT')).not.toBe(inThatSecond('ETHUSDT'))
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
    ['{"action":"buy","symbol":"BTCUSDT","quantity":,"price":1}', 'ALERT_NOT_A_NUMBER'],
    ['{"action":"buy","symbol":"BTCUSDT","quantity":"0,01"}', 'ALERT_NOT_A_NUMBER'],
    ['{"action":"buy","symbol":"BTCUSDT","stopLoss":"5%"}', 'ALERT_NOT_A_NUMBER'],
    ['{"action":"buy","symbol":"BTCUSDT","price":{{close}},"quantity":{{strategy.order.contracts}}}', 'ALERT_PLACEHOLDER_LEFT'],
    ['{"action":"buy","symbol":"{{ticker}}"}', 'ALERT_PLACEHOLDER_LEFT'],
    ['{"action":"buy","symbol":"BTCUSDT","quantity":10,"quantityType":"lots_of_it"}', 'ALERT_NOT_UNDERSTOOD'],
    ['{"action":"buy","symbol":"BTCUSDT","stopLoss":{"amount":2}}', 'ALERT_NOT_UNDERSTOOD'],
    ['{"action":"buy","symbol":"BTCUSDT","takeProfits":[{"priceDeviation":0.02}]}', 'ALERT_NOT_UNDERSTOOD'],
    ['{"action":"update","symbol":"BTCUSDT","side":"long","stopLoss":60000}', 'ALERT_NO_ACTION'],
    ['{"action":"buy","symbol":"BTCUSDT","side":"sell"}', 'ALERT_NO_ACTION'],
    ['{"action":"sell","symbol":"BTCUSDT","market_position":"closed"}', 'ALERT_NO_ACTION'],
    ['please do not sell BTCUSDT now', 'ALERT_NOT_UNDERSTOOD'],
    ['e=BINANCE s=BTCUSDT b=long d=1', 'ALERT_NOT_UNDERSTOOD'],
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

const SEEDS = [
  '{"symbol":"BTCUSDT","action":"buy","side":"flat","price":NaN,"quantity":,"stopLoss":{"stopPrice":1}}',
  `{'a':"b\\u12",“x”:“y”,'symbol':BINANCE:BTCUSDT.P,action: sell,}`,
  '{"a":{"b":[1,{"c":2}]},"timenow":1763629000,"alertTimestamp":"x","position_size":"-0.2","action":"sell","ticker":"A:BCUSDT"}',
  'symbol=BTCUSDT action=buy qty=1,234.5\nx : y',
  'S (9): order buy @ 0.01 filled on BTCUSDT. New strategy position is -0.01',
  'buy BTCUSDT 0.01 10x',
]
const ALPHABET = '{}[]",:\'=;|\\ \n\0.-+0e9aNbuysellflat“”’é'

/** What we understood can be stored, and what we refused says why. */
function holds(body: Uint8Array): boolean {
  const parsed = parseAlert(body)
  const text = JSON.stringify(parsed)
  if (text.includes('\\u0000') || /\\ud[89a-f]/.test(text)) return false
  return parsed.ok ? Alert.safeParse(parsed.alert).success : parsed.message.length > 0
}

test('any bytes give an alert or a refusal that can be stored, never an exception', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), holds), { numRuns: 1_000 })
})

test('neither does anything close to an alert', () => {
  const edit = fc.tuple(fc.nat(200), fc.nat(2), fc.nat(ALPHABET.length - 1))
  fc.assert(
    fc.property(fc.constantFrom(...SEEDS), fc.array(edit, { maxLength: 8 }), (seed, edits) => {
      const chars = seed.split('')
      for (const [at, kind, letter] of edits)
        chars.splice(at % chars.length, kind === 0 ? 0 : 1, ...(kind === 1 ? [] : [ALPHABET.charAt(letter)]))
      return holds(new TextEncoder().encode(chars.join('')))
    }),
    { numRuns: 3_000 },
  )
})

test.each([
  ['spaces between lines', (n: number) => `a\n${' '.repeat(n)}\nb`],
  ['spaces inside a value', (n: number) => `k=a${' '.repeat(n)}b`],
  ['colons', (n: number) => ': '.repeat(n / 2)],
  ['pairs', (n: number) => 'a=1 '.repeat(n / 4)],
  ['separators', (n: number) => 'a = '.repeat(n / 4)],
  ['commas', (n: number) => `{${','.repeat(n)}`],
  ['quotes', (n: number) => '{"'.repeat(n / 2)],
  ['escapes', (n: number) => `{"${'\\'.repeat(n)}`],
])('%s as long as an alert may be cost no more than a few milliseconds', (_name, make) => {
  const body = new TextEncoder().encode(make(16_000))
  const times = Array.from({ length: 5 }, () => {
    const before = performance.now()
    parseAlert(body)
    return performance.now() - before
  })
  expect(Math.min(...times)).toBeLessThan(25)
})
