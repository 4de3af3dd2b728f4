import { DEFAULT_RULES, type Alert } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BTC_MARKET } from '../../test/btc-market.ts'
import { parseAlert } from '../alert/parse-alert.ts'
import { indexMarkets } from '../symbols/resolve-market.ts'
import { decide } from './decide.ts'
import type { DecisionInput } from './types.ts'

const markets = indexMarkets([
  { ...BTC_MARKET, minNotional: '100', maxLeverage: 125 },
  {
    symbol: 'ETH/USDT:USDT',
    marketId: 'ETHUSDT',
    base: 'ETH',
    quote: 'USDT',
    tickSize: '0.01',
    stepSize: '0.001',
    minQuantity: '0.001',
    maxQuantity: '10000',
    minNotional: '20',
    maxLeverage: 100,
    status: 'TRADING',
  },
])

function alert(body: Record<string, unknown>): Alert {
  const parsed = parseAlert(new TextEncoder().encode(JSON.stringify({ symbol: 'BTCUSDT.P', ...body })))
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.alert
}

const settings: DecisionInput['settings'] = { ...DEFAULT_RULES, isEnabled: true, fixedQuote: '500' }

function input(change: Partial<DecisionInput> = {}): DecisionInput {
  return {
    signal: { id: 'signal', source: 'WEBHOOK', receivedAtMs: 1_000_000 },
    alert: alert({ action: 'buy', quantity: '0.01' }),
    route: { id: 'route', sourceKind: 'WEBHOOK' },
    account: {
      exchange: 'PAPER',
      environment: 'PAPER',
      isActive: true,
      keyStatus: 'VALID',
      certified: true,
      positionMode: 'ONE_WAY',
      trailing: 'percent',
    },
    settings,
    funds: { equity: '10000', available: '10000' },
    positions: [],
    pendingOpens: [],
    markets,
    markOf: () => '50000',
    rangeOf: () => null,
    result: null,
    lastLoss: null,
    killSwitch: false,
    entitled: true,
    overtaken: false,
    chain: null,
    nowMs: 1_000_500,
    ...change,
  }
}
const long = { symbol: 'BTC/USDT:USDT', positionSide: 'BOTH', side: 'LONG', quantityBase: '0.02', margin: '100', routeId: 'route' } as const

