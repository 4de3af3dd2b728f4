import type { Transaction } from '@matic/db'
import type { OrderKind, RequestBudget } from '@matic/exchange/port'
import type { ChosenOrder } from './choose-next.ts'
import type { ExecutionContext } from './context.ts'
import type { HeldLane } from './lane.ts'
import type { LaneOrder } from './lane-view.ts'
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
    if (budget === undefined || takeFor(ctx, budget, one, nowMs)) admitted.push(one)
    else putOff.push({ ...one, untilMs: nowMs + waitOf(ctx, budget, one, nowMs) })
  }
  return {
    admitted,
    putOff,
    giveBack() {
      for (const one of admitted) budgetOf(one)?.giveBack()
    },
  }
}

function takeFor(ctx: ExecutionContext, budget: RequestBudget, one: Chosen, nowMs: number): boolean {
  const { order } = one.pick
  const kind = kindOf(ctx, one, nowMs)
  if (order.leg === 'stop') return budget.take(kind, order.id, stopOf(order))
  if (order.leg !== 'open') return budget.take(kind, order.id, isProtection(order) ? undefined : closeOf(order))
  const isGuarded = order.stopPrice !== null || order.stopFraction !== null
  if (!isGuarded || budget.windowMs <= ctx.timings.protectionLimitMs / 2) return budget.take(kind, order.id)
  // With so long a window its stop could come too late: both have room, or none leaves.
  const turns = budget.takeTurns(kind, 2, order.id)
  turns?.keep(stopOf(order))
  const isAdmitted = turns?.use() === true
  turns?.giveBack()
  return isAdmitted
}

type OfMarket = Pick<LaneOrder, 'accountId' | 'symbol' | 'positionSide'>

const stopOf = ({ accountId, symbol, positionSide }: OfMarket) => `stop ${accountId} ${symbol} ${positionSide}`
/** What a turn is kept under for a close, while the position is read before it. */
export const closeOf = ({ accountId, symbol, positionSide }: OfMarket): string => `close ${accountId} ${symbol} ${positionSide}`

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
  const { order } = one.pick
  const waitMs = budget.queue(kind, order.id)
  return kind === 'guard' && order.leg !== 'target' ? Math.min(waitMs, pressesFromMs(ctx, order) - nowMs) : waitMs
}

/** They come again by themselves. What is to come off because its position is gone is asked for from here on, so that any worker finds it. */
export async function writePutOff(
  tx: Transaction,
  putOff: readonly { readonly orderId: string; readonly untilMs: number }[],
): Promise<void> {
  if (putOff.length === 0) return
  await tx.query(
    `UPDATE trade_order o SET not_before = to_timestamp(x.until / 1000.0),
            reason = CASE WHEN o.state <> 'READY' AND o.cancel_requested_at IS NULL THEN 'CANCELED_SIBLING' ELSE o.reason END,
            cancel_requested_at = CASE WHEN o.state <> 'READY' THEN coalesce(o.cancel_requested_at, clock_timestamp()) ELSE o.cancel_requested_at END
       FROM unnest($1::uuid[], $2::float8[]) AS x(id, until) WHERE o.id = x.id AND o.state IN ('READY', 'ACKED', 'PARTIAL')`,
    [putOff.map(({ orderId }) => orderId), putOff.map(({ untilMs }) => untilMs)],
  )
}
