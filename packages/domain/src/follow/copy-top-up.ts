import type { PositionDirection, ReasonCode } from '@matic/contracts'
import { refuse } from '../decide/build.ts'
import { openedBy } from '../decide/hedge-scope.ts'
import type { Decision, DecisionInput } from '../decide/types.ts'
import type { DecisionMarket } from '../symbols/resolve-market.ts'
import { fitOrder } from './fit-order.ts'
import { objectionOf } from './objection-of.ts'
import type { FollowTerms, LeaderBook } from './types.ts'

interface TopUpOf {
  /** With the alert in the follower's terms: its quantity is the follower's own, base. */
  readonly input: DecisionInput
  readonly terms: FollowTerms
  readonly leader: LeaderBook
  readonly market: DecisionMarket
}

/**
 * What a follow makes of an opening that it missed, a moment later: the order that was missed, under everything that holds for an opening, where the leader is in
 * and the follow holds nothing of the other side. Never larger than what was missed. Pure.
 */
export function copyTopUp({ input, terms, leader, market }: TopUpOf): Decision {
  const { symbol } = market
  const side = openedBy(input.alert.action === 'sell' ? 'sell' : 'buy')
  const isOwn = (holder: { symbol: string; routeId: string | null }) => holder.symbol === symbol && holder.routeId === input.route.id
  const [held] = input.positions.filter((one) => isOwn(one) && one.side === side)
  const intent = held === undefined ? 'open' : 'add'
  const no = (reason: ReasonCode, numbers: Decision['numbers']) => refuse('BLOCKED', intent, reason, symbol, numbers)
  const detached = terms.detached?.find((one) => one.symbol === symbol)
  if (detached !== undefined) return no('FOLLOW_DETACHED', { symbol, side, cause: detached.cause })
  const others = [
    ...input.positions.filter((one) => isOwn(one) && one.side !== side),
    ...input.pendingOpens.filter((one) => isOwn(one) && openedBy(one.side) !== side),
  ]
  if (!leaderHolds(leader, symbol, leaderSide(terms, side)) || (input.account.positionMode === 'ONE_WAY' && others.length > 0))
    return no('TOP_UP_OVER', { symbol, side })
  const objection = objectionOf({ input, terms, market })
  if (objection !== null) return no(objection.reason, objection.numbers)

  const own = terms.settings.protection === 'own' || held?.ownProtection === true
  const alert = own ? { ...input.alert, stopLoss: null, takeProfit: null, trailing: null } : input.alert
  const apart = {
    positions: input.positions.filter((one) => !others.includes(one)),
    pendingOpens: input.pendingOpens.filter((one) => !others.includes(one)),
  }
  return fitOrder({ input: { ...input, ...apart, alert }, market, settings: { ...terms.settings, belowMinimum: 'skip' } })
}

function leaderSide({ settings }: FollowTerms, side: PositionDirection): PositionDirection {
  return (side === 'LONG') === (settings.direction === 'normal') ? 'LONG' : 'SHORT'
}

function leaderHolds({ positions, routeId }: LeaderBook, symbol: string, side: PositionDirection): boolean {
  return positions.some(
    (one) => one.symbol === symbol && one.side === side && (one.routeId === null || routeId === null || one.routeId === routeId),
  )
}