describe('an open', () => {
  test('becomes one order with its size, leverage and protection', () => {
    const decision = decide(input())
    expect(decision).toMatchObject({ outcome: 'ORDERS', intent: 'open', symbol: 'BTC/USDT:USDT' })
    expect(decision.orders).toHaveLength(1)
    expect(decision.orders[0]).toMatchObject({
      leg: 'open',
      side: 'buy',
      quantityBase: '0.01',
      leverage: 10,
      stopFraction: '0.05',
      targetFraction: '0.1',
      reduceOnly: false,
      priority: 2,
    })
  })

  test.each([
    ['the bot is off', { settings: { ...settings, isEnabled: false } }, 'BOT_DISABLED'],
    ['the kill switch is on', { killSwitch: true }, 'KILL_SWITCH'],
    ['nobody pays', { entitled: false }, 'NOT_ENTITLED'],
    [
      'the account is not ready',
      {
        account: {
          exchange: 'PAPER',
          environment: 'PAPER',
          isActive: true,
          keyStatus: 'OPENING',
          certified: true,
          positionMode: 'ONE_WAY',
          trailing: 'percent',
        },
      },
      'ACCOUNT_NOT_READY',
    ],
    [
      'the venue is not certified',
      {
        account: {
          exchange: 'BINANCE',
          environment: 'LIVE',
          isActive: true,
          keyStatus: 'VALID',
          certified: false,
          positionMode: 'ONE_WAY',
          trailing: 'percent',
        },
      },
      'VENUE_NOT_CERTIFIED',
    ],
    ['the alert is old', { nowMs: 1_061_500 }, 'SIGNAL_TOO_OLD'],
    ['the symbol is not allowed', { settings: { ...settings, allowedSymbols: ['ETHUSDT'] } }, 'SYMBOL_NOT_ALLOWED'],
    ['the symbol is blocked', { settings: { ...settings, blacklistedSymbols: ['BTC/USDT:USDT'] } }, 'SYMBOL_BLACKLISTED'],
    [
      'there are enough positions',
      { settings: { ...settings, maxPositions: 1 }, positions: [{ ...long, symbol: 'ETH/USDT:USDT' }] },
      'MAX_POSITIONS',
    ],
    ['another source holds the symbol', { positions: [{ ...long, routeId: 'other' }] }, 'SYMBOL_OWNED'],
    ['it would be worth too much', { settings: { ...settings, maxNotional: '499' } }, 'MAX_NOTIONAL'],
    ['it would be too small', { alert: alert({ action: 'buy', quantity: '0.001' }) }, 'BELOW_MINIMUM'],
    ['it would be too large', { alert: alert({ action: 'buy', quantity: '1001' }) }, 'ABOVE_MAXIMUM'],
    ['it asks for nothing', { alert: alert({ action: 'buy', quantity: '0' }) }, 'SIZE_ZERO'],
    ['its own close came first', { overtaken: true }, 'SUPERSEDED'],
    ['one before it is missing', { chain: { verdict: 'held', missingFrom: 'flat', missingTo: 'long 1' } }, 'CHAIN_HELD'],
    ['its sender has moved on', { chain: { verdict: 'late' } }, 'CHAIN_LATE'],
    [
      'opens under way take the margin',
      { pendingOpens: [{ symbol: 'ETH/USDT:USDT', side: 'buy', openBase: '1', reservedQuote: '9960', routeId: 'route' }] },
      'INSUFFICIENT_MARGIN',
    ],
    ['the margin is not there', { funds: { equity: '10', available: '10' } }, 'INSUFFICIENT_MARGIN'],
    ['nothing is known of the account', { funds: null }, 'ACCOUNT_STALE'],
    ['the price is unknown', { markOf: () => null }, 'PRICE_UNKNOWN'],
    ['the stop is on the wrong side', { alert: alert({ action: 'buy', quantity: '0.01', stopLoss: '51000' }) }, 'STOP_WRONG_SIDE'],
    ['the target is on the wrong side', { alert: alert({ action: 'sell', quantity: '0.01', takeProfit: '51000' }) }, 'TARGET_WRONG_SIDE'],
    ['the market is not known', { alert: alert({ action: 'buy', symbol: 'NOPEUSDT' }) }, 'SYMBOL_UNKNOWN'],
    [
      'a spot ticker may not stand for the perpetual',
      { alert: alert({ action: 'buy', symbol: 'BTCUSDT' }), settings: { ...settings, spotTickerToPerp: false } },
      'SPOT_TICKER_REFUSED',
    ],
  ] satisfies [string, Partial<DecisionInput>, string][])('is blocked when %s', (_name, change, reason) => {
    expect(decide(input(change))).toMatchObject({ outcome: 'BLOCKED', reason, orders: [] })
  })

  test('without a size takes the percent of equity as margin', () => {
    expect(decide(input({ alert: alert({ action: 'buy' }) })).orders[0]?.quantityBase).toBe('0.2')
  })

  test('with more leverage than the cap is capped and says so', () => {
    const decision = decide(input({ alert: alert({ action: 'buy', quantity: '0.01', leverage: 100 }) }))
    expect(decision.orders[0]?.leverage).toBe(50)
    expect(decision.numbers).toMatchObject({ note: 'LEVERAGE_CAPPED', asked: 100, used: 50 })
  })

  test('limits of a source do not stop an order placed by hand while the bot is off', () => {
    expect(decide(input({ settings: { ...settings, isEnabled: false }, route: { id: 'hand', sourceKind: 'MANUAL' } })).outcome).toBe(
      'ORDERS',
    )
  })
})

