import { createTimings } from '@matic/platform'
import { expect, it } from 'vitest'
import { missingProtection } from './missing-protection.ts'
import type { EpochOrder } from './missing-protection.ts'
import type { PositionRow } from './rows.ts'

const nowMs = 1_000_000
const at = (ms: number) => new Date(nowMs + ms)

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
    protection: 'PROTECTING',
    stopPrice: '95',
    targetPrice: null,
    plan: null,
    markPrice: null,
    unprotectedSince: at(-1_000),
    openedAt: at(-1_000),
    closedAt: null,
    syncedAt: at(-1_000),
    version: 1,
    ...fields,
  }
}
function order(leg: EpochOrder['leg'], state: EpochOrder['state'], fields: Partial<EpochOrder> = {}): EpochOrder {
  return {
    id: `${leg}1`,
    userId: 'u',
    accountId: 'a',
    routeId: null,
    signalId: null,
    decisionId: null,
    cause: 'position:p:1',
    leg,
    revision: 1,
    clientOrderId: 'm',
    symbol: 'BTC/USDT:USDT',
    side: 'sell',
    positionSide: 'BOTH',
    type: 'stop-market',
    quantityBase: null,
    reduceFraction: null,
    price: null,
    triggerPrice: leg === 'stop' ? '95' : leg === 'target' ? '110' : null,
    reduceOnly: true,
    leverage: null,
    marginMode: null,
    stopPrice: null,
    targetPrice: null,
    stopFraction: null,
    targetFraction: null,
    plan: null,
    level: null,
    callbackPercent: null,
    state,
    priority: 1,
    dependsOnId: null,
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
    createdAt: at(-900),
    submittedAt: null,
    version: 1,
    endedAt: state === 'READY' || state === 'SUBMITTING' || state === 'UNKNOWN' || state === 'ACKED' ? null : at(-60_000),
    ...fields,
  }
}
const standIn = (state: EpochOrder['state'], fields: Partial<EpochOrder> = {}) =>
  order('stop', state, { revision: 2, triggerPrice: '97', quantityBase: '1', ...fields })
const needs = (held: PositionRow, orders: EpochOrder[]) =>
  missingProtection({ position: held, orders, nowMs, timings: createTimings() }).map((need) =>
    need.kind === 'place'
      ? [need.leg, need.revision, need.triggerPrice, need.quantityBase && `for ${need.quantityBase}`, need.reason]
          .filter((part) => part !== null)
          .join(' ')
      : need.kind === 'replace'
        ? `replace ${need.order.leg} ${need.order.revision}`
        : `give up ${need.leg}`,
  )

