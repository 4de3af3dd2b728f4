import { createTimings } from '@matic/platform'
import { describe, expect, it } from 'vitest'
import { levelsTaken, levelNeeds, trailingNeeds } from './missing-extras.ts'
import type { EpochOrder, ProtectionNeed } from './missing-protection.ts'
import type { PositionRow } from './rows.ts'

const nowMs = 1_000_000
const market = { stepSize: '0.001', minQuantity: '0.001' }
const plan: NonNullable<PositionRow['plan']> = {
  targets: [
    { price: '105', share: '0.5' },
    { price: '110', share: '0.5' },
  ],
  breakEven: null,
  trailing: { percent: '1', activationPrice: '103' },
}

function position(fields: Partial<PositionRow> = {}): PositionRow {
  return {
    id: 'p',
    userId: 'u',
    accountId: 'a',
    routeId: null,
    symbol: 'BTC/USDT:USDT',
    positionSide: 'BOTH',
    epoch: 1,
    side: 'LONG',
    quantityBase: '1',
    entryPrice: '100',
    leverage: 10,
    marginMode: 'cross',
    protection: 'PROTECTED',
    stopPrice: '95',
    targetPrice: null,
    plan,
    markPrice: '101',
    unprotectedSince: null,
    openedAt: new Date(0),
    closedAt: null,
    syncedAt: new Date(nowMs),
    version: 1,
    ...fields,
  }
}

let revisions = 0
function order(fields: Partial<EpochOrder>): EpochOrder {
  revisions += 1
  return {
    id: `o${revisions}`,
    userId: 'u',
    accountId: 'a',
    routeId: null,
    signalId: null,
    decisionId: null,
    cause: 'position:p:1',
    leg: 'target',
    revision: revisions,
    clientOrderId: `c${revisions}`,
    symbol: 'BTC/USDT:USDT',
    side: 'sell',
    positionSide: 'BOTH',
    type: 'take-profit-market',
    quantityBase: '0.5',
    reduceFraction: null,
    price: null,
    triggerPrice: '105',
    reduceOnly: true,
    leverage: null,
    marginMode: null,
    stopPrice: null,
    targetPrice: null,
    stopFraction: null,
    targetFraction: null,
    plan: null,
    level: 1,
    callbackPercent: null,
    state: 'ACKED',
    priority: 1,
    dependsOnId: null,
    notBefore: null,
    expiresAt: null,
    tries: 1,
    reason: null,
    cancelRequestedAt: null,
    fanOutId: null,
    isCanary: false,
    exchangeOrderId: null,
    filledBase: '0',
    averagePrice: null,
    createdAt: new Date(0),
    submittedAt: null,
    version: 1,
    endedAt: null,
    ...fields,
  }
}

const words = (needs: readonly ProtectionNeed[]) =>
  needs.map((need) => {
    if (need.kind === 'replace') return `replace ${need.order.leg} ${need.order.level ?? ''}`.trim()
    if (need.kind === 'give-up') return `give up ${need.leg}`
    return `${need.leg} ${need.level ?? ''} ${need.quantityBase} at ${need.triggerPrice ?? 'once'}`.replace('  ', ' ')
  })
const input = (held: PositionRow, orders: EpochOrder[]) => ({ position: held, orders, market, nowMs, timings: createTimings() })
const levels = (held: PositionRow, orders: EpochOrder[]) => words(levelNeeds(input(held, orders)))
const trails = (held: PositionRow, orders: EpochOrder[]) => words(trailingNeeds(input(held, orders)))
const second = (fields: Partial<EpochOrder> = {}) => order({ level: 2, triggerPrice: '110', ...fields })
const trailing = (fields: Partial<EpochOrder> = {}) =>
  order({
    leg: 'trailing',
    type: 'trailing-stop-market',
    level: null,
    quantityBase: '1',
    triggerPrice: null,
    callbackPercent: '1',
    ...fields,
  })

