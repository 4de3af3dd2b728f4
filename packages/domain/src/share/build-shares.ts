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
  /** What was paid (below zero) or received for holding the position, quote. */
  readonly funding?: readonly Funding[]
}

export interface Funding {
  readonly atMs: number
  /** Quote. */
  readonly amount: Decimal
}

export interface BuiltShares {
  /** Flat ones too, of every route that had one. */
  readonly shares: readonly Share[]
  /** The fills as each route takes part in them, fees by quantity: what its own trades are built from. */
  readonly fillsByRoute: ReadonlyMap<string, readonly TradeFill[]>
  /** Each payment by what every route held then. */
  readonly fundingByRoute: ReadonlyMap<string, readonly Funding[]>
}

/** The ownership ledger of one side of a market out of its fills. Any split of the same fills gives sums that equal the position. */
export function buildShares({ fills, handRouteId, unexplainedBase, stepBase, funding = [] }: SharesInput): BuiltShares {
  let shares: Share[] = unexplainedBase.isZero()
    ? []
    : [{ routeId: handRouteId, quantityBase: new Exact(unexplainedBase), entryPrice: null }]
  const fillsByRoute = new Map<string, TradeFill[]>()
  const fundingByRoute = new Map<string, Funding[]>()
  const unpaid = funding.toSorted((a, b) => a.atMs - b.atMs)
  const payUntil = (atMs: number) => {
    for (let next = unpaid[0]; next !== undefined && next.atMs < atMs; next = unpaid[0]) {
      unpaid.shift()
      for (const [routeId, amount] of partsOf(next.amount, shares))
        fundingByRoute.set(routeId, [...(fundingByRoute.get(routeId) ?? []), { atMs: next.atMs, amount }])
    }
  }
  for (const fill of fills.toSorted(inOrder)) {
    payUntil(fill.atMs)
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
  payUntil(Infinity)
  return { shares, fillsByRoute, fundingByRoute }
}

/** By size; the last takes what rounding leaves. */
function partsOf(amount: Decimal, shares: readonly Share[]): [routeId: string, amount: Decimal][] {
  const held = shares.filter(({ quantityBase }) => !quantityBase.isZero())
  const whole = held.reduce((sum, { quantityBase }) => sum.add(quantityBase), new Exact(0))
  if (whole.isZero()) return []
  let left: Decimal = new Exact(amount)
  return held.map(({ routeId, quantityBase }, index) => {
    const part = index === held.length - 1 ? left : new Exact(amount).mul(quantityBase).div(whole).toDecimalPlaces(18)
    left = left.sub(part)
    return [routeId, part]
  })
}
