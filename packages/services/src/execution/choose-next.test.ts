import { DEFAULT_RULES } from '@matic/contracts'
import { createTimings } from '@matic/platform'
import { describe, expect, it } from 'vitest'
import { chooseNext } from './choose-next.ts'
import type { Step } from './choose-next.ts'
import type { LaneOrder, LaneView } from './lane-view.ts'
import type { AttemptRow, PositionRow } from './rows.ts'

const nowMs = 1_000_000
const BTC = 'BTC/USDT:USDT'
const ETH = 'ETH/USDT:USDT'
const at = (ms: number) => new Date(nowMs + ms)

function order(id: string, fields: Partial<LaneOrder> = {}): LaneOrder {
  const leg = fields.leg ?? 'open'
  return {
    id,
    userId: 'u',
    accountId: 'a',
    routeId: null,
    signalId: null,
    decisionId: null,
    cause: id,
    leg,
    revision: 1,
    clientOrderId: `m${id}`,
    symbol: BTC,
    side: leg === 'open' ? 'buy' : 'sell',
    positionSide: 'BOTH',
    type: 'market',
    quantityBase: leg === 'open' ? '1' : null,
    reduceFraction: null,
    price: null,
    triggerPrice: null,
    reduceOnly: leg !== 'open',
    leverage: null,
    marginMode: null,
    stopPrice: null,
    targetPrice: null,
    stopFraction: null,
    targetFraction: null,
    plan: null,
    level: null,
    callbackPercent: null,
    state: 'READY',
    priority: leg === 'open' ? 2 : leg === 'stop' || leg === 'target' ? 1 : 0,
    dependsOnId: null,
    dependsOnState: null,
    overtaken: false,
    stopped: null,
    notBefore: null,
    expiresAt: null,
    tries: 0,
    reason: null,
    cancelRequestedAt: null,
    fanOutId: null,
    isCanary: false,
    exchangeOrderId: null,
    filledBase: '0',
    averagePrice: null,
    createdAt: at(-100),
    submittedAt: null,
    version: 1,
    ...fields,
  }
}
function position(fields: Partial<PositionRow> = {}): PositionRow {
  return {
    id: 'p',
    userId: 'u',
    accountId: 'a',
    routeId: null,
    symbol: BTC,
    positionSide: 'BOTH',
    epoch: 1,
    side: 'LONG',
    quantityBase: '2',
    entryPrice: '100',
    leverage: 10,
    marginMode: 'cross',
    protection: 'NONE',
    stopPrice: null,
    targetPrice: null,
    plan: null,
    markPrice: null,
    unprotectedSince: null,
    openedAt: at(-5_000),
    closedAt: null,
    syncedAt: at(-50),
    version: 1,
    ...fields,
  }
}
function attempt(orderId: string, agoMs: number, nextInMs = 100): AttemptRow {
  return {
    id: `${orderId}-1`,
    orderId,
    accountId: 'a',
    number: 1,
    clientOrderId: `m${orderId}`,
    signedAtMs: String(nowMs - agoMs),
    state: 'UNKNOWN',
    lookups: 0,
    negatives: 0,
    nextLookupAt: at(nextInMs),
    createdAt: at(-agoMs),
  }
}
function view(fields: Partial<LaneView> = {}): LaneView {
  const market = (symbol: string) => ({
    symbol,
    marketId: symbol,
    base: 'BTC',
    quote: 'USDT',
    tickSize: '0.1',
    stepSize: '0.001',
    minQuantity: '0.001',
    maxQuantity: null,
    minNotional: '5',
    maxLeverage: 125,
    contractSize: '1',
    active: true,
  })
  return {
    nowMs,
    account: {
      id: 'a',
      userId: 'u',
      exchange: 'PAPER',
      isActive: true,
      keyStatus: 'VALID',
      certified: true,
      syncedAtMs: nowMs - 1_000,
      walletBalance: '1000',
    },
    entitled: true,
    killSwitch: false,
    rules: DEFAULT_RULES,
    result: null,
    orders: [],
    attempts: [],
    positions: [],
    markets: new Map([
      [BTC, market(BTC)],
      [ETH, market(ETH)],
    ]),
    opensPausedUntilMs: 0,
    clockUsable: true,
    trustReadingsSinceMs: nowMs - 60_000,
    timings: createTimings(),
    ...fields,
  }
}
function told(step: Step): string {
  switch (step.kind) {
    case 'send':
      return `send ${step.orders.map((chosen) => [chosen.order.id, chosen.side, chosen.quantityBase].join(' ')).join(', ')}`
    case 'resolve':
    case 'cancel':
      return `${step.kind} ${step.orders.map((each) => each.id).join(', ')}`
    case 'prepare':
      return `prepare ${step.order.id}`
    case 'refresh':
    case 'reconcile':
    case 'look':
    case 'wait':
      return step.kind
  }
}
const choose = (fields: Partial<LaneView>) => {
  const { step, endings } = chooseNext(view(fields))
  return [told(step), ...endings.map((ending) => `${ending.order.id} ${ending.state} ${ending.reason}`)]
}
const unknownOpen = (symbol: string) => ({ orders: [order('lost', { state: 'UNKNOWN', symbol })], attempts: [attempt('lost', 9_000)] })

