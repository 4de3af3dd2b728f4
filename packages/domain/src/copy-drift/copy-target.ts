import type { PositionDirection, Side } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { Exact } from '../metrics/exact.ts'

/** What a follow's decisions made of one side of a market: its orders, and its stops and targets that filled. In the order of time. */
export interface CopyMove {
  readonly id: string
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
  /** It makes up for an opening that was missed, which owes it: it is not owed again. */
  readonly isTopUp: boolean
}

/** The leader took off part of theirs, or all: what remains of 1. */
export interface LeaderExit {
  readonly atMs: number
  /** Of the copy that it takes part off. */
  readonly side: PositionDirection
  readonly remains: Decimal
  /** By a signal that is copied, not by a stop of theirs or by hand. */
  readonly isSaid: boolean
}

interface Held {
  readonly id: string
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
  return total(heldBy(moves, exits, owedBy))
}

/** What the follow's own orders alone made of it: where something else is held, somebody else had a hand in it. Signed base. */
export function copyHeld(moves: readonly CopyMove[]): Decimal {
  return total(heldBy(moves, [], ({ filledBase }) => filledBase))
}

/** What remains owed of each opening that ended short of what it ordered, of 1, by its id. */
export function owedParts(moves: readonly CopyMove[], exits: readonly LeaderExit[]): ReadonlyMap<string, Decimal> {
  return new Map(heldBy(moves, exits, owedBy).map(({ id, decided, leader }) => [id, Decimal.min(decided, leader)]))
}

function owedBy({ isTopUp, isOver, isDead, filledBase, quantityBase }: CopyMove): Decimal {
  const isRefused = isOver && !isDead && filledBase.isZero()
  return isTopUp || isRefused ? new Exact(0) : new Exact(quantityBase ?? 0)
}

type Opened = (open: CopyMove) => Decimal

function heldBy(moves: readonly CopyMove[], exits: readonly LeaderExit[], opened: Opened): Held[] {
  let held: Held[] = []
  // Of one signal that turns a position around, the leader's exit comes before what opens.
  const events = [...exits.map((exit) => ({ atMs: exit.atMs, exit })), ...moves.map((move) => ({ atMs: move.atMs, move }))]
  for (const event of events.toSorted((a, b) => a.atMs - b.atMs)) {
    if ('exit' in event) held = held.map((one) => left(one, event.exit))
    else held = moved(held, event.move, opened)
  }
  return held
}

/** A leader may hold both sides: an exit of one says nothing of the other. */
function left(one: Held, { side, remains }: LeaderExit): Held {
  return one.base.isNegative() === (side === 'SHORT') ? { ...one, leader: one.leader.mul(remains) } : one
}

function total(held: readonly Held[]): Decimal {
  return held.reduce((sum, one) => sum.add(now(one)), new Exact(0))
}

function moved(held: readonly Held[], move: CopyMove, opened: Opened): Held[] {
  switch (move.kind) {
    case 'close':
      return []
    case 'reduce':
      return scaled(held, new Exact(1).sub(move.fraction ?? 0))
    case 'protective': {
      const whole = total(held).abs()
      return whole.lte(move.filledBase) ? [] : scaled(held, new Exact(1).sub(new Exact(move.filledBase).div(whole)))
    }
    case 'open': {
      const base = opened(move)
      return [...held, { id: move.id, base: move.side === 'buy' ? base : base.neg(), decided: new Exact(1), leader: new Exact(1) }]
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
  side: PositionDirection,
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
    exits.push({ atMs, side, isSaid, remains: held.isZero() ? new Exact(0) : after.div(held) })
    held = after
  }
  return exits
}
