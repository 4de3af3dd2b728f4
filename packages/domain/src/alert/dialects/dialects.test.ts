import { Alert } from '@matic/contracts'
import { describe, expect, test } from 'vitest'
import { parseAlert } from '../parse-alert.ts'

const parse = (body: object | string) => parseAlert(new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)))

function alertOf(body: object | string): Alert {
  const parsed = parse(body)
  if (!parsed.ok) throw new Error(`${parsed.code}: ${parsed.message}`)
  return Alert.parse(parsed.alert)
}

function codeOf(body: object | string): string {
  const parsed = parse(body)
  return parsed.ok ? 'understood' : parsed.code
}

describe('3Commas', () => {
  const envelope = {
    secret: 'eyJhbGciOiJIUzI1NiJ9',
    max_lag: '300',
    timestamp: '2026-11-20T09:15:02Z',
    trigger_price: '67430.1',
    tv_exchange: 'BINANCE',
    tv_instrument: 'BTCUSDT.P',
    bot_uuid: 'b7d6c9b2-3b62-4a1e-9d0c-0f6d5c9d2f11',
  }
  test('a strategy signal', () => {
    const body = {
      ...envelope,
      action: 'sell',
      strategy_info: {
        market_position: 'short',
        market_position_size: '0.5',
        prev_market_position: 'long',
        prev_market_position_size: '0.3',
      },
      order: { amount: '0.8', currency_type: 'base' },
    }
    expect(alertOf(body)).toMatchObject({
      dialect: '3commas',
      ticker: 'BTCUSDT.P',
      action: 'sell',
      marketPosition: 'short',
      previousMarketPosition: 'long',
      marketPositionSize: '0.5',
      quantity: '0.8',
      quantityUnit: 'base',
      maxAgeSeconds: 300,
      signalPrice: '67430.1',
      alertAtMs: Date.UTC(2026, 10, 20, 9, 15, 2),
    })
  })
  test.each([
    ['enter_long', 'buy', { amount: 100, currency_type: 'quote' }, 'quote'],
    ['enter_short', 'sell', { amount: '10', currency_type: 'margin_percent' }, 'percent-of-equity'],
    ['exit_long', 'close-long', { amount: '50', currency_type: 'position_percent' }, 'percent-of-position'],
    ['exit_short', 'close-short', { amount: '100', currency_type: 'position_percent', order_type: 'market' }, 'percent-of-position'],
  ])('the custom signal %s', (action, expected, order, quantityUnit) => {
    expect(alertOf({ ...envelope, action, order })).toMatchObject({ action: expected, quantityUnit, quantity: String(order.amount) })
  })
  test('switching a bot is not an order', () => {
    expect(codeOf({ ...envelope, action: 'disable' })).toBe('ALERT_NO_ACTION')
  })
})

describe('OKX signal bot', () => {
  const envelope = { id: 'Long', instrument: 'BTC-USDT-SWAP', signalToken: 'abc', timestamp: '2026-11-20T09:15:02Z', maxLag: '60' }
  test.each([
    [{ action: 'buy', marketPosition: 'long', prevMarketPosition: 'flat', investmentType: 'base', amount: '0.1' }, 'buy', 'long', 'base'],
    [{ action: 'ENTER_LONG', orderType: 'market', investmentType: 'margin', amount: '250' }, 'buy', null, 'margin'],
    [{ action: 'ENTER_SHORT', investmentType: 'contract', amount: '3' }, 'sell', null, 'contracts'],
    [{ action: 'ENTER_SHORT', investmentType: 'percentage_balance', amount: '5' }, 'sell', null, 'percent-of-equity'],
    [{ action: 'EXIT_LONG', investmentType: 'percentage_position', amount: '50' }, 'close-long', null, 'percent-of-position'],
    [{ action: 'sell', marketPosition: 'flat', prevMarketPosition: 'long' }, 'close', 'flat', 'base'],
  ])('%j', (body, action, marketPosition, quantityUnit) => {
    expect(alertOf({ ...envelope, ...body })).toMatchObject({ dialect: 'okx', action, marketPosition, quantityUnit, maxAgeSeconds: 60 })
  })
  test('a limit order at an offset is refused, an exit never', () => {
    const limit = { orderType: 'limit', orderPriceOffset: '0.1' }
    expect(codeOf({ ...envelope, ...limit, action: 'ENTER_LONG' })).toBe('ALERT_NOT_UNDERSTOOD')
    expect(alertOf({ ...envelope, ...limit, action: 'EXIT_LONG' }).action).toBe('close-long')
  })
})

