import { InvariantError } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { Exact, sum } from '../metrics/exact.ts'

/**
 * Rounds amounts to so many decimals such that they sum to the total, which is rounded itself: what rounding leaves goes, unit by unit, to the
 * amounts that it moved farthest.
 * @throws InvariantError where the amounts do not come to the total anyway
 */
export function apportion<Name extends string>(
  amounts: Readonly<Record<Name, Decimal>>,
  total: Decimal,
  decimals: number,
): Record<Name, Decimal> {
  const names = Object.keys(amounts) as Name[]
  const rounded: Record<Name, Decimal> = { ...amounts }
  for (const name of names) rounded[name] = new Exact(amounts[name]).toDecimalPlaces(decimals, Decimal.ROUND_HALF_EVEN)
  const unit = new Exact(10).pow(-decimals)
  const left = new Exact(total).sub(sum(names.map((name) => rounded[name])))
  const units = left.div(unit)
  if (!units.isInteger() || units.abs().gt(names.length + 1))
    throw new InvariantError(`Parts that do not come to their total: ${left.toFixed()} of ${total.toFixed()}`)
  const way = units.isNegative() ? -1 : 1
  const byLoss = names.toSorted((a, b) => way * loss(b).cmp(loss(a)))
  for (let index = 0; index < units.abs().toNumber(); index += 1) {
    const name = byLoss[index % byLoss.length]
    if (name !== undefined) rounded[name] = rounded[name].add(unit.mul(way))
  }
  return rounded

  function loss(name: Name): Decimal {
    return new Exact(amounts[name]).sub(rounded[name])
  }
}