describe('closes', () => {
  it('go before opens and take the real position, whatever side was written', () => {
    expect(
      choose({ orders: [order('o', { createdAt: at(-900) }), order('c', { leg: 'close', side: 'buy' })], positions: [position()] }),
    ).toEqual(['send c sell 2'])
  })
  it('wait for nothing on other symbols', () => {
    const lost = unknownOpen(ETH)
    expect(choose({ ...lost, orders: [...lost.orders, order('c', { leg: 'close' })], positions: [position()] })).toEqual(['send c sell 2'])
  })
  it('read the position first when it is old, unknown, or older than a request on its way', () => {
    const close = order('c', { leg: 'close' })
    expect(choose({ orders: [close], positions: [position({ syncedAt: at(-5_000) })] })).toEqual(['refresh'])
    expect(choose({ orders: [close] })).toEqual(['refresh'])
    const lost = unknownOpen(BTC)
    expect(choose({ ...lost, orders: [...lost.orders, close], positions: [position({ syncedAt: at(-9_500) })] })).toEqual(['refresh'])
  })
  it('are moot on a flat position, but not while an open there may still appear', () => {
    const close = order('c', { leg: 'close' })
    const flat = position({ quantityBase: '0' })
    expect(choose({ orders: [close], positions: [flat] })).toEqual(['wait', 'c MOOT POSITION_ALREADY_CLOSED'])
    const lost = unknownOpen(BTC)
    expect(choose({ ...lost, orders: [...lost.orders, close], positions: [flat] })).toEqual(['wait'])
  })
  it('take no more at once than the market allows', () => {
    const markets = new Map([...view().markets].map(([symbol, market]) => [symbol, { ...market, maxQuantity: '0.5' }]))
    expect(choose({ markets, orders: [order('c', { leg: 'close' })], positions: [position()] })).toEqual(['send c sell 0.5'])
  })
  it('go out again after a while although their outcome is unknown, partial ones never', () => {
    expect(
      choose({ orders: [order('c', { leg: 'close', state: 'UNKNOWN' })], attempts: [attempt('c', 3_900)], positions: [position()] }),
    ).toEqual(['wait'])
    expect(
      choose({ orders: [order('c', { leg: 'close', state: 'UNKNOWN' })], attempts: [attempt('c', 4_100)], positions: [position()] }),
    ).toEqual(['send c sell 2'])
    expect(
      choose({
        orders: [order('r', { leg: 'reduce', state: 'UNKNOWN', quantityBase: '1' })],
        attempts: [attempt('r', 9_000)],
        positions: [position()],
      }),
    ).toEqual(['wait'])
  })
  it('clear working opens of their symbol first', () => {
    const working = order('w', { state: 'ACKED', type: 'limit', cancelRequestedAt: at(-1) })
    expect(choose({ orders: [order('c', { leg: 'close' }), working], positions: [position()] })).toEqual(['cancel w'])
    expect(choose({ orders: [order('c', { leg: 'close' }), { ...working, notBefore: at(50) }], positions: [position()] })).toEqual([
      'send c sell 2',
    ])
  })
  it('reduce by a fraction of what is there, and never the other side', () => {
    expect(choose({ orders: [order('r', { leg: 'reduce', reduceFraction: '0.25' })], positions: [position()] })).toEqual([
      'send r sell 0.5',
    ])
    expect(choose({ orders: [order('r', { leg: 'reduce', side: 'buy', quantityBase: '1' })], positions: [position()] })).toEqual([
      'wait',
      'r MOOT POSITION_ALREADY_CLOSED',
    ])
  })
})

