import { Decimal } from 'decimal.js'
import { Exact } from '../metrics/exact.ts'

export interface Weight {
  readonly key: string
  readonly weight: Decimal
}

/**
 * Shares a total out by weight in whole steps: everybody is within one step of their exact part, nobody gets more than their weight, and
 * all of it is given out. The total must not exceed the sum of the weights.
 * @returns by key; who gets nothing is there with zero
 */
export function splitInSteps(total: Decimal, weights: readonly Weight[], step: Decimal): Map<string, Decimal> {
  const sum = weights.reduce((all, { weight }) => all.add(weight), new Exact(0))
  const parts = weights.map(({ key, weight }) => {
    const exact = sum.isZero() ? new Exact(0) : new Exact(total).mul(weight).div(sum)
    const whole = Decimal.min(weight, exact.div(step).floor().mul(step))
    return { key, weight, part: whole, missing: exact.sub(whole) }
  })
  let rest = parts.reduce((left, { part }) => left.sub(part), new Exact(total))
  const inTurn = parts.toSorted((a, b) => b.missing.cmp(a.missing) || b.weight.cmp(a.weight) || (a.key < b.key ? -1 : 1))
  // A second round is needed only for weights that are no whole steps.
  for (const one of [...inTurn, ...inTurn]) {
    const more = Decimal.min(step, rest, one.weight.sub(one.part))
    one.part = one.part.add(more)
    rest = rest.sub(more)
  }
  for (const one of inTurn) {
    const more = Decimal.min(rest, one.weight.sub(one.part))
    one.part = one.part.add(more)
    rest = rest.sub(more)
  }
  return new Map(parts.map(({ key, part }) => [key, part]))
}
