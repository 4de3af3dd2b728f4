import type { PositionDirection } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { Decision, Gathered } from '../decide/types.ts'
import type { LeaderMove } from './leader-move.ts'
import type { FollowTerms, LeaderBook } from './types.ts'

interface Kept {
  readonly symbol: string
  readonly side: PositionDirection
  readonly base: Decimal
}

/** What has gathered of the position that this opening belongs to; none where the leader was flat before it or comes from the other side. Base. */
export function gatheredFor(
  { gathered = [], settings }: FollowTerms,
  { symbol, side, move, wasFlat }: { symbol: string; side: PositionDirection; move: LeaderMove; wasFlat: boolean },
): Decimal {
  const found = gathered.find((one) => one.symbol === symbol)
  if (settings.belowMinimum !== 'accumulate' || found?.side !== side || move.intent.kind === 'reverse') return new Decimal(0)
  return wasFlat && move.intent.kind === 'open' ? new Decimal(0) : new Decimal(found.quantityBase)
}

/** Known to hold nothing before the signal: by what the alert says, or because their account trades and holds nothing. */
export function wasFlat(previous: 'long' | 'short' | 'flat' | null, leader: LeaderBook): boolean {
  return previous === 'flat' || (previous === null && leader.routeId !== null)
}

/** The leader has left this market, or every one where it is null: nothing of it waits any more. */
export function forget(terms: FollowTerms, symbol: string | null, decision: Decision): Decision {
  const isKept = (terms.gathered ?? []).some((one) => symbol === null || one.symbol === symbol)
  return isKept ? { ...decision, gathered: { symbol, kept: null } } : decision
}

/** The part that the leader takes off theirs goes off what waits as well. */
export function gatherLess(terms: FollowTerms, symbol: string, fraction: Decimal | null, decision: Decision): Decision {
  const found = terms.gathered?.find((one) => one.symbol === symbol)
  if (found === undefined || fraction === null) return decision
  const left = new Decimal(1).sub(Decimal.min(1, Decimal.max(0, fraction)))
  return gather({ symbol, side: found.side, base: left.mul(found.quantityBase) }, decision)
}

export function gather({ symbol, side, base }: Kept, decision: Decision): Decision {
  const quantity = base.toDecimalPlaces(18, Decimal.ROUND_DOWN)
  const kept: Gathered | null = quantity.gt(0) ? { symbol, side, quantityBase: quantity.toFixed() } : null
  return { ...decision, gathered: { symbol, kept } }
}