describe('a close', () => {
  const close = alert({ action: 'close' })

  test('runs whatever stops opens', () => {
    const decision = decide(
      input({
        alert: close,
        positions: [long],
        killSwitch: true,
        entitled: false,
        settings: { ...settings, isEnabled: false },
        nowMs: 9_000_000,
        funds: null,
        markOf: () => null,
      }),
    )
    expect(decision).toMatchObject({ outcome: 'ORDERS', intent: 'close', cancelSymbols: ['BTC/USDT:USDT'] })
    expect(decision.orders[0]).toMatchObject({
      leg: 'close',
      side: 'sell',
      quantityBase: null,
      reduceOnly: true,
      priority: 0,
      expiresAtMs: null,
    })
  })

  test('of a side that the sender has left since is skipped', () => {
    expect(decide(input({ alert: close, positions: [long], chain: { verdict: 'late' } }))).toMatchObject({
      outcome: 'SKIPPED',
      reason: 'CHAIN_LATE',
    })
  })

  test('with nothing there is skipped, and leaves what another source holds', () => {
    expect(decide(input({ alert: close }))).toMatchObject({ outcome: 'SKIPPED', reason: 'NOTHING_TO_CLOSE' })
    expect(decide(input({ alert: close, positions: [{ ...long, routeId: 'other' }] }))).toMatchObject({
      outcome: 'SKIPPED',
      reason: 'NOTHING_TO_CLOSE',
    })
    expect(
      decide(input({ alert: close, positions: [{ ...long, routeId: 'other' }], route: { id: 'hand', sourceKind: 'MANUAL' } })).outcome,
    ).toBe('ORDERS')
  })

  test('right after its open closes what is still on its way', () => {
    expect(
      decide(
        input({
          alert: close,
          pendingOpens: [{ symbol: 'BTC/USDT:USDT', side: 'buy', openBase: '0.01', reservedQuote: '50', routeId: 'route' }],
        }),
      ).orders,
    ).toHaveLength(1)
  })

  test('of everything is one order a symbol', () => {
    const decision = decide(input({ alert: alert({ action: 'close_all' }), positions: [long, { ...long, symbol: 'ETH/USDT:USDT' }] }))
    expect(decision.orders.map((order) => order.cause)).toEqual(['signal:BTC/USDT:USDT', 'signal:ETH/USDT:USDT'])
  })
})

describe('a reversal that may not open', () => {
  const flip = { alert: alert({ action: 'sell', quantity: '0.01' }), positions: [long] }

  test.each([
    ['the kill switch is on', { killSwitch: true }, 'KILL_SWITCH'],
    ['the bot is off', { settings: { ...settings, isEnabled: false } }, 'BOT_DISABLED'],
    ['the alert is old', { nowMs: 9_000_000 }, 'SIGNAL_TOO_OLD'],
    ['one before it is missing', { chain: { verdict: 'held', missingFrom: 'long', missingTo: 'flat' } }, 'CHAIN_HELD'],
    ['the stop is on the wrong side', { alert: alert({ action: 'sell', quantity: '0.01', stopLoss: '40000' }) }, 'STOP_WRONG_SIDE'],
  ] satisfies [string, Partial<DecisionInput>, string][])('still closes when %s', (_name, change, reason) => {
    const decision = decide(input({ ...flip, ...change }))
    expect(decision).toMatchObject({ outcome: 'ORDERS', intent: 'reverse', reason })
    expect(decision.orders).toMatchObject([{ leg: 'close', side: 'sell', reduceOnly: true }])
  })

  test('closes nothing by hand, nothing of another source, and nothing once overtaken', () => {
    expect(decide(input({ ...flip, killSwitch: true, route: { id: 'hand', sourceKind: 'MANUAL' } }))).toMatchObject({
      outcome: 'BLOCKED',
      orders: [],
    })
    expect(decide(input({ ...flip, positions: [{ ...long, routeId: 'other' }] }))).toMatchObject({
      outcome: 'BLOCKED',
      reason: 'SYMBOL_OWNED',
      orders: [],
    })
    expect(decide(input({ ...flip, chain: { verdict: 'late' } }))).toMatchObject({ outcome: 'BLOCKED', reason: 'CHAIN_LATE', orders: [] })
    expect(decide(input({ ...flip, overtaken: true }))).toMatchObject({ outcome: 'BLOCKED', reason: 'SUPERSEDED', orders: [] })
  })
})

