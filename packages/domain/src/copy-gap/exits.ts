import type { Decimal } from 'decimal.js'
import { Exact } from '../metrics/exact.ts'
import { part, type Path } from './path.ts'
import type { CopiedStep, GapInput, LeaderStep, OwnCause } from './types.ts'

/** A quantity that left elsewhere than the leader's course says, or came in without it. Quote: what that cost. */
export type Lot =
  | { readonly kind: 'own'; readonly cause: OwnCause; readonly atMs: number; readonly quantityBase: Decimal; readonly quote: Decimal }
  /** It left later because this step was not copied. */
  | { readonly kind: 'skipped'; readonly stepId: string; readonly quote: Decimal }
  /** It left with another of the leader's steps: what rounding to the market's step shifts. */
  | { readonly kind: 'sizing'; readonly quote: Decimal }

interface Planned {
  readonly step: LeaderStep
  left: Decimal
}

interface Done {
  readonly step: CopiedStep
  /** Quote per base: the leader's where it copies a step of theirs, else its own. */
  readonly price: Decimal
  left: Decimal
}

/** Where the copy left, lot by lot, against where the leader's course has it leave. What left with the step it copies is no lot. */
export function exitLots({ leader, side, copy }: GapInput, path: Path): Lot[] {
  const byId = new Map(leader.steps.filter((step) => step.change === 'out').map((step) => [step.id, step]))
  const planned = [...byId.values()].map((step): Planned => ({ step, left: path.sizes.get(step) ?? new Exact(0) }))
  const done = copy.steps
    .filter((step) => step.change === 'out')
    .map((step): Done => ({
      step,
      price: priceOf(byId.get(step.of ?? '') ?? step),
      left: new Exact(step.quantityBase),
    }))
  for (const out of done) for (const plan of planned) if (plan.step.id === out.step.of) take(plan, out)

  const direction = side === 'LONG' ? 1 : -1
  const copied = new Set(done.map(({ step }) => step.of))
  const lots = pairs(planned, done, (plan, out, quantityBase): Lot => {
    const quote = quantityBase.mul(priceOf(plan.step).sub(out.price)).mul(direction)
    const missed = !copied.has(plan.step.id) && out.step.atMs >= plan.step.atMs
    if (missed) return { kind: 'skipped', stepId: plan.step.id, quote }
    if (out.step.of !== null) return { kind: 'sizing', quote }
    return { kind: 'own', cause: out.step.cause, atMs: out.step.atMs, quantityBase, quote }
  })
  const ownIns = copy.steps
    .filter((step) => step.change === 'in' && step.of === null)
    .map((step) => ({ step, left: new Exact(step.quantityBase) }))
  const ownLots = pairs(ownIns, done, (entry, out, quantityBase): Lot => {
    const quote = quantityBase.mul(priceOf(entry.step).sub(out.price)).mul(direction)
    return { kind: 'own', cause: entry.step.cause, atMs: entry.step.atMs, quantityBase, quote }
  })
  return [...lots, ...ownLots]
}

export function priceOf({ quote, quantityBase }: { quote: Decimal; quantityBase: Decimal }): Decimal {
  return part(quote, 1, quantityBase)
}

/** Below this a quantity is what a division left over. */
const DUST = new Exact('1e-40')

function pairs<One extends { left: Decimal }, Other extends { left: Decimal }, Made>(
  ones: readonly One[],
  others: readonly Other[],
  make: (one: One, other: Other, quantityBase: Decimal) => Made,
): Made[] {
  const made: Made[] = []
  for (const one of ones)
    for (const other of others) {
      const taken = take(one, other)
      if (taken.gt(DUST)) made.push(make(one, other, taken))
    }
  return made
}

function take(one: { left: Decimal }, other: { left: Decimal }): Decimal {
  const taken = Exact.min(one.left, other.left)
  one.left = one.left.sub(taken)
  other.left = other.left.sub(taken)
  return taken
}
