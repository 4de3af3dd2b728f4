import type { Decimal } from 'decimal.js'
import { Exact } from '../metrics/exact.ts'
import { inOrder, type TradeFill } from '../trade/build-trades.ts'
import { applyShareFill, type Share } from './apply-share-fill.ts'

export interface SharesInput {
  /** Of one side of a market, from when it was flat. */
  readonly fills: readonly TradeFill[]
  /** Whose the fills are that no order of ours explains, and what was held before the first. */
  readonly handRouteId: string
  /** What is held and no fill tells of, signed base. */
  readonly unexplainedBase: Decimal
  readonly stepBase: Decimal
}

export interface BuiltShares {
  /** Flat ones too, of every route that had one. */
  readonly shares: readonly Share[]
  /** The fills as each route takes part in them, fees by quantity: what its own trades are built from. */
  readonly fillsByRoute: ReadonlyMap<string, readonly TradeFill[]>
}

/** The ownership ledger of one side of a market out of its fills. Any split of the same fills gives sums that equal the position. */
export function buildShares({ fills, handRouteId, unexplainedBase, stepBase }: SharesInput): BuiltShares {
  let shares: Share[] = unexplainedBase.isZero()
    ? []
    : [{ routeId: handRouteId, quantityBase: new Exact(unexplainedBase), entryPrice: null }]
  const fillsByRoute = new Map<string, TradeFill[]>()
  for (const fill of fills.toSorted(inOrder)) {
    const routeId = fill.routeId ?? handRouteId
    const step = applyShareFill(shares, { ...fill, routeId, isForced: fill.isLiquidation }, stepBase)
    shares = step.shares
    for (const move of step.moves) {
      const quantityBase = move.changeBase.abs()
      const fee = new Exact(fill.fee).mul(quantityBase).div(fill.quantityBase)
      const own = fillsByRoute.get(move.routeId) ?? []
      fillsByRoute.set(move.routeId, [...own, { ...fill, routeId: move.routeId, quantityBase, fee }])
    }
  }
  return { shares, fillsByRoute }
}
