import { BLANK_ALERT, DEFAULT_RULES, FollowSettings, ForcedSettings } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { BTC_MARKET } from '../../test/btc-market.ts'
import type { Decision, DecisionInput, DecisionPosition, Gathered } from '../decide/types.ts'
import { indexMarkets } from '../symbols/resolve-market.ts'
import { decideFollow } from './decide-follow.ts'

const SYMBOL = 'BTC/USDT:USDT'
const markets = indexMarkets([{ ...BTC_MARKET, minNotional: '100' }])

interface Book {
  /** Signed base. */
  readonly leader: Decimal
  readonly follower: Decimal
  readonly gathered: readonly Gathered[]
}
const FLAT: Book = { leader: new Decimal(0), follower: new Decimal(0), gathered: [] }

function holding(base: Decimal, routeId: string): DecisionPosition[] {
  if (base.isZero()) return []
  return [
    { symbol: SYMBOL, positionSide: 'BOTH', side: base.gt(0) ? 'LONG' : 'SHORT', quantityBase: base.abs().toFixed(), margin: '0', routeId },
  ]
}

function decided({ leader, follower, gathered }: Book, alert: Partial<DecisionInput['alert']>, ratio = '0.01'): Decision {
  const input: DecisionInput = {
    signal: { id: 'signal', source: 'WEBHOOK', receivedAtMs: 1_000_000 },
    alert: { ...BLANK_ALERT, dialect: 'test', ticker: 'BTCUSDT', ...alert },
    route: { id: 'follow', sourceKind: 'FOLLOW', listensTo: 'WEBHOOK' },
    account: {
      exchange: 'PAPER',
      environment: 'PAPER',
      isActive: true,
      keyStatus: 'VALID',
      certified: true,
      trailing: 'percent',
      positionMode: 'ONE_WAY',
    },
    settings: { ...DEFAULT_RULES, isEnabled: true },
    funds: { equity: '100000', available: '100000' },
    result: null,
    lastLoss: null,
    positions: holding(follower, 'follow'),
    pendingOpens: [],
    markets,
    markOf: () => '50000',
    rangeOf: () => null,
    killSwitch: false,
    entitled: true,
    overtaken: false,
    chain: null,
    nowMs: 1_000_500,
  }
  const settings = FollowSettings.parse({ sizing: { mode: 'ratio', ratio }, belowMinimum: 'accumulate' })
  const terms = {
    state: 'ACTIVE',
    strategyState: 'PUBLISHED',
    settings,
    forced: ForcedSettings.parse({}),
    lastLossMs: null,
    gathered,
  } as const
  const own = { routeId: 'own', equity: '10000', positions: holding(leader, 'own'), pendingOpens: [], decision: null }
  return decideFollow(input, terms, own)
}

const buy = (quantity: string) => ({ action: 'buy' as const, quantity })
const keptOf = ({ gathered }: Decision) => gathered?.kept?.quantityBase ?? '0'
const orderedOf = (decision: Decision) => decision.orders.find(({ leg }) => leg === 'open')?.quantityBase ?? '0'
const waiting = (quantityBase: string, side: 'LONG' | 'SHORT' = 'LONG'): Gathered[] => [{ symbol: SYMBOL, side, quantityBase }]

describe('copies that are too small', () => {
  test('gather: what is ordered and what waits are together what was asked for, and no order is below the minimum', () => {
    let [orders, waits] = [0, 0]
    const adds = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(adds, fc.integer({ min: 1, max: 40 }), (sizes, thousandths) => {
        let book = FLAT
        let [asked, ordered] = [new Decimal(0), new Decimal(0)]
        for (const size of sizes) {
          const quantity = new Decimal(size).div(1_000)
          const decision = decided(book, buy(quantity.toFixed()), new Decimal(thousandths).div(1_000).toFixed())
          const { askedBase, wantedBase } = decision.numbers
          asked = asked.add(String(askedBase ?? wantedBase))
          const now = new Decimal(orderedOf(decision))
          ordered = ordered.add(now)
          if (now.gt(0)) orders += 1
          else waits += 1
          expect(now.isZero() || now.mul(50_000).gte(100)).toBe(true)
          expect(decision.reason).toBe(now.isZero() ? 'GATHERING' : null)
          book = {
            leader: book.leader.add(quantity),
            follower: book.follower.add(now),
            gathered: decision.gathered?.kept ? [decision.gathered.kept] : [],
          }
        }
        expect(ordered.add(book.gathered[0]?.quantityBase ?? 0).toFixed()).toBe(asked.toFixed())
      }),
      { numRuns: 300 },
    )
    expect(orders).toBeGreaterThan(50)
    expect(waits).toBeGreaterThan(50)
  })

  it('say how much has gathered and how much is needed', () => {
    const decision = decided({ ...FLAT, leader: new Decimal('0.1'), gathered: waiting('0.001') }, buy('0.05'))
    expect(decision).toMatchObject({
      outcome: 'SKIPPED',
      reason: 'GATHERING',
      numbers: { askedBase: '0.0005', gatheredBase: '0.0015', neededBase: '0.002' },
      gathered: { symbol: SYMBOL, kept: { side: 'LONG', quantityBase: '0.0015' } },
    })
  })

  it('become one order of the whole, and what rounding leaves waits on', () => {
    const decision = decided({ ...FLAT, leader: new Decimal('0.1'), gathered: waiting('0.0018') }, buy('0.05'))
    expect([orderedOf(decision), keptOf(decision)]).toEqual(['0.002', '0.0007'])
  })

  it('are forgotten where the leader closes, was flat before, or comes from the other side', () => {
    const book = { ...FLAT, leader: new Decimal('0.1'), gathered: waiting('0.0015') }
    for (const alert of [
      { action: 'close' as const },
      { action: 'close-all' as const },
      { action: 'buy' as const, marketPosition: 'flat' as const },
    ])
      expect(decided(book, alert).gathered?.kept).toBeNull()
    expect(keptOf(decided({ ...book, leader: new Decimal(0) }, buy('0.05')))).toBe('0.0005')
    const reversed = decided(
      { ...book, follower: new Decimal('0.01') },
      { action: 'sell', quantity: '0.05', marketPosition: 'short', marketPositionSize: '0.05' },
    )
    expect(reversed).toMatchObject({ outcome: 'ORDERS', intent: 'reverse', reason: 'GATHERING', orders: [{ leg: 'close' }] })
    expect(reversed.gathered?.kept).toEqual({ symbol: SYMBOL, side: 'SHORT', quantityBase: '0.0005' })
  })

  it('shrink with the leader’s own, and closes never wait', () => {
    const half = { action: 'sell' as const, quantity: '0.05', marketPosition: 'long' as const, marketPositionSize: '0.05' }
    const book = { leader: new Decimal('0.1'), follower: new Decimal('0.002'), gathered: waiting('0.0016') }
    const decision = decided(book, half)
    expect(decision.orders).toMatchObject([{ leg: 'reduce', reduceFraction: '0.5' }])
    expect(keptOf(decision)).toBe('0.0008')
  })
})
