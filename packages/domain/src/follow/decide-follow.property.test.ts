import { BLANK_ALERT, DEFAULT_RULES, FOLLOW_SIZING_MODES, FollowSettings, ForcedSettings, type FollowSizing } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BTC_MARKET } from '../../test/btc-market.ts'
import type { DecisionInput, DecisionPosition } from '../decide/types.ts'
import { indexMarkets } from '../symbols/resolve-market.ts'
import { decideFollow } from './decide-follow.ts'
import type { LeaderBook } from './types.ts'

const SYMBOL = 'BTC/USDT:USDT'
const MARK = '50000'
const markets = indexMarkets([BTC_MARKET])

const amount = (min: number, max: number) => fc.integer({ min, max }).map((thousandths) => new Decimal(thousandths).div(1_000).toFixed())

function sizing(mode: FollowSizing['mode']): fc.Arbitrary<FollowSizing> {
  switch (mode) {
    case 'ratio':
      return amount(1, 3_000).map((ratio) => ({ mode, ratio }))
    case 'equity-to-equity':
      return amount(1, 3_000).map((multiplier) => ({ mode, multiplier }))
    case 'fixed-quantity':
      return amount(1, 2_000).map((quantityBase) => ({ mode, quantityBase }))
    case 'fixed-quote':
      return amount(1_000, 9_000_000).map((notionalQuote) => ({ mode, notionalQuote }))
    case 'fixed-margin':
      return amount(1_000, 900_000).map((marginQuote) => ({ mode, marginQuote }))
    case 'percent-of-equity':
      return amount(100, 99_000).map((percent) => ({ mode, percent }))
    case 'risk-from-stop':
      return amount(100, 20_000).map((percent) => ({ mode, percent }))
    case 'tiered':
      return fc.tuple(amount(1, 2_000), amount(1, 2_000)).map(([small, large]) => ({
        mode,
        tiers: [
          { upToQuote: '1000', ratio: small },
          { upToQuote: null, ratio: large },
        ],
      }))
  }
}

const scenes = (mode: FollowSizing['mode']) =>
  fc.record({
    sizing: sizing(mode),
    direction: fc.constantFrom('normal' as const, 'reverse' as const),
    belowMinimum: fc.constantFrom('skip' as const, 'round-up' as const),
    notEnoughBalance: fc.constantFrom('skip' as const, 'shrink' as const),
    maxOrderQuote: fc.option(amount(10_000, 5_000_000)),
    leverage: fc.option(fc.integer({ min: 1, max: 125 })),
    forcedLeverage: fc.option(fc.integer({ min: 1, max: 125 })),
    ownNotional: fc.option(amount(10_000, 5_000_000)),
    equity: fc.integer({ min: 0, max: 100_000 }).map(String),
    leaderEquity: fc.integer({ min: 1, max: 100_000 }).map(String),
    action: fc.constantFrom('buy' as const, 'sell' as const),
    quantity: amount(1, 900),
    leaderHolds: fc.option(fc.record({ side: fc.constantFrom('LONG' as const, 'SHORT' as const), base: amount(1, 900) })),
    holds: fc.option(fc.record({ side: fc.constantFrom('LONG' as const, 'SHORT' as const), base: amount(1, 900) })),
  })
type Scene = typeof scenes extends (mode: FollowSizing['mode']) => fc.Arbitrary<infer Each> ? Each : never

function held(of: Scene['holds'], routeId: string): DecisionPosition[] {
  return of === null ? [] : [{ symbol: SYMBOL, positionSide: 'BOTH', side: of.side, quantityBase: of.base, margin: '0', routeId }]
}

function decided(scene: Scene) {
  const input: DecisionInput = {
    signal: { id: 'signal', source: 'WEBHOOK', receivedAtMs: 1_000_000 },
    alert: { ...BLANK_ALERT, dialect: 'test', ticker: 'BTCUSDT.P', action: scene.action, quantity: scene.quantity },
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
    settings: { ...DEFAULT_RULES, maxNotional: scene.ownNotional, isEnabled: true },
    funds: { equity: scene.equity, available: scene.equity },
    result: null,
    lastLoss: null,
    positions: held(scene.holds, 'follow'),
    pendingOpens: [],
    markets,
    markOf: () => MARK,
    rangeOf: () => null,
    killSwitch: false,
    entitled: true,
    overtaken: false,
    chain: null,
    nowMs: 1_000_500,
  }
  const { direction, belowMinimum, notEnoughBalance, maxOrderQuote, leverage } = scene
  const settings = FollowSettings.parse({ sizing: scene.sizing, direction, belowMinimum, notEnoughBalance, maxOrderQuote, leverage })
  const forced = ForcedSettings.parse({ maxLeverage: scene.forcedLeverage })
  const leader: LeaderBook = {
    routeId: 'own',
    equity: scene.leaderEquity,
    positions: held(scene.leaderHolds, 'own'),
    pendingOpens: [],
    decision: null,
  }
  return decideFollow(input, { state: 'ACTIVE', strategyState: 'PUBLISHED', settings, forced, lastLossMs: null, detached: [] }, leader)
}

describe.each(FOLLOW_SIZING_MODES)('a copy sized by %s', (mode) => {
  test('never takes the opposite side, and is never more than is allowed', () => {
    let opened = 0
    fc.assert(
      fc.property(scenes(mode), (scene) => {
        const decision = decided(scene)
        if (decision.outcome !== 'ORDERS') expect(decision.reason).not.toBeNull()
        for (const order of decision.orders) {
          if (order.leg !== 'open') {
            expect(order.reduceOnly).toBe(true)
            continue
          }
          opened += 1
          const isSame = order.side === scene.action
          expect(isSame).toBe(scene.direction === 'normal')
          const notional = new Decimal(order.quantityBase ?? 0).mul(MARK)
          for (const limit of [scene.maxOrderQuote, scene.ownNotional]) expect(limit === null || notional.lte(limit)).toBe(true)
          const leverage = order.leverage ?? 0
          expect(leverage).toBeLessThanOrEqual(Math.min(DEFAULT_RULES.maxLeverage, scene.forcedLeverage ?? 125, scene.leverage ?? 125))
          if (scene.holds === null) expect(notional.div(leverage).lte(scene.equity)).toBe(true)
        }
      }),
      { numRuns: 1_000 },
    )
    expect(opened).toBeGreaterThan(50)
  })
})
