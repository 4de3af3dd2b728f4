import { DEFAULT_RULES, type Alert } from '@matic/contracts'
import { describe, expect, test } from 'vitest'
import { BTC_MARKET } from '../../test/btc-market.ts'
import { parseAlert } from '../alert/parse-alert.ts'
import { indexMarkets } from '../symbols/resolve-market.ts'
import { decide } from './decide.ts'
import type { DecisionInput, DecisionPosition, PendingOpen } from './types.ts'

const BTC = 'BTC/USDT:USDT'
const markets = indexMarkets([{ ...BTC_MARKET, minNotional: '100', maxLeverage: 125 }])

function alert(body: Record<string, unknown>): Alert {
  const parsed = parseAlert(new TextEncoder().encode(JSON.stringify({ symbol: 'BTCUSDT.P', ...body })))
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.alert
}
const buy = alert({ action: 'buy', quantity: '0.01' })
const sell = alert({ action: 'sell', quantity: '0.01' })
const close = alert({ action: 'close' })

const holding = (side: 'LONG' | 'SHORT', routeId: string | null): DecisionPosition => ({
  symbol: BTC,
  positionSide: side,
  side,
  quantityBase: '0.02',
  margin: '100',
  routeId,
})
const opening = (side: 'buy' | 'sell', routeId: string, reservedQuote = '50'): PendingOpen => ({
  symbol: BTC,
  side,
  openBase: '0.01',
  reservedQuote,
  routeId,
})

function hedged(change: Partial<DecisionInput>): ReturnType<typeof decide> {
  return decide({
    signal: { id: 'signal', source: 'WEBHOOK', receivedAtMs: 1_000_000 },
    alert: buy,
    route: { id: 'mine', sourceKind: 'WEBHOOK' },
    account: {
      exchange: 'PAPER',
      environment: 'PAPER',
      isActive: true,
      keyStatus: 'VALID',
      certified: true,
      positionMode: 'HEDGE',
      trailing: 'percent',
    },
    settings: { ...DEFAULT_RULES, isEnabled: true, fixedQuote: '500' },
    funds: { equity: '10000', available: '10000' },
    positions: [],
    pendingOpens: [],
    markets,
    rangeOf: () => null,
    result: null,
    lastLoss: null,
    markOf: () => '50000',
    killSwitch: false,
    entitled: true,
    overtaken: false,
    chain: null,
    nowMs: 1_000_500,
    ...change,
  })
}
const spoken = (decision: ReturnType<typeof decide>) => ({
  intent: decision.intent,
  reason: decision.reason,
  orders: decision.orders.map((order) => `${order.leg} ${order.side} ${order.positionSide}`),
})
const manual = { id: 'hand', sourceKind: 'MANUAL' } as const

describe('in hedge mode', () => {
  test.each<[string, Partial<DecisionInput>, ReturnType<typeof spoken>]>([
    ['a buy opens the long side', {}, { intent: 'open', reason: null, orders: ['open buy LONG'] }],
    ['a sell opens the short side', { alert: sell }, { intent: 'open', reason: null, orders: ['open sell SHORT'] }],
    [
      'another source’s long does not stand in the way of a short',
      { alert: sell, positions: [holding('LONG', 'other')] },
      { intent: 'open', reason: null, orders: ['open sell SHORT'] },
    ],
    [
      'another source’s long keeps its side',
      { positions: [holding('LONG', 'other')] },
      { intent: 'add', reason: 'SYMBOL_OWNED', orders: [] },
    ],
    ['so does its open under way', { pendingOpens: [opening('buy', 'other')] }, { intent: 'add', reason: 'SYMBOL_OWNED', orders: [] }],
    [
      'its own long is turned around',
      { alert: sell, positions: [holding('LONG', 'mine')] },
      { intent: 'reverse', reason: null, orders: ['close sell LONG', 'open sell SHORT'] },
    ],
    [
      'where the other side is taken, it leaves its own all the same',
      { alert: sell, positions: [holding('SHORT', 'other'), holding('LONG', 'mine')] },
      { intent: 'reverse', reason: 'SYMBOL_OWNED', orders: ['close sell LONG'] },
    ],
    [
      'a close takes its own side',
      { alert: close, positions: [holding('SHORT', 'other'), holding('LONG', 'mine')] },
      { intent: 'close', reason: null, orders: ['close sell LONG'] },
    ],
    [
      'and what is on its way',
      { alert: close, pendingOpens: [opening('sell', 'mine')] },
      { intent: 'close', reason: null, orders: ['close buy SHORT'] },
    ],
    [
      'a close with nothing of its own is nothing',
      { alert: close, positions: [holding('LONG', 'other')] },
      { intent: 'close', reason: 'NOTHING_TO_CLOSE', orders: [] },
    ],
    [
      'by hand, a sell stands beside a long',
      { alert: sell, route: manual, positions: [holding('LONG', 'mine')] },
      { intent: 'open', reason: null, orders: ['open sell SHORT'] },
    ],
    [
      'by hand, a close takes both sides, whosever they are',
      { alert: close, route: manual, positions: [holding('LONG', 'mine'), holding('SHORT', 'other')] },
      { intent: 'close', reason: null, orders: ['close sell LONG', 'close buy SHORT'] },
    ],
    [
      'by hand, a position that is turned around gives up its side',
      {
        alert: alert({
          action: 'sell',
          market_position: 'short',
          prev_market_position: 'long',
          market_position_size: '0.01',
          quantity: '0.01',
        }),
        route: manual,
        positions: [holding('SHORT', null), holding('LONG', null)],
      },
      { intent: 'reverse', reason: null, orders: ['close sell LONG', 'open sell SHORT'] },
    ],
    [
      'a named side is closed alone',
      { alert: alert({ action: 'exit_short' }), route: manual, positions: [holding('LONG', 'mine'), holding('SHORT', 'mine')] },
      { intent: 'close', reason: null, orders: ['close buy SHORT'] },
    ],
    [
      'close all takes every side',
      { alert: alert({ action: 'close_all' }), route: manual, positions: [holding('LONG', 'mine'), holding('SHORT', 'other')] },
      { intent: 'close-all', reason: null, orders: ['close sell LONG', 'close buy SHORT'] },
    ],
  ])('%s', (_name, change, expected) => {
    expect(spoken(hedged(change))).toEqual(expected)
  })

  test('two closes of one signal are two causes', () => {
    const { orders } = hedged({ alert: close, route: manual, positions: [holding('LONG', null), holding('SHORT', null)] })
    expect(new Set(orders.map(({ cause }) => cause)).size).toBe(2)
  })

  test('margin that another side’s open will take is not spent twice', () => {
    expect(hedged({ alert: sell, pendingOpens: [opening('buy', 'other', '9990')] })).toMatchObject({ reason: 'INSUFFICIENT_MARGIN' })
  })
})
