import { DEFAULT_RULES, FollowSettings, ForcedSettings } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { describe, expect, it } from 'vitest'
import { BTC_MARKET } from '../../test/btc-market.ts'
import type { Decision, DecisionInput, DecisionPosition } from '../decide/types.ts'
import { positionSteps, stepAlert } from '../mirror/position-steps.ts'
import { indexMarkets } from '../symbols/resolve-market.ts'
import { decideFollow } from './decide-follow.ts'

const BTC = 'BTC/USDT:USDT'
const markets = indexMarkets([{ ...BTC_MARKET, maxLeverage: 125 }])
const holding = (side: 'LONG' | 'SHORT', positionSide: 'BOTH' | 'LONG' | 'SHORT' = side): DecisionPosition => {
  return { symbol: BTC, positionSide, side, quantityBase: '0.01', margin: '50', routeId: 'follow' }
}

/** What a follow at half the size makes of a change of the leader's one side. */
function copied(
  side: 'LONG' | 'SHORT',
  [from, to]: [number, number],
  mode: 'ONE_WAY' | 'HEDGE',
  positions: readonly DecisionPosition[],
): Decision {
  const at = (quantity: number) => ({ side, quantityBase: new Decimal(quantity), epoch: 1 })
  const [step] = positionSteps(at(from), at(to), true)
  if (step === undefined) throw new Error('nothing changes')
  const seen = {
    symbol: BTC,
    positionSide: side,
    price: '50000',
    leverage: 5,
    filledAtMs: 1_000_000,
    stopPrice: null,
    targetPrice: null,
    trailing: null,
    idempotencyKey: 'k',
  }
  const input: DecisionInput = {
    signal: { id: 'signal', source: 'ACCOUNT', receivedAtMs: 1_000_000 },
    alert: stepAlert(step, seen),
    route: { id: 'follow', sourceKind: 'FOLLOW', listensTo: 'ACCOUNT' },
    account: {
      exchange: 'PAPER',
      environment: 'PAPER',
      isActive: true,
      keyStatus: 'VALID',
      certified: true,
      positionMode: mode,
      trailing: 'percent',
    },
    settings: { ...DEFAULT_RULES, isEnabled: true },
    funds: { equity: '10000', available: '10000' },
    result: null,
    lastLoss: null,
    positions,
    pendingOpens: [],
    markets,
    markOf: () => '50000',
    rangeOf: () => null,
    killSwitch: false,
    entitled: true,
    overtaken: false,
    chain: null,
    nowMs: 1_001_000,
  }
  const terms = { state: 'ACTIVE', strategyState: 'PUBLISHED', forced: ForcedSettings.parse({}), lastLossMs: null } as const
  const settings = FollowSettings.parse({ sizing: { mode: 'ratio', ratio: '0.5' } })
  return decideFollow(input, { ...terms, settings }, { routeId: null, equity: '10000', positions: [], pendingOpens: [], decision: null })
}
const legs = ({ orders }: Decision) =>
  orders.map(({ leg, side, positionSide, quantityBase, reduceFraction }) => [leg, side, positionSide, quantityBase ?? reduceFraction])

describe('a leader who holds long and short side by side', () => {
  const both = [holding('LONG'), holding('SHORT')]

  it('is copied side by side onto a hedged account', () => {
    expect(legs(copied('SHORT', [0, 0.02], 'HEDGE', [holding('LONG')]))).toEqual([['open', 'sell', 'SHORT', '0.01']])
    expect(legs(copied('SHORT', [0.02, 0.04], 'HEDGE', both))).toEqual([['open', 'sell', 'SHORT', '0.01']])
    expect(legs(copied('LONG', [0.02, 0.01], 'HEDGE', both))).toEqual([['reduce', 'sell', 'LONG', '0.5']])
    expect(legs(copied('SHORT', [0.02, 0], 'HEDGE', both))).toEqual([['close', 'buy', 'SHORT', null]])
  })

  it('never touches the one side that an account holds which nets them', () => {
    const held = [holding('LONG', 'BOTH')]
    for (const sizes of [
      [0, 0.02],
      [0.02, 0.04],
      [0.02, 0.01],
      [0.02, 0],
    ] as const)
      expect(copied('SHORT', [...sizes], 'ONE_WAY', held)).toMatchObject({ outcome: 'SKIPPED', reason: 'LEADER_HEDGES', orders: [] })
    expect(legs(copied('LONG', [0.02, 0], 'ONE_WAY', held))).toEqual([['close', 'sell', 'BOTH', null]])
  })
})
