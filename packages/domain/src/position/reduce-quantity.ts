import { Decimal } from 'decimal.js'

export interface ReduceInput {
  readonly positionBase: Decimal
  /** What is asked: a base quantity, or a fraction (0.25 is a quarter) of what is there. Both null: everything. */
  readonly quantityBase: Decimal | null
  readonly fraction: Decimal | null
  readonly stepBase: Decimal
  readonly minQuantityBase: Decimal
}

/**
 * Base quantity that a reduce-only order may take off a position. Never more than the position; floored to the step; where what
 * remained could not be traded any more (less than the market's minimum quantity), all of it goes. Zero: nothing worth sending.
 */
export function reduceQuantity(input: ReduceInput): Decimal {
  const { positionBase, stepBase, minQuantityBase } = input
  const asked = input.quantityBase ?? (input.fraction === null ? positionBase : positionBase.mul(input.fraction))
  const rounded = floorTo(Decimal.min(asked, positionBase), stepBase)
  if (rounded.lte(0)) return new Decimal(0)

  const rest = positionBase.sub(rounded)
  return rest.gt(0) && rest.lt(Decimal.max(minQuantityBase, stepBase)) ? positionBase : rounded
}

function floorTo(value: Decimal, step: Decimal): Decimal {
  return value.div(step).floor().mul(step)
}
