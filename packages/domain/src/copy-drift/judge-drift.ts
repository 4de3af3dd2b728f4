import { Decimal } from 'decimal.js'
import { Exact } from '../metrics/exact.ts'
import type { CopyMove } from './copy-target.ts'

export const DRIFT_CAUSES = ['missed-close', 'partial-fill', 'dead-order', 'manual-change'] as const
export type DriftCause = (typeof DRIFT_CAUSES)[number]

interface Judged {
  /** Signed base. */
  readonly target: Decimal
  readonly actual: Decimal
  /** Of the market, base: reductions are rounded to it, so that each may leave one. */
  readonly stepBase: Decimal
  readonly moves: readonly CopyMove[]
}

export interface Drift {
  /** reduces: the copy holds more than it should, or what it should not. raises: it holds less. */
  readonly way: 'reduces' | 'raises'
  /** Base, above zero. */
  readonly quantityBase: Decimal
  readonly cause: DriftCause
}

/**
 * How far a copy is from what it is to hold; null where it is not. A copy that held what it should and is flat has been taken off by somebody
 * or something else: it is detached, and that is no drift.
 */
export function judgeDrift({ target, actual, stepBase, moves }: Judged): Drift | null {
  const opposite = !actual.isZero() && !target.isZero() && actual.isNegative() !== target.isNegative()
  const wanted = opposite ? new Exact(0) : new Exact(target).abs()
  const held = new Exact(actual).abs()
  const difference = held.sub(wanted)
  const reductions = moves.filter(({ kind }) => kind === 'reduce' || kind === 'protective').length
  const slack = wanted.isZero() ? new Exact(0) : stepBase.mul(1 + reductions)
  if (difference.abs().lte(slack)) return null
  const way = difference.isNegative() ? 'raises' : 'reduces'
  const opens = moves.filter(({ kind, isOver }) => kind === 'open' && isOver)
  const last = moves.filter(({ kind }) => kind === 'close' || kind === 'reduce').at(-1)
  if (way === 'reduces') {
    const exit = last?.isOver && last.atMs >= (opens.at(-1)?.atMs ?? 0) ? last : undefined
    const cause =
      exit === undefined ? (wanted.isZero() ? 'missed-close' : 'manual-change') : exit.filledBase.isZero() ? 'missed-close' : 'partial-fill'
    return { way, quantityBase: difference, cause }
  }
  const isDead = opens.some((open) => open.isDead && open.filledBase.isZero())
  const isPartial = opens.some(({ quantityBase, filledBase }) => quantityBase !== null && filledBase.gt(0) && filledBase.lt(quantityBase))
  if (held.isZero() && !isDead) return null
  return { way, quantityBase: difference.abs(), cause: isDead ? 'dead-order' : isPartial ? 'partial-fill' : 'manual-change' }
}

/**
 * What takes a drift off: a part of what is held, as percent, or null for all of it. Never turns a position, never adds to one: above nothing and below 100 where it is a part.
 */
export function reductionPercent({ target, actual }: Pick<Judged, 'target' | 'actual'>): Decimal | null {
  const opposite = target.isZero() || actual.isNegative() !== target.isNegative()
  if (opposite) return null
  const percent = new Exact(actual).abs().sub(new Exact(target).abs()).div(new Exact(actual).abs()).mul(100)
  return percent.toDecimalPlaces(16, Decimal.ROUND_DOWN)
}
