import type { Side } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { Exact } from '../metrics/exact.ts'
import { splitInSteps } from './split-in-steps.ts'

/** What one route holds of a side of a market. Signed base: long above zero; entryPrice quote per base, null when flat. */
export interface Share {
  readonly routeId: string
  readonly quantityBase: Decimal
  readonly entryPrice: Decimal | null
}

/** Base quantity above zero; price quote per base. */
export interface ShareFill {
  readonly routeId: string
  readonly side: Side
  readonly quantityBase: Decimal
  readonly price: Decimal
  /** The exchange took it from everybody: liquidation, or deleveraging. */
  readonly isForced: boolean
  /** All of it is its route's, against the others if need be. */
  readonly opens?: boolean
}

/** How one fill changes one share: signed base. */
export interface ShareMove {
  readonly routeId: string
  readonly changeBase: Decimal
}

/**
 * Whose share a fill changes. What adds to a share is its route's. What takes off takes from its own route first; only what that has not got
 * (a hand at the exchange, or a close by hand that takes all) comes out of the others, by size in whole steps. What the exchange takes by
 * force comes out of all of that side alike. Beyond nothing, the rest is the route's own.
 */
export function shareMoves(shares: readonly Share[], fill: ShareFill, stepBase: Decimal): ShareMove[] {
  const sign = fill.side === 'buy' ? 1 : -1
  if (fill.opens === true) return [{ routeId: fill.routeId, changeBase: new Exact(fill.quantityBase).mul(sign) }]
  const room = ({ quantityBase }: Share) => Decimal.max(0, quantityBase.mul(-sign))
  const own = shares.find(({ routeId }) => routeId === fill.routeId)
  const taken = new Map<string, Decimal>()
  let rest: Decimal = new Exact(fill.quantityBase)
  const take = (from: readonly Share[]) => {
    const weights = from.map((share) => ({ key: share.routeId, weight: room(share) }))
    const most = weights.reduce((sum, { weight }) => sum.add(weight), new Exact(0))
    const now = Decimal.min(rest, most)
    for (const [key, part] of splitInSteps(now, weights, stepBase)) taken.set(key, (taken.get(key) ?? new Exact(0)).add(part))
    rest = rest.sub(now)
  }
  if (!fill.isForced && own) take([own])
  take(fill.isForced ? shares : shares.filter((share) => share !== own))
  if (rest.gt(0)) taken.set(fill.routeId, (taken.get(fill.routeId) ?? new Exact(0)).add(rest))
  return [...taken].filter(([, base]) => base.gt(0)).map(([routeId, base]) => ({ routeId, changeBase: base.mul(sign) }))
}

/** What a fill makes of the shares of one side of a market, and how it got there. Flat shares stay, at zero. */
export function applyShareFill(shares: readonly Share[], fill: ShareFill, stepBase: Decimal): { shares: Share[]; moves: ShareMove[] } {
  const moves = shareMoves(shares, fill, stepBase)
  const changed = new Map(shares.map((share) => [share.routeId, share]))
  for (const { routeId, changeBase } of moves) {
    const before = changed.get(routeId) ?? { routeId, quantityBase: new Exact(0), entryPrice: null }
    changed.set(routeId, moved(before, changeBase, fill.price))
  }
  return { shares: [...changed.values()], moves }
}

function moved({ routeId, quantityBase, entryPrice }: Share, changeBase: Decimal, price: Decimal): Share {
  const after = quantityBase.add(changeBase)
  if (after.isZero()) return { routeId, quantityBase: after, entryPrice: null }
  const begins = quantityBase.isZero() || quantityBase.isNegative() !== after.isNegative()
  if (begins || entryPrice === null) return { routeId, quantityBase: after, entryPrice: begins ? price : entryPrice }
  if (quantityBase.isNegative() !== changeBase.isNegative()) return { routeId, quantityBase: after, entryPrice }
  return { routeId, quantityBase: after, entryPrice: quantityBase.mul(entryPrice).add(changeBase.mul(price)).div(after) }
}
