import type { Alert } from '@matic/contracts'
import type { Decision } from '../decide/types.ts'
import type { LeaderMove } from './leader-move.ts'
import type { Detached, FollowTerms, LeaderBook } from './types.ts'

interface Entry {
  readonly terms: FollowTerms
  readonly leader: LeaderBook
  readonly alert: Alert
  readonly move: LeaderMove
  readonly symbol: string
  /** The side that is to be opened. */
  readonly side: Detached['side']
}

/**
 * The detachment that stands against an opening: the leader is in still, as far as it can be told, and goes on the same way. One who trades on no account
 * of theirs is in until they say otherwise.
 */
export function detachedFrom({ terms, leader, alert, move, symbol, side }: Entry): Detached | null {
  const detached = terms.detached?.find((one) => one.symbol === symbol && one.side === side)
  if (detached === undefined || alert.previousMarketPosition === 'flat') return null
  const isIn = move.intent.kind === 'add' || (move.intent.kind === 'open' && leader.routeId === null)
  return isIn ? detached : null
}

/** The leader has left the market, or turned round in it: what was detached there is copied again from the next signal on. */
export function attachedBy({ intent, reason, symbol }: Decision, detached: readonly Detached[]): string[] {
  if (reason === 'FOLLOW_DETACHED' || reason === 'CHAIN_LATE') return []
  const leaves = intent === 'close' || intent === 'close-all' || intent === 'reverse' || intent === 'open'
  const symbols = new Set(detached.map((one) => one.symbol).filter((one) => symbol === null || one === symbol))
  return leaves && (symbol !== null || intent === 'close-all') ? [...symbols] : []
}