describe('another trailing stop than the one that rests', () => {
  const wide = position({ plan: { ...plan, trailing: { percent: '3', activationPrice: null } } })
  const next = trailing({ callbackPercent: '3' })

  it('rests before the former goes, and a share’s after', () => {
    expect(trails(wide, [trailing()])).toEqual(['trailing 1 at once'])
    expect(trails(wide, [trailing(), { ...next, state: 'READY' }])).toEqual([])
    expect(trails(wide, [trailing(), next])).toEqual(['replace trailing'])
    expect(trails({ ...wide, shareOf: 'w' }, [trailing()])).toEqual(['replace trailing'])
  })

  it('is one that begins elsewhere, unless the one that rests has begun', () => {
    const later = position({ plan: { ...plan, trailing: { percent: '1', activationPrice: '104' } } })
    expect(trails(later, [trailing({ triggerPrice: '103' })])).toEqual(['trailing 1 at 104'])
    expect(trails(later, [trailing()])).toEqual([])
  })
})

describe('several targets', () => {
  it.each([
    ['rest with their shares', position(), [], ['target 1 0.5 at 105', 'target 2 0.5 at 110']],
    ['are left alone while they are as wanted', position(), [order({}), second()], []],
    [
      'are left alone while one is on its way',
      position({ quantityBase: '0.4' }),
      [order({ state: 'UNKNOWN' }), second({ state: 'SUBMITTING' })],
      [],
    ],
    [
      'are made anew when the position is another',
      position({ quantityBase: '0.4' }),
      [order({}), second()],
      ['replace target 1', 'replace target 2'],
    ],
    [
      'come back with the new size',
      position({ quantityBase: '0.4' }),
      [order({ state: 'CANCELED' }), second({ quantityBase: '0.2' })],
      ['target 1 0.2 at 105'],
    ],
    [
      'keep their size when one has filled',
      position({ quantityBase: '0.5' }),
      [order({ state: 'FILLED', endedAt: new Date(0) }), second()],
      [],
    ],
    ['wait while one has just filled', position(), [order({ state: 'FILLED', endedAt: new Date(nowMs - 100) }), second()], []],
    [
      'are taken at market where they were reached too early',
      position(),
      [order({ state: 'REJECTED', reason: 'REJECTED_WOULD_TRIGGER' }), second()],
      ['reduce 1 0.5 at once'],
    ],
    [
      'are taken once',
      position(),
      [order({ state: 'REJECTED', reason: 'REJECTED_WOULD_TRIGGER' }), order({ leg: 'reduce', state: 'UNKNOWN' }), second()],
      [],
    ],
    ['go when nobody wants them any more', position({ plan: null }), [order({}), second()], ['replace target 1', 'replace target 2']],
    [
      'are given up after refusals',
      position(),
      [order({ state: 'REJECTED' }), order({ state: 'REJECTED' }), order({ state: 'REJECTED' }), second()],
      [],
    ],
  ] as const)('%s', (_name, held, orders, needs) => {
    expect(levels(held, [...orders])).toEqual(needs)
  })

  it('count as taken by the exchange or at market', () => {
    expect([
      ...levelsTaken([
        order({ state: 'FILLED' }),
        order({ leg: 'reduce', level: 2, state: 'MOOT' }),
        order({ level: 3, state: 'CANCELED' }),
      ]),
    ]).toEqual([1, 2])
  })
})

describe('a trailing stop', () => {
  it.each([
    ['rests for the whole position, from where it is to begin', position(), [], ['trailing 1 at 103']],
    ['begins at once where the price is beyond that', position({ markPrice: '104' }), [], ['trailing 1 at once']],
    ['is never made anew for a smaller position', position({ quantityBase: '0.3' }), [trailing()], []],
    ['gets another one beside it for a larger one', position({ quantityBase: '1.5' }), [trailing()], ['trailing 0.5 at 103']],
    ['waits while one is on its way', position(), [trailing({ state: 'UNKNOWN' })], []],
    ['goes when nobody wants it any more', position({ plan: { ...plan, trailing: null } }), [trailing()], ['replace trailing']],
    [
      'is given up after refusals',
      position(),
      [trailing({ state: 'REJECTED' }), trailing({ state: 'REJECTED' }), trailing({ state: 'REJECTED' })],
      ['give up trailing'],
    ],
  ] as const)('%s', (_name, held, orders, needs) => {
    expect(trails(held, [...orders])).toEqual(needs)
  })
})
