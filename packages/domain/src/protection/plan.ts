import type { PositionDirection } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { priceFromEntry } from './prices.ts'

/** What an open asks for beyond one stop and one target. Fractions of the entry price; shares of the position (0.5 is half). */
export interface OrderPlan {
  /** Nearest first; each takes its share and leaves the rest. */
  readonly targets: readonly { readonly fraction: string; readonly share: string }[]
  readonly breakEven: { readonly afterTarget: number | null; readonly fraction: string | null } | null
  /** `activationPrice`, where it is given, wins over the fraction. */
  readonly trailing: {
    readonly percent: string
    readonly activationFraction: string | null
    readonly activationPrice?: string | null
  } | null
}

/** The same for a position whose entry is known. Prices are quote per base, on the tick. */
export interface PositionPlan {
  readonly targets: readonly { readonly price: string; readonly share: string }[]
  /** Null once the stop has moved: from then on it belongs to its owner. */
  readonly breakEven: { readonly afterTarget: number | null; readonly price: string | null } | null
  /** activationPrice null: it trails from the start. */
  readonly trailing: { readonly percent: string; readonly activationPrice: string | null } | null
}

interface Entry {
  readonly side: PositionDirection
  readonly entryPrice: Decimal
  readonly tickSize: Decimal
}

/** The plan of an order at the entry that its position got. A target that comes to zero or less is none. */
export function planAtEntry(plan: OrderPlan, entry: Entry): PositionPlan {
  const along = (fraction: string | null) =>
    fraction === null ? null : (priceFromEntry({ ...entry, fraction: new Decimal(fraction), direction: 'along' })?.toFixed() ?? null)
  const { breakEven, trailing } = plan
  return {
    targets: plan.targets.flatMap(({ fraction, share }) => {
      const price = along(fraction)
      return price === null ? [] : [{ price, share }]
    }),
    breakEven: breakEven && { afterTarget: breakEven.afterTarget, price: along(breakEven.fraction) },
    trailing: trailing && { percent: trailing.percent, activationPrice: trailing.activationPrice ?? along(trailing.activationFraction) },
  }
}

/** A share that is still to be taken, and the one left over at the end. */
export interface OpenShare {
  readonly level: number
  readonly share: string
}

/**
 * Base quantity of each target that has not filled, for a position of this size now: fills, part-closes and targets that are done make the
 * others smaller in proportion. Rounded down to the step; a target below the minimum is left out.
 */
export function targetQuantities(input: {
  positionBase: Decimal
  /** Every target of the plan that has not filled, and none that has. */
  open: readonly OpenShare[]
  /** Sum of the shares that all targets of the plan take, the filled ones among them. */
  sharesOfAll: Decimal
  stepBase: Decimal
  minQuantityBase: Decimal
}): ReadonlyMap<number, Decimal> {
  const { positionBase, open, sharesOfAll, stepBase, minQuantityBase } = input
  const kept = Decimal.max(0, new Decimal(1).sub(sharesOfAll))
  const left = open.reduce((sum, { share }) => sum.add(share), kept)
  const quantities = new Map<number, Decimal>()
  if (left.lte(0)) return quantities
  for (const { level, share } of open) {
    const quantity = positionBase.mul(share).div(left).div(stepBase).floor().mul(stepBase)
    if (quantity.gt(0) && quantity.gte(minQuantityBase)) quantities.set(level, quantity)
  }
  return quantities
}

/**
 * Where the stop goes once break-even is due: the entry price, on the tick that loses nothing. Null while it is not due, while the mark is not
 * beyond it (the stop would trigger at once), and where the stop is better already.
 */
export function breakEvenStop(input: {
  side: PositionDirection
  entryPrice: Decimal
  tickSize: Decimal
  stopPrice: Decimal | null
  markPrice: Decimal | null
  targetsFilled: number
  breakEven: NonNullable<PositionPlan['breakEven']>
}): Decimal | null {
  const { side, entryPrice, tickSize, stopPrice, markPrice, targetsFilled, breakEven } = input
  if (markPrice === null) return null
  const beyond = (price: Decimal | string, than: Decimal | string) =>
    side === 'LONG' ? new Decimal(price).gt(than) : new Decimal(price).lt(than)
  const reached = breakEven.price !== null && !beyond(breakEven.price, markPrice)
  const filled = breakEven.afterTarget !== null && targetsFilled >= breakEven.afterTarget
  if (!reached && !filled) return null
  const ticks = entryPrice.div(tickSize)
  const stop = (side === 'LONG' ? ticks.ceil() : ticks.floor()).mul(tickSize)
  if (!beyond(markPrice, stop)) return null
  return stopPrice === null || beyond(stop, stopPrice) ? stop : null
}
