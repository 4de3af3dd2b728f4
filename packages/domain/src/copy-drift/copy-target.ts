import type { Side } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { Exact } from '../metrics/exact.ts'

/** What a follow's decisions made of one side of a market: its orders, and its stops and targets that filled. In the order of time. */
export interface CopyMove {
  readonly kind: 'open' | 'reduce' | 'close' | 'protective'
  /** Of its signal, else of the order. */
  readonly atMs: number
  readonly side: Side
  /** What was ordered, base; null where it takes whatever is there. */
  readonly quantityBase: Decimal | null
  /** Of what remains. */
  readonly fraction: Decimal | null
  readonly filledBase: Decimal
  /** It failed again and again and was set aside. */
  readonly isDead: boolean
  readonly isOver: boolean
}

/** The leader took off part of theirs, or all: what remains of 1. */
export interface LeaderExit {
  readonly atMs: number
  readonly remains: Decimal
  /** By a signal that is copied, not by a stop of theirs or by hand. */
  readonly isSaid: boolean
}

interface Held {
  base: Decimal
  /** By what the follow decided, and by what the leader did, of 1. */
  decided: Decimal
  leader: Decimal
}

/**
 * What a follow is to hold of one side of a market, signed base: what its decisions opened, less what they took off since, and never more than
 * the part that the leader has kept of theirs. An opening that ended unfilled was refused with its reason and is owed no more; one that died is.
 */
export function copyTarget(moves: readonly CopyMove[], exits: readonly LeaderExit[]): Decimal {
  let held: Held[] = []
  // Of one signal that turns a position around, the leader's exit comes before what opens.
  const events = [...exits.map((exit) => ({ atMs: exit.atMs, exit })), ...moves.map((move) => ({ atMs: move.atMs, move }))]
  for (const event of events.toSorted((a, b) => a.atMs - b.atMs)) {
    if ('exit' in event) held = held.map((one) => ({ ...one, leader: one.leader.mul(event.exit.remains) }))
    else held = moved(held, event.move)
  }
  return held.reduce((sum, one) => sum.add(now(one)), new Exact(0))
}

function moved(held: readonly Held[], move: CopyMove): Held[] {
  switch (move.kind) {
    case 'close':
      return []
    case 'reduce':
      return scaled(held, new Exact(1).sub(move.fraction ?? 0))
    case 'protective': {
      const total = held.reduce((sum, one) => sum.add(now(one)), new Exact(0)).abs()
      return total.lte(move.filledBase) ? [] : scaled(held, new Exact(1).sub(new Exact(move.filledBase).div(total)))
    }
    case 'open': {
      const owed = move.isOver && !move.isDead && move.filledBase.isZero() ? new Exact(0) : new Exact(move.quantityBase ?? 0)
      return [...held, { base: move.side === 'buy' ? owed : owed.neg(), decided: new Exact(1), leader: new Exact(1) }]
    }
  }
}

function scaled(held: readonly Held[], by: Decimal): Held[] {
  return held.map((one) => ({ ...one, decided: one.decided.mul(by) }))
}

function now({ base, decided, leader }: Held): Decimal {
  return base.mul(Decimal.min(decided, leader))
}

/** What each exit of the leader left, out of the steps of one of their trades. */
export function leaderExits(
  steps: readonly { readonly change: 'in' | 'out'; readonly quantityBase: Decimal; readonly atMs: number; readonly isSaid: boolean }[],
): LeaderExit[] {
  const exits: LeaderExit[] = []
  let held = new Exact(0)
  for (const { change, quantityBase, atMs, isSaid } of steps) {
    if (change === 'in') {
      held = held.add(quantityBase)
      continue
    }
    const after = Exact.max(0, held.sub(quantityBase))
    exits.push({ atMs, isSaid, remains: held.isZero() ? new Exact(0) : after.div(held) })
    held = after
  }
  return exits
}