describe('opens', () => {
  it('wait for unknown outcomes, the clock, a paused exchange and a fresh account', () => {
    const lost = unknownOpen(ETH)
    expect(choose({ ...lost, orders: [...lost.orders, order('o')] })).toEqual(['wait'])
    expect(choose({ orders: [order('o')], clockUsable: false })).toEqual(['wait'])
    expect(choose({ orders: [order('o')], opensPausedUntilMs: nowMs + 1 })).toEqual(['wait'])
    expect(choose({ orders: [order('o')] })).toEqual(['send o buy 1'])
  })
  it('of an account not read lately wait for a look where it holds nothing, for a whole reading otherwise', () => {
    const stale = { orders: [order('o')], trustReadingsSinceMs: nowMs }
    expect(choose(stale)).toEqual(['look'])
    expect(choose({ ...stale, positions: [position()] })).toEqual(['reconcile'])
    expect(choose({ ...stale, wholes: [position()] })).toEqual(['reconcile'])
    expect(choose({ ...stale, orders: [order('o'), order('rests', { state: 'ACKED' })] })).toEqual(['reconcile'])
    const neverRead = { ...view().account, syncedAtMs: null, walletBalance: null }
    expect(choose({ ...stale, account: neverRead })).toEqual(['reconcile'])
  })
  it('wait for the close they depend on, and end with it', () => {
    const dependent = (dependsOnState: LaneOrder['state']) => choose({ orders: [order('o', { dependsOnId: 'c', dependsOnState })] })
    expect(dependent('ACKED')).toEqual(['wait'])
    expect(dependent('FILLED')).toEqual(['send o buy 1'])
    expect(dependent('MOOT')).toEqual(['send o buy 1'])
    expect(dependent('REJECTED')).toEqual(['wait', 'o BLOCKED DEPENDENCY_FAILED'])
  })
  it('wait while a close of their symbol is only waiting for its time', () => {
    const close = order('c', { leg: 'close', notBefore: at(500) })
    expect(choose({ orders: [close, order('o')], positions: [position()] })).toEqual(['wait'])
    expect(choose({ orders: [close, order('o', { symbol: ETH })], positions: [position()] })).toEqual(['send o buy 1'])
  })
  it('of a reversal wait until the other side is really gone', () => {
    const turn = order('o', { side: 'sell', dependsOnId: 'c', dependsOnState: 'FILLED' })
    expect(choose({ orders: [turn], positions: [position({ quantityBase: '0.1' })] })).toEqual(['wait'])
    expect(choose({ orders: [turn], positions: [position({ quantityBase: '0' })] })).toEqual(['send o sell 1'])
  })
  it('set leverage and margin mode first where they differ', () => {
    const wanting = order('o', { leverage: 20, marginMode: 'isolated' })
    expect(choose({ orders: [wanting] })).toEqual(['prepare o'])
    expect(choose({ orders: [wanting], positions: [position({ quantityBase: '0', leverage: 20, marginMode: 'isolated' })] })).toEqual([
      'send o buy 1',
    ])
  })
  it('never exceed the number of positions, the same symbol not counted', () => {
    const full = { rules: { ...DEFAULT_RULES, maxPositions: 1 }, positions: [position({ symbol: ETH })] }
    expect(choose({ ...full, orders: [order('o')] })).toEqual(['wait', 'o BLOCKED MAX_POSITIONS'])
    expect(choose({ ...full, orders: [order('o', { symbol: ETH })] })).toEqual(['send o buy 1'])
  })
  it('give way to a later close of their symbol', () => {
    expect(choose({ orders: [order('o', { overtaken: true })] })).toEqual(['wait', 'o SUPERSEDED SUPERSEDED'])
  })
})

describe('protection', () => {
  const stop = order('s', { leg: 'stop', type: 'stop-market', cause: 'position:p:1', triggerPrice: '95' })
  const target = order('t', { leg: 'target', type: 'take-profit-market', cause: 'position:p:1', triggerPrice: '110' })
  it('leaves together and before opens, even while an outcome is unknown', () => {
    expect(choose({ orders: [order('o'), target, stop], positions: [position()] })).toEqual(['send s sell , t sell '])
    const lost = unknownOpen(ETH)
    expect(choose({ ...lost, orders: [...lost.orders, stop], positions: [position()] })).toEqual(['send s sell '])
  })
  it('of a position that is gone is never sent, and taken off where it rests', () => {
    const flat = position({ quantityBase: '0' })
    expect(choose({ orders: [stop], positions: [flat] })).toEqual(['wait', 's CANCELED CANCELED_SIBLING'])
    expect(choose({ orders: [order('o'), { ...stop, state: 'ACKED' }], positions: [flat] })).toEqual(['cancel s'])
    expect(choose({ orders: [{ ...stop, state: 'ACKED' }], positions: [position({ epoch: 2 })] })).toEqual(['cancel s'])
    const both = [stop, target].map((each) => ({ ...each, state: 'ACKED' as const }))
    expect(choose({ orders: both, positions: [flat] })).toEqual(['cancel s, t'])
  })
  it('goes out again once its last request can no longer be accepted', () => {
    const lost = { ...stop, state: 'UNKNOWN' as const }
    expect(choose({ orders: [lost], attempts: [attempt('s', 3_900)], positions: [position()] })).toEqual(['wait'])
    expect(choose({ orders: [lost], attempts: [attempt('s', 4_100)], positions: [position()] })).toEqual(['send s sell '])
  })
  it('waits for the earlier revision to be gone', () => {
    expect(
      choose({
        orders: [
          { ...stop, id: 's1', state: 'ACKED', notBefore: at(5) },
          { ...stop, revision: 2 },
        ],
        positions: [position()],
      }),
    ).toEqual(['wait'])
  })
})