test('a spot ticker closes even where it may not open', () => {
  const settingsWithout = { ...settings, spotTickerToPerp: false }
  expect(
    decide(input({ alert: alert({ action: 'close', symbol: 'BTCUSDT' }), positions: [long], settings: settingsWithout })).outcome,
  ).toBe('ORDERS')
})

test('an add counts what is on its way', () => {
  const grow = alert({
    action: 'buy',
    market_position: 'long',
    prev_market_position: 'long',
    market_position_size: '0.03',
    quantity: '0.02',
  })
  const decision = decide(
    input({
      alert: grow,
      pendingOpens: [{ symbol: 'BTC/USDT:USDT', side: 'buy', openBase: '0.01', reservedQuote: '50', routeId: 'route' }],
    }),
  )
  expect(decision).toMatchObject({ intent: 'add' })
  expect(decision.orders[0]?.quantityBase).toBe('0.02')
})

test('a limit price goes to its tick and never past what was asked', () => {
  const limit = (action: string) =>
    decide(input({ alert: alert({ action, quantity: '0.01', type: 'limit', price: '50000.17' }) })).orders[0]?.price
  expect(limit('buy')).toBe('50000.1')
  expect(limit('sell')).toBe('50000.2')
})

test('a reversal closes first and opens only after it', () => {
  const decision = decide(input({ alert: alert({ action: 'sell', quantity: '0.01' }), positions: [long] }))
  expect(decision.intent).toBe('reverse')
  expect(decision.orders.map((order) => [order.leg, order.side, order.afterClose])).toEqual([
    ['close', 'sell', false],
    ['open', 'sell', true],
  ])
})

test('a test alert on a live account decides nothing that trades', () => {
  const account = {
    exchange: 'BINANCE',
    environment: 'LIVE',
    isActive: true,
    keyStatus: 'VALID',
    certified: true,
    positionMode: 'ONE_WAY',
    trailing: 'percent',
  } as const
  expect(decide(input({ account, signal: { id: 's', source: 'TEST', receivedAtMs: 1_000_000 } }))).toMatchObject({
    outcome: 'BLOCKED',
    reason: 'TEST_ALERT_ON_LIVE',
  })
})

test('whatever the mode, an opening order is on the step, above the minimum and affordable', () => {
  const anyInput = fc.record({
    sizingMode: fc.constantFrom('alert', 'percent-of-equity', 'fixed-quote'),
    quantity: fc.option(fc.integer({ min: 1, max: 5_000_000 }).map((steps) => new Decimal(steps).div(100_000).toFixed())),
    equity: fc.integer({ min: 0, max: 1_000_000 }),
    price: fc.integer({ min: 100, max: 1_000_000 }).map((cents) => new Decimal(cents).div(10).toFixed()),
    leverage: fc.integer({ min: 1, max: 125 }),
    side: fc.constantFrom('buy', 'sell'),
  })
  fc.assert(
    fc.property(anyInput, ({ sizingMode, quantity, equity, price, leverage, side }) => {
      const decision = decide(
        input({
          alert: alert({ action: side, leverage, ...(quantity === null ? {} : { quantity }) }),
          settings: { ...settings, sizingMode },
          funds: { equity: String(equity), available: String(equity) },
          markOf: () => price,
        }),
      )
      const [order] = decision.orders
      if (order === undefined) return decision.reason !== null
      const size = new Decimal(order.quantityBase ?? 0)
      const notional = size.mul(price)
      return (
        size.mod('0.001').isZero() &&
        size.lte(String(decision.numbers['wantedBase'])) &&
        notional.gte(100) &&
        order.side === side &&
        notional.div(order.leverage ?? 1).lte(equity) &&
        (order.leverage ?? 0) <= 50
      )
    }),
    { numRuns: 500 },
  )
})