it.each([
  ['nothing of a flat position', position({ quantityBase: '0' }), [], []],
  ['a stop that was never placed', position(), [], ['stop 1 95']],
  ['stop and target', position({ targetPrice: '110' }), [], ['stop 1 95', 'target 1 110']],
  ['nothing while one is on its way', position(), [order('stop', 'UNKNOWN')], []],
  ['nothing while one rests', position(), [order('stop', 'ACKED')], []],
  ['one that stands in where the price moved', position({ stopPrice: '97' }), [order('stop', 'ACKED')], ['stop 2 97 for 1']],
  ['nothing while that one is on its way', position({ stopPrice: '97' }), [order('stop', 'ACKED'), standIn('SUBMITTING')], []],
  ['the old one to go once it rests', position({ stopPrice: '97' }), [order('stop', 'ACKED'), standIn('ACKED')], ['replace stop 1']],
  [
    'the successor while it stands in',
    position({ stopPrice: '97' }),
    [order('stop', 'CANCELED', { reason: 'CANCELED_REPLACED' }), standIn('ACKED')],
    ['stop 3 97'],
  ],
  [
    'the one that stood in to go last',
    position({ stopPrice: '97' }),
    [standIn('ACKED'), order('stop', 'ACKED', { revision: 3, triggerPrice: '97' })],
    ['replace stop 2'],
  ],
  [
    'nothing to go while the successor is on its way',
    position({ stopPrice: '97' }),
    [standIn('ACKED'), order('stop', 'UNKNOWN', { revision: 3, triggerPrice: '97' })],
    [],
  ],
  [
    'another one to stand in where the price moved again',
    position({ stopPrice: '98' }),
    [order('stop', 'ACKED'), standIn('ACKED')],
    ['stop 3 98 for 1'],
  ],
  [
    'the old one to go first where the exchange will have nothing beside it',
    position({ stopPrice: '97' }),
    [order('stop', 'ACKED'), standIn('REJECTED', { reason: 'REJECTED_OTHER' }), standIn('REJECTED', { revision: 3 })],
    ['replace stop 1'],
  ],
  [
    'every stop to go where none is wanted',
    position({ stopPrice: null }),
    [order('stop', 'ACKED'), standIn('ACKED')],
    ['replace stop 1', 'replace stop 2'],
  ],
  [
    'another target once the old one is gone',
    position({ stopPrice: null, targetPrice: '112' }),
    [order('target', 'ACKED')],
    ['replace target 1'],
  ],
  ['nothing more once that was asked for', position({ stopPrice: '97' }), [order('stop', 'ACKED', { cancelRequestedAt: at(-1) })], []],
  [
    'the next revision after it was replaced',
    position({ stopPrice: '97' }),
    [order('stop', 'CANCELED', { reason: 'CANCELED_REPLACED' })],
    ['stop 2 97'],
  ],
  ['the next revision after a refusal', position(), [order('stop', 'REJECTED', { reason: 'REJECTED_OTHER' })], ['stop 2 95']],
  [
    'a close where the stop would trigger at once',
    position(),
    [order('stop', 'REJECTED', { reason: 'REJECTED_WOULD_TRIGGER' })],
    ['emergency 1 STOP_IMPOSSIBLE_CLOSED'],
  ],
  [
    'a stop again where only an older price would have triggered',
    position({ stopPrice: '90' }),
    [order('stop', 'REJECTED', { reason: 'REJECTED_WOULD_TRIGGER' })],
    ['stop 2 90'],
  ],
  [
    'a close where the target is reached already',
    position({ targetPrice: '110' }),
    [order('stop', 'ACKED'), order('target', 'REJECTED', { reason: 'REJECTED_WOULD_TRIGGER' })],
    ['close 1'],
  ],
  [
    'a close when the stop stays away for too long',
    position({ unprotectedSince: at(-15_000) }),
    [order('stop', 'UNKNOWN')],
    ['emergency 1 PROTECTION_LATE_CLOSED'],
  ],
  ['nothing more while that close is on its way', position({ protection: 'EMERGENCY' }), [order('emergency', 'SUBMITTING')], []],
  ['another close when the first left something', position({ protection: 'EMERGENCY' }), [order('emergency', 'FILLED')], ['emergency 2']],
  ['no stop where none is wanted', position({ stopPrice: null, unprotectedSince: null }), [], []],
])('asks for %s', (_name, held, orders, expected) => {
  expect(needs(held, orders)).toEqual(expected)
})

it('gives up a stop that its owner removed four times within the hour, a target refused three times', () => {
  const removed = [1, 2, 3, 4].map((revision) =>
    order('stop', 'CANCELED', { revision, reason: 'CANCELED_BY_EXCHANGE', endedAt: at(-revision * 60_000) }),
  )
  expect(needs(position(), removed)).toEqual(['give up stop'])
  expect(needs(position(), removed.slice(1))).toEqual(['stop 5 95'])
  const refused = [1, 2, 3].map((revision) => order('target', 'REJECTED', { revision, reason: 'REJECTED_OTHER' }))
  expect(needs(position({ stopPrice: null, targetPrice: '110' }), refused)).toEqual(['give up target'])
})
