import type { Decimal } from 'decimal.js'
import { Exact, sum } from '../metrics/exact.ts'
import type { GapInput, LeaderStep } from './types.ts'

/** A copy that goes in with the leader, by sizes of its own, and takes off the same part of what it has whenever they do. Base. */
export interface Path {
  readonly sizes: ReadonlyMap<LeaderStep, Decimal>
  /** Quote, at the leader's prices, fees and funding. */
  readonly gross: Decimal
  readonly fees: Decimal
  readonly funding: Decimal
  readonly net: Decimal
}

type Course = Pick<GapInput, 'leader' | 'side' | 'reverse'>

export function followPath(course: Course, sizeOf: (step: LeaderStep) => Decimal): Path {
  const { leader, side, reverse } = course
  const sizes = new Map<LeaderStep, Decimal>()
  let [leaderHeld, held] = [new Exact(0), new Exact(0)]
  for (const step of leader.steps) {
    const size = step.change === 'in' ? sizeOf(step) : part(held, step.quantityBase, leaderHeld)
    sizes.set(step, size)
    held = step.change === 'in' ? held.add(size) : held.sub(size)
    leaderHeld = step.change === 'in' ? leaderHeld.add(step.quantityBase) : leaderHeld.sub(step.quantityBase)
  }
  const direction = side === 'LONG' ? 1 : -1
  const gross = sum(
    leader.steps.map((step) =>
      part(step.quote, sizes.get(step) ?? 0, step.quantityBase).mul(step.change === 'in' ? -direction : direction),
    ),
  )
  const fees = sum(leader.steps.map((step) => part(step.fee, sizes.get(step) ?? 0, step.quantityBase)))
  const funding = sum(
    leader.funding.map(({ atMs, amount }) => {
      const [own, theirs] = heldAt(leader.steps, sizes, atMs)
      return part(amount, own, theirs).mul(reverse ? -1 : 1)
    }),
  )
  return { sizes, gross, fees, funding, net: gross.sub(fees).add(funding) }
}

/** What `share` of `whole` is of an amount; nothing of nothing. */
export function part(amount: Decimal.Value, share: Decimal.Value, whole: Decimal.Value): Decimal {
  const of = new Exact(whole)
  if (of.isZero()) return new Exact(0)
  return of.eq(share) ? new Exact(amount) : new Exact(amount).mul(share).div(of)
}

/** The copy's size and the leader's at a moment; where the leader is flat then, what went in altogether. */
function heldAt(steps: readonly LeaderStep[], sizes: ReadonlyMap<LeaderStep, Decimal>, atMs: number): [Decimal, Decimal] {
  const before = steps.filter((step) => (step.change === 'in' ? step.atMs <= atMs : step.atMs < atMs))
  const net = (of: (step: LeaderStep) => Decimal.Value) =>
    sum(before.map((step) => (step.change === 'in' ? new Exact(of(step)) : new Exact(of(step)).neg())))
  const theirs = net((step) => step.quantityBase)
  if (theirs.gt(0)) return [net((step) => sizes.get(step) ?? 0), theirs]
  const ins = steps.filter((step) => step.change === 'in')
  return [sum(ins.map((step) => sizes.get(step) ?? 0)), sum(ins.map((step) => step.quantityBase))]
}