const anyWords = fc.record(
  {
    action: fc.constantFrom('buy', 'sell', 'close', 'exit_long', 'enter_short', 'close_all', 'cancel'),
    side: fc.constantFrom('long', 'short'),
    market_position: fc.constantFrom('long', 'short'),
    prev_market_position: fc.constantFrom('long', 'short', 'flat'),
    market_position_size: fc.constantFrom('0', '0.01', '0.05'),
    prev_market_position_size: fc.constantFrom('0', '0.02', '0.05'),
    quantity: fc.constantFrom('0', '0.01', '0.03', '2'),
  },
  { requiredKeys: [] },
)
const anyState = fc.record({
  position: fc.option(
    fc.record({ side: fc.constantFrom('LONG' as const, 'SHORT' as const), quantityBase: fc.constantFrom('0.01', '0.02', '0.5') }),
  ),
  pending: fc.option(fc.record({ side: fc.constantFrom('buy' as const, 'sell' as const), openBase: fc.constantFrom('0.01', '0.4') })),
  sizingMode: fc.constantFrom('alert' as const, 'percent-of-equity' as const, 'fixed-quote' as const),
  killSwitch: fc.boolean(),
})
type State = typeof anyState extends fc.Arbitrary<infer T> ? T : never

function inState(body: Record<string, string>, { position, pending, sizingMode, killSwitch }: State): DecisionInput | undefined {
  const parsed = parseAlert(new TextEncoder().encode(JSON.stringify({ symbol: 'BTCUSDT.P', ...body })))
  if (!parsed.ok) return undefined
  return input({
    alert: parsed.alert,
    positions: position === null ? [] : [{ ...long, ...position }],
    pendingOpens: pending === null ? [] : [{ symbol: 'BTC/USDT:USDT', reservedQuote: '0', routeId: 'route', ...pending }],
    settings: { ...settings, sizingMode },
    killSwitch,
  })
}

test('whatever else an alert says, flat only closes', () => {
  fc.assert(
    fc.property(anyWords, anyState, fc.constantFrom('side', 'market_position', 'sentiment'), (words, state, key) => {
      const given = inState({ ...words, [key]: 'flat' }, state)
      return given === undefined || decide(given).orders.every((order) => order.reduceOnly && order.leg === 'close')
    }),
    { numRuns: 2_000 },
  )
})

test('opens go the way of the words, reductions against the position, and the same input decides the same', () => {
  fc.assert(
    fc.property(anyWords, anyState, (words, state) => {
      const given = inState(words, state)
      if (given === undefined) return true
      const decision = decide(given)
      const says = words.market_position ?? (/buy|long/.test(words.action ?? words.side ?? '') ? 'long' : 'short')
      const opensRight = decision.orders.every(
        (order) => order.leg !== 'open' || (order.side === (says === 'long' ? 'buy' : 'sell') && !given.killSwitch),
      )
      const reducesRight = decision.orders.every(
        (order) => order.leg !== 'reduce' || order.side === (given.positions[0]?.side === 'LONG' ? 'sell' : 'buy'),
      )
      const explained = decision.outcome === 'ORDERS' || (decision.reason !== null && decision.orders.length === 0)
      const uniqueLegs = new Set(decision.orders.map((order) => `${order.cause} ${order.leg}`)).size === decision.orders.length
      return opensRight && reducesRight && explained && uniqueLegs && JSON.stringify(decide(given)) === JSON.stringify(decision)
    }),
    { numRuns: 3_000 },
  )
})