describe('TradersPost', () => {
  test.each([
    [
      { action: 'buy', sentiment: 'bullish', quantity: 500, quantityType: 'dollar_amount' },
      { action: 'buy', quantityUnit: 'quote' },
    ],
    [
      { action: 'buy', quantity: 50, quantityType: 'risk_dollar_amount' },
      { action: 'buy', quantityUnit: 'risk' },
    ],
    [
      { action: 'sell', sentiment: 'bearish', quantity: 2, quantityType: 'percent_of_equity' },
      { action: 'sell', quantityUnit: 'percent-of-equity' },
    ],
    [{ action: 'exit', sentiment: 'flat' }, { action: 'close' }],
    [
      { action: 'exit', quantity: 25, quantityType: 'percent_of_position' },
      { action: 'close', quantity: '25', quantityUnit: 'percent-of-position' },
    ],
    [
      { action: 'sell', sentiment: 'flat' },
      { action: 'close', marketPosition: 'flat' },
    ],
    [{ action: 'cancel', sentiment: 'flat' }, { action: 'cancel' }],
    [
      { action: 'buy', sentiment: 'bullish', stopLoss: { type: 'stop', percent: 2 }, takeProfit: { percent: 4 } },
      { stopLossPercent: '2', takeProfitPercent: '4', stopLoss: null },
    ],
    [
      { action: 'buy', signalPrice: 70000, stopLoss: { type: 'stop', stopPrice: 60000 }, takeProfit: { limitPrice: 80000 } },
      { stopLoss: '60000', takeProfit: '80000', signalPrice: '70000' },
    ],
    [
      { action: 'buy', sentiment: 'bullish', orderType: 'limit', limitPrice: 65000 },
      { orderType: 'limit', price: '65000' },
    ],
    [
      { action: 'buy', sentiment: 'bullish', extras: { action: 'x', quantity: 7 } },
      { action: 'buy', quantity: null },
    ],
  ])('%j', (body, expected) => {
    expect(alertOf({ ticker: 'BTCUSDT.P', ...body })).toMatchObject({ dialect: 'traderspost', ...expected })
  })
  test.each([
    { action: 'buy', sentiment: 'bullish', stopLoss: { type: 'trailing_stop', trailPercent: 1 } },
    { action: 'buy', sentiment: 'bullish', orderType: 'stop', stopPrice: 71000 },
  ])('is refused: %j', (body) => expect(codeOf({ ticker: 'BTCUSDT.P', ...body })).toBe('ALERT_NOT_UNDERSTOOD'))
})

describe('WunderTrading', () => {
  test('settings beside the code', () => {
    const body = {
      code: 'ENTER-LONG_BINANCE_BTCUSDT_my-bot_1h_5f2a',
      orderType: 'market',
      amountPerTradeType: 'percents',
      amountPerTrade: 10,
      leverage: 5,
      stopLoss: { priceDeviation: 0.02 },
      takeProfits: [
        { priceDeviation: 0.01, portfolio: 0.5 },
        { priceDeviation: 0.03, portfolio: 0.5 },
      ],
    }
    expect(alertOf(body)).toMatchObject({
      dialect: 'wundertrading',
      ticker: 'BTCUSDT',
      action: 'buy',
      quantity: '10',
      quantityUnit: 'percent-of-equity',
      leverage: '5',
      stopLossPercent: '2',
      targets: [
        { percent: '1', share: '50' },
        { percent: '3', share: '50' },
      ],
    })
  })
  test.each([
    ['ENTER-SHORT_BINANCE_ETHUSDT_bot_1h_ab12', 'sell', 'ETHUSDT'],
    ['EXIT-LONG_BYBIT_SOLUSDT_bot_15m_ffff', 'close-long', 'SOLUSDT'],
    ['EXIT-ALL_BINANCE_BTCUSDT_bot_15m_ffff', 'close-all', 'BTCUSDT'],
  ])('the bare code %s', (code, action, ticker) => {
    expect(alertOf(code)).toMatchObject({ dialect: 'wundertrading', action, ticker })
    expect(alertOf(`${code}\r\n`)).toMatchObject({ action, ticker })
  })
})

describe('Autoview', () => {
  test.each([
    ['e=binance s=BTCUSDT b=long q=0.1 l=10 t=market', { action: 'buy', quantity: '0.1', leverage: '10' }],
    ['e=binance s=BTCUSDT b=short q=5%', { action: 'sell', quantity: '5', quantityUnit: 'percent-of-equity' }],
    ['e=binance s=BTCUSDT b=long q=1 sl=2% tp=80000', { stopLossPercent: '2', takeProfit: '80000' }],
    ['e=binance s=BTCUSDT b=long q=1 t=limit p=60000', { orderType: 'limit', price: '60000' }],
    ['e=binance s=BTCUSDT c=position b=long q=50%', { action: 'close-long', quantity: '50', quantityUnit: 'percent-of-position' }],
    ['e=binance s=BTCUSDT c=order', { action: 'cancel' }],
    [
      'e=binance s=BTCUSDT c=order\ne=binance s=BTCUSDT c=position b=short\ne=binance s=BTCUSDT b=long q=0.1',
      { action: 'buy', marketPosition: 'long', previousMarketPosition: 'short', quantity: '0.1' },
    ],
    ['e=binance s=BTCUSDT c=position | e=binance s=BTCUSDT c=order', { action: 'close' }],
  ])('%s', (text, expected) => {
    expect(alertOf(text)).toMatchObject({ dialect: 'autoview', ticker: 'BTCUSDT', ...expected })
  })
  test.each([
    'e=binance s=BTCUSDT b=long q=0.1\ne=binance s=ETHUSDT b=long q=0.1',
    'e=binance s=BTCUSDT b=long q=0.1 | e=binance s=BTCUSDT b=short q=0.1',
    'e=binance s=BTCUSDT b=long q=0.1 delay=10',
    'e=binance s=BTCUSDT b=long q=0.1 tp=1%&2%',
    'e=binance s=BTCUSDT b=long q=0.1 ts=1%',
  ])('is refused: %s', (text) => expect(codeOf(text)).toBe('ALERT_NOT_UNDERSTOOD'))
})

