import type { PositionDirection, ReasonCode, TrailingStop } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { refuse } from '../decide/build.ts'
import type { Decision, DecisionInput, DecisionPosition, MovedProtection } from '../decide/types.ts'
import { protectionPrices } from '../protection/prices.ts'
import type { DecisionMarket } from '../symbols/resolve-market.ts'
import type { FollowTerms } from './types.ts'

/**
 * What a follow makes of a stop or target that its leader moved: the same price; where the follow is reversed, or the follower's entry lies
 * further from the leader's than the entry slippage allows, as far from their own entry as the leader's is from theirs. In reverse the leader's
 * stop is the follower's target. A stop is moved, never taken away. What trails for the leader trails as far behind for the follower, where their
 * account can hold it and the follow is not reversed. Pure.
 * @param input the follower's account, with the leader's alert as it came
 */
export function copyProtection(input: DecisionInput, terms: FollowTerms, market: DecisionMarket): Decision {
  const { alert, route } = input
  const { symbol } = market
  const skip = (reason: ReasonCode) => refuse('SKIPPED', 'protect', reason, symbol, { symbol })
  const moved = alert.protection
  if (moved === null || alert.marketPosition === null || alert.marketPosition === 'flat') return skip('ALREADY_AT_TARGET')
  if (terms.settings.protection === 'own') return skip('FOLLOW_OWN_PROTECTION')

  const reversed = terms.settings.direction === 'reverse'
  const side: PositionDirection = (alert.marketPosition === 'long') === reversed ? 'SHORT' : 'LONG'
  const held = input.positions.find((one) => one.symbol === symbol && one.side === side && one.routeId === route.id)
  const opens = (buySell: 'buy' | 'sell') => (buySell === 'buy') === (side === 'LONG')
  const opening = input.pendingOpens.some((one) => one.symbol === symbol && one.routeId === route.id && opens(one.side))
  if (held === undefined && !opening) return skip('NOTHING_TO_PROTECT')
  if (held?.ownProtection === true) return skip('PROTECTION_BY_HAND')
  const canTrail = !reversed && input.account.trailing === 'percent' && input.account.sharedSymbols !== 'net'
  const left = [...(moved.left ?? []), ...(moved.trailing?.to && !canTrail ? ['trailing'] : [])]
  if (moved.stop === null && moved.target === null && (moved.trailing === undefined || !canTrail) && left.length > 0)
    return skip(left.includes('trailing') ? 'LEADER_TRAILS' : 'LEADER_STOP_PARTIAL')

  const stop = reversed ? moved.target : moved.stop
  const target = reversed ? moved.stop : moved.target
  const factor = distanceFactor({ held, leaderEntry: alert.signalPrice, reversed, slippagePercent: terms.settings.entrySlippagePercent })
  const prices = onTick({ input, market, side, held, stop: times(stop?.price, factor), target: times(target?.price, factor) })
  const trailing = moved.trailing === undefined || !canTrail ? null : copiedTrailing(moved.trailing.to, factor, market)
  const numbers = {
    symbol,
    leaderStopPrice: moved.stop?.price ?? null,
    leaderTargetPrice: moved.target?.price ?? null,
    stopPrice: prices.stop,
    targetPrice: prices.target,
    byDistance: factor !== null,
    ...(trailing === null ? {} : { trailingPercent: trailing.to?.percent ?? null, activationPrice: trailing.to?.activationPrice ?? null }),
  }
  const mark = input.markOf(symbol)
  const isAbove = (price: string) => mark !== null && new Decimal(price).gte(mark)
  const isBelow = (price: string) => mark !== null && new Decimal(price).lte(mark)
  const [wrongStop, wrongTarget] = side === 'LONG' ? [isAbove, isBelow] : [isBelow, isAbove]
  const no = (reason: ReasonCode) => refuse('BLOCKED', 'protect', reason, symbol, { ...numbers, price: mark })
  if (prices.stop !== null && wrongStop(prices.stop)) return no('STOP_WRONG_SIDE')
  if (prices.target !== null && wrongTarget(prices.target)) return no('TARGET_WRONG_SIDE')
  if (prices.stop === null && target === null && trailing === null) return skip('ALREADY_AT_TARGET')
  return {
    outcome: 'ORDERS',
    intent: 'protect',
    reason: null,
    numbers,
    symbol,
    orders: [],
    cancelSymbols: [],
    protection: { symbol, side, stopPrice: prices.stop, target: target === null ? null : { price: prices.target }, trailing },
  }
}

const CALLBACKS = { least: '0.1', most: '10', places: 1 } as const

/** As far behind the price as the leader's, in the steps that exchanges take. */
function copiedTrailing(
  to: TrailingStop | null,
  factor: Decimal | null,
  { tickSize }: DecisionMarket,
): NonNullable<MovedProtection['trailing']> {
  if (to === null) return { to }
  const percent = Decimal.min(CALLBACKS.most, Decimal.max(CALLBACKS.least, to.percent)).toDecimalPlaces(CALLBACKS.places, Decimal.ROUND_UP)
  const begins = times(to.activationPrice, factor)?.div(tickSize).round().mul(tickSize)
  return { to: { percent: percent.toFixed(), activationPrice: begins?.toFixed() ?? null } }
}

interface Distance {
  readonly held: DecisionPosition | undefined
  readonly leaderEntry: string | null
  readonly reversed: boolean
  readonly slippagePercent: string | null
}

/** The follower's entry over the leader's where prices go by the distance from it; null where the price is the same. */
function distanceFactor({ held, leaderEntry, reversed, slippagePercent }: Distance): Decimal | null {
  const own = held?.entryPrice ?? null
  if (own === null || leaderEntry === null || new Decimal(leaderEntry).lte(0)) return null
  const factor = new Decimal(own).div(leaderEntry)
  const apartPercent = factor.sub(1).abs().mul(100)
  return reversed || (slippagePercent !== null && apartPercent.gt(slippagePercent)) ? factor : null
}

function times(price: string | null | undefined, factor: Decimal | null): Decimal | null {
  return price === null || price === undefined ? null : new Decimal(price).mul(factor ?? 1)
}

interface Legs {
  readonly input: DecisionInput
  readonly market: DecisionMarket
  readonly side: PositionDirection
  readonly held: DecisionPosition | undefined
  readonly stop: Decimal | null
  readonly target: Decimal | null
}

function onTick({ input, market, side, held, stop, target }: Legs): { stop: string | null; target: string | null } {
  const entryPrice = new Decimal(held?.entryPrice ?? input.markOf(market.symbol) ?? stop ?? target ?? 0)
  const { stopPrice, targetPrice } = protectionPrices({
    side,
    entryPrice,
    tickSize: new Decimal(market.tickSize),
    wish: { stopPrice: stop, targetPrice: target, stopFraction: null, targetFraction: null },
  })
  return { stop: stopPrice?.toFixed() ?? null, target: targetPrice?.toFixed() ?? null }
}
