import type { RepairDoubt } from '@matic/contracts'
import type { Decimal } from 'decimal.js'
import type { CopyMove, LeaderExit } from './copy-target.ts'

interface Doubted {
  /** Signed base. */
  readonly target: Decimal
  readonly moves: readonly CopyMove[]
  readonly exits: readonly LeaderExit[]
  /** Whether the leader holds this side of the market, or is about to; null where no account of theirs shows it. */
  readonly isLeaderIn: boolean | null
  /** What the follow decided last in this market was a way out. */
  readonly lastWasExit: boolean
  /** Somebody else holds some of the position that a close would take. */
  readonly isShared: boolean
}

/**
 * Why what is held too much is shown and not taken off by itself; null where nothing is left to doubt: a close was said after the last opening, all of
 * the position is the follow's, and the leader is out.
 */
export function repairDoubt({ target, moves, exits, isLeaderIn, lastWasExit, isShared }: Doubted): RepairDoubt | null {
  if (isShared) return 'shared'
  if (!target.isZero()) return 'part'
  const openings = moves.filter(({ kind, isOver, filledBase }) => kind === 'open' && (!isOver || filledBase.gt(0)))
  const openedMs = Math.max(0, ...openings.map(({ atMs }) => atMs))
  const isTold =
    moves.some(({ kind, atMs, isOver }) => kind === 'close' && isOver && atMs >= openedMs) ||
    exits.some(({ isSaid, remains, atMs }) => isSaid && remains.isZero() && atMs > openedMs)
  if (!isTold) return 'not-told'
  return (isLeaderIn ?? !lastWasExit) ? 'leader-in' : null
}