describe('OctoBot', () => {
  test.each([
    ['EXCHANGE=binance;SYMBOL=BTCUSDT;SIGNAL=BUY;VOLUME=0.01', { action: 'buy', quantity: '0.01', quantityUnit: 'base' }],
    ['EXCHANGE=binance\nSYMBOL=BTCUSDT\nSIGNAL=SELL\nVOLUME=5%', { action: 'sell', quantity: '5', quantityUnit: 'percent-of-equity' }],
    [
      'EXCHANGE=binance;SYMBOL=BTCUSDT;SIGNAL=BUY;VOLUME=100q;STOP_PRICE=60000;TAKE_PROFIT_PRICE=80000',
      { quantityUnit: 'quote', stopLoss: '60000', takeProfit: '80000' },
    ],
    ['EXCHANGE=binance;SYMBOL=BTCUSDT;SIGNAL=SELL;VOLUME=1;REDUCE_ONLY=true', { action: 'sell', marketPosition: 'long' }],
    [
      'EXCHANGE=binance;SYMBOL=BTCUSDT;SIGNAL=BUY;ORDER_TYPE=limit;PRICE=65000;LEVERAGE=3',
      { orderType: 'limit', price: '65000', leverage: '3' },
    ],
    ['EXCHANGE=binance;SYMBOL=BTCUSDT;SIGNAL=CANCEL', { action: 'cancel' }],
  ])('%s', (text, expected) => expect(alertOf(text)).toMatchObject({ dialect: 'octobot', ticker: 'BTCUSDT', ...expected }))
  test.each([
    'EXCHANGE=binance;SYMBOL=BTCUSDT;SIGNAL=BUY;TAKE_PROFIT_PRICE=1;TAKE_PROFIT_PRICE_2=2',
    'EXCHANGE=binance;SYMBOL=BTCUSDT;SIGNAL=BUY;ORDER_TYPE=stop;PRICE=1',
  ])('is refused: %s', (text) => expect(codeOf(text)).toBe('ALERT_NOT_UNDERSTOOD'))
})

test('TV-Hub: one alert for all deliveries of its timestamp', () => {
  const body = { token: 'abc', alertTimestamp: '2026-11-20T09:15:02Z', pair: 'BTCUSDT', action: 'buy', qty: '0.1', retries: 3 }
  expect(alertOf(body)).toMatchObject({
    dialect: 'tvhub',
    action: 'buy',
    quantity: '0.1',
    idempotencyKey: '2026-11-20T09:15:02Z BTCUSDT buy',
  })
  expect(codeOf({ ...body, delay: 5 })).toBe('ALERT_NOT_UNDERSTOOD')
})

describe('Alertatron', () => {
  test.each([
    ['MyKeys(BTCUSDT) { market(side=buy, amount=10%); }', { action: 'buy', quantity: '10', quantityUnit: 'percent-of-equity' }],
    ['MyKeys(BTCUSDT) { market(position=-0.5); }', { marketPosition: 'short', marketPositionSize: '0.5' }],
    ['MyKeys(BTCUSDT) { market(position=0); }', { action: 'close', marketPosition: 'flat' }],
    ['MyKeys(BTCUSDT) { cancel(which=all); market(side=sell, amount=0.2); }', { action: 'sell', quantity: '0.2' }],
    ['MyKeys(BTCUSDT) {\n  cancel(which=all);\n  exitTrade();\n}', { action: 'close' }],
    ['MyKeys(BTCUSDT) { exitTrade(); market(side=sell, amount=0.2); }', { marketPosition: 'short', previousMarketPosition: 'long' }],
  ])('%s', (text, expected) => expect(alertOf(text)).toMatchObject({ dialect: 'alertatron', ticker: 'BTCUSDT', ...expected }))
  test.each(['MyKeys(BTCUSDT) { stopOrder(side=sell, offset=2%); }', 'MyKeys(BTCUSDT) { }'])('is refused: %s', (text) =>
    expect(codeOf(text)).toBe('ALERT_NOT_UNDERSTOOD'),
  )
})

test('the one address: account, exchange, action, symbol, leverage', () => {
  const body = { account_id: 'a-1', exchange: 'binance', symbol: 'BTCUSDT', leverage: 10, secret: 's' }
  for (const [action, expected] of [
    ['LONG', 'buy'],
    ['SHORT', 'sell'],
    ['CLOSE_LONG', 'close-long'],
    ['CLOSE_SHORT', 'close-short'],
    ['CLOSE_ALL', 'close-all'],
  ] as const)
    expect(alertOf({ ...body, action })).toMatchObject({ dialect: 'one-address', action: expected, accountId: 'a-1', leverage: '10' })
})