it('looks up what is due before anything but closes', () => {
  expect(choose({ orders: [order('lost', { state: 'UNKNOWN' }), order('o')], attempts: [attempt('lost', 600, -1)] })).toEqual([
    'resolve lost',
  ])
})

it('sends nothing for an account whose key is not good', () => {
  const account = { ...view().account, keyStatus: 'INVALID' as const }
  expect(choose({ account, orders: [order('o'), order('c', { leg: 'close' })], positions: [position()] })).toEqual([
    'wait',
    'c REJECTED KEY_INVALID',
    'o BLOCKED KEY_INVALID',
  ])
})

it('goes on closing for an account that is frozen, and opens nothing', () => {
  const account = { ...view().account, keyStatus: 'FROZEN' as const }
  expect(choose({ account, orders: [order('o'), order('c', { leg: 'close' })], positions: [position()] })).toEqual([
    'send c sell 2',
    'o BLOCKED ACCOUNT_NOT_READY',
  ])
})

describe('a close of a share that the exchange finds too small to open for', () => {
  const small = order('c', {
    leg: 'close',
    routeId: 'mine',
    nets: true,
    reason: 'CLOSE_WAITS',
    notBefore: at(60_000),
    createdAt: at(-70_000),
  })
  const share = (id: string, side: 'LONG' | 'SHORT', quantityBase: string) =>
    position({ id, routeId: id, side, quantityBase, shareOf: 'p' })
  const whole = (side: 'LONG' | 'SHORT', quantityBase: string) => ({ wholes: [position({ side, quantityBase })] })
  const open = (routeId: string, more: Partial<LaneOrder> = {}) => order('o', { routeId, nets: true, ...more })
  const opposed = { positions: [share('mine', 'SHORT', '0.001'), share('other', 'LONG', '0.03')], ...whole('LONG', '0.029') }

  it('waits while the other side is the greater, and holds up nobody’s opening', () => {
    expect(choose({ ...opposed, orders: [small] })).toEqual(['wait'])
    expect(choose({ ...opposed, orders: [small, open('other')] })).toEqual(['send o buy 1'])
    const asked = { ...small, reason: null }
    expect(choose({ ...opposed, orders: [asked, open('other')] })).toEqual(['wait'])
  })
  it('goes by reducing as soon as others have closed, as far as that takes off', () => {
    expect(choose({ positions: [share('mine', 'SHORT', '0.001')], ...whole('SHORT', '0.001'), orders: [small] })).toEqual([
      'send c buy 0.001',
    ])
    const some = { positions: [share('mine', 'SHORT', '0.004'), share('other', 'LONG', '0.003')], ...whole('SHORT', '0.001') }
    expect(chooseNext(view({ ...some, orders: [small] })).step).toMatchObject({
      orders: [{ quantityBase: '0.001', crosses: false }],
    })
  })
  it('is part of what its source opens anew, unless that waits for it', () => {
    expect(choose({ ...opposed, orders: [small, open('mine')] })).toEqual(['send o buy 1', 'c SUPERSEDED CLOSE_JOINED'])
    expect(choose({ ...opposed, orders: [small, open('mine', { dependsOnId: 'c', dependsOnState: 'READY' })] })).toEqual(['wait'])
  })
})

it('a share that is there while nothing is at the exchange has what took it booked before its close counts as done', () => {
  const share = position({ shareOf: 'p', quantityBase: '0.02' })
  const emergency = (agoMs: number) => order('c', { leg: 'emergency', nets: true, createdAt: at(-agoMs) })
  const gone = (readMsAgo: number) => ({ positions: [share], wholes: [position({ quantityBase: '0', syncedAt: at(-readMsAgo) })] })
  expect(choose({ ...gone(1_000), orders: [emergency(100)] })).toEqual(['reconcile'])
  expect(choose({ ...gone(10), orders: [emergency(100)] })).toEqual(['wait'])
  expect(choose({ ...gone(1_000), orders: [emergency(60_000)] })).toEqual(['wait', 'c MOOT POSITION_ALREADY_CLOSED'])
})
