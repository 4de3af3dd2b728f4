import type { Transaction } from '@matic/db'
import type { OrderKind, RequestBudget } from '@matic/exchange/port'
import type { ChosenOrder } from './choose-next.ts'
import type { ExecutionContext } from './context.ts'
import type { HeldLane } from './lane.ts'
import { isProtection } from './rows.ts'

export interface Chosen {
  readonly lane: HeldLane
  readonly pick: ChosenOrder
}

/** An order for which the address has no room: when to come again, database ms. */
export interface PutOff extends Chosen {
  readonly untilMs: number
}

export interface Admission {
  readonly admitted: readonly Chosen[]
  readonly putOff: readonly PutOff[]
  /** What was admitted will not leave after all. */
  giveBack(): void
}

/**
 * Takes room for these orders out of what their addresses may ask, before they are written ahead: an order that waited for its turn afterwards would be
 * too old when it leaves. Closes come first, targets last. Openings go before stops, or the last of many would come late, until a stop has waited half of
 * what it may: then it goes first, and keeps them from leaving until it has.
 */
export function admit(ctx: ExecutionContext, chosen: readonly Chosen[], nowMs: number): Admission {
  const admitted: Chosen[] = []
  const putOff: PutOff[] = []
  const budgetOf = ({ lane }: Chosen) => ctx.exchanges.get(lane.exchange)?.budget
  for (const one of chosen.toSorted((a, b) => rankOf(ctx, a, nowMs) - rankOf(ctx, b, nowMs))) {
    const budget = budgetOf(one)
    if (budget === undefined || budget.take(kindOf(ctx, one, nowMs))) admitted.push(one)
    else putOff.push({ ...one, untilMs: nowMs + waitOf(ctx, budget, one, nowMs) })
  }
  return {
    admitted,
    putOff,
    giveBack() {
      for (const one of admitted) budgetOf(one)?.settle()
    },
  }
}

function kindOf(ctx: ExecutionContext, one: Chosen, nowMs: number): OrderKind {
  const { order } = one.pick
  if (order.leg === 'open') return 'open'
  return isPressing(ctx, one, nowMs) ? 'urgent' : 'guard'
}

/** A close, or a stop that has waited half of what it may. */
function isPressing(ctx: ExecutionContext, { pick: { order } }: Chosen, nowMs: number): boolean {
  return !isProtection(order) || (order.leg !== 'target' && pressesFromMs(ctx, order) <= nowMs)
}

const pressesFromMs = ({ timings }: ExecutionContext, order: Chosen['pick']['order']) =>
  order.createdAt.getTime() + timings.protectionLimitMs / 2

const RANKS: readonly OrderKind[] = ['urgent', 'open', 'guard']

/** Closes before stops that press, targets after stops. */
function rankOf(ctx: ExecutionContext, one: Chosen, nowMs: number): number {
  const { order } = one.pick
  return 10 * RANKS.indexOf(kindOf(ctx, one, nowMs)) + order.priority + (order.leg === 'target' ? 1 : 0)
}

/** A stop comes again when it presses, if its turn is later. */
function waitOf(ctx: ExecutionContext, budget: RequestBudget, one: Chosen, nowMs: number): number {
  const kind = kindOf(ctx, one, nowMs)
  const waitMs = budget.queue(kind)
  const { order } = one.pick
  return kind === 'guard' && order.leg !== 'target' ? Math.min(waitMs, pressesFromMs(ctx, order) - nowMs) : waitMs
}

/** They come again by themselves. */
export async function writePutOff(tx: Transaction, putOff: readonly PutOff[]): Promise<void> {
  if (putOff.length === 0) return
  await tx.query(
    `UPDATE trade_order o SET not_before = to_timestamp(x.until / 1000.0) FROM unnest($1::uuid[], $2::float8[]) AS x(id, until) WHERE o.id = x.id AND o.state = 'READY'`,
    [putOff.map(({ pick }) => pick.order.id), putOff.map(({ untilMs }) => untilMs)],
  )
}
