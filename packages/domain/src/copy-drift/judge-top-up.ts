import type { RepairDoubt } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { Exact } from '../metrics/exact.ts'
import { copyHeld, owedParts, type CopyMove, type LeaderExit } from './copy-target.ts'

/** What may be made up for failed no longer ago than this, ms. */
export const TOP_UP_WINDOW_MS = 600_000

/** An opening of a follow, as what is missing of it is judged. */
export interface OpeningMove extends CopyMove {
  /** At market, and nobody took it back: what it did not fill was missed. */
  readonly wasToFill: boolean
  /** A signal has made up for it, whatever became of that. */
  readonly isMadeUp: boolean
  /** The leader's when it was decided, quote per base. */
  readonly price: Decimal | null
  readonly leverage: number | null
}

interface Lacking {
  /** How much less is held than should be, base. */
  readonly lacks: Decimal
  /** Signed base. */
  readonly actual: Decimal
  readonly stepBase: Decimal
  readonly moves: readonly OpeningMove[]
  readonly exits: readonly LeaderExit[]
  /** Null where no account of theirs shows it. */
  readonly isLeaderIn: boolean | null
  readonly isShared: boolean
  /** Quote per base; null where none is known. */
  readonly mark: Decimal | null
  /** How far it may be from the leader's price, percent. */
  readonly distancePercent: Decimal
  readonly nowMs: number
}

/** Base. The id is the opening's, which is made up for once. */
export interface TopUp {
  readonly openingId: string
  readonly quantityBase: Decimal
  readonly price: Decimal
  readonly leverage: number | null
}

/**
 * What makes up for what is held too little, or why nothing does: only what an order at market failed to fill is, a moment after it failed, once, while the
 * leader is in, the price is near theirs, and nothing but the follow's own orders has touched the position. One opening at a time, never more than is lacking.
 */
export function judgeTopUp(lacking: Lacking): TopUp | RepairDoubt {
  const { lacks, actual, stepBase, moves, exits, isLeaderIn, isShared, mark, distancePercent, nowMs } = lacking
  if (isShared) return 'shared'
  if (isLeaderIn !== true) return 'leader-out'
  const changes = moves.filter(({ kind }) => kind === 'reduce' || kind === 'protective').length
  if (copyHeld(moves).sub(actual).abs().gt(stepBase.mul(changes))) return 'by-hand'
  const parts = owedParts(moves, exits)
  const missed = moves.flatMap((move) => {
    if (move.kind !== 'open' || !move.isOver || !move.wasToFill || move.isTopUp || move.quantityBase === null) return []
    if (move.filledBase.isZero() && !move.isDead) return []
    const base = new Exact(move.quantityBase).sub(move.filledBase).mul(parts.get(move.id) ?? 0)
    return base.gt(0) ? [{ move, base }] : []
  })
  const open = missed.filter(({ move }) => !move.isMadeUp)
  const [first] = open.filter(({ move }) => nowMs - move.atMs <= TOP_UP_WINDOW_MS)
  if (first === undefined) return missed.length === 0 ? 'not-missed' : open.length === 0 ? 'made-up' : 'too-late'
  const { move, base } = first
  if (mark === null || move.price === null || move.price.lte(0)) return 'price-away'
  if (mark.sub(move.price).abs().div(move.price).mul(100).gt(distancePercent)) return 'price-away'
  return { openingId: move.id, quantityBase: Decimal.min(base, lacks), price: move.price, leverage: move.leverage }
}
