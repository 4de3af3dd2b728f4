import { recordFacts } from '@matic/db'
import type { AccountHandle, ExchangeOrder, ExchangePort } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import { applyPositions } from './apply-positions.ts'
import type { ExecutionContext } from './context.ts'
import { holdLane, holdLanes, LaneLost } from './lane.ts'
import type { HeldLane } from './lane.ts'
import type { LaneOrder } from './lane-view.ts'
import { readPositions } from './read-positions.ts'
import type { Answer, AnswerOutcome } from './record-answers.ts'
import { recordOrder } from './record-order.ts'
import { isProtection, isTrigger } from './rows.ts'

/** Writes down together what many lanes have come to. */
export interface CancelBooks {
  readonly answer: (answer: Answer) => Promise<AnswerOutcome>
  readonly going: (going: Going) => Promise<'recorded' | 'lost'>
}

/** A stop or target that is about to be taken off because its position is gone. */
export interface Going {
  readonly lane: HeldLane
  readonly orderId: string
}

/** Takes orders of one lane off the exchange, all at once. */
export async function cancelAll(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  orders: readonly LaneOrder[],
  books: CancelBooks,
): Promise<void> {
  const results = await Promise.allSettled(orders.map((order) => cancelWorking(ctx, port, handle, lane, order, books)))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

/** Takes an order off the exchange and believes only what a lookup says afterwards: it may have filled in the meantime. */
async function cancelWorking(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  order: LaneOrder,
  books: CancelBooks,
): Promise<void> {
  const asked = { symbol: order.symbol, clientOrderId: order.clientOrderId, isTrigger: isTrigger(order) }
  if (isProtection(order) && !order.cancelRequestedAt) orLost(lane, await books.going({ lane, orderId: order.id }))

  const canceled = await port.cancelOrder(handle, asked)
  if (!canceled.ok && canceled.failure.execution !== 'refused') return tryLater(ctx, lane, order)

  const found = await port.findOrder(handle, asked)
  if (found.ok)
    return found.value.status === 'open' || found.value.status === 'partial'
      ? tryLater(ctx, lane, order)
      : recordEnd(ctx, port, handle, lane, order, found.value, books)
  const gone =
    found.failure.verdict === 'NOT_FOUND' &&
    (canceled.ok || canceled.failure.verdict === 'NOT_FOUND' || canceled.failure.verdict === 'MOOT')
  if (!gone || (!canceled.ok && order.tries < 5)) return tryLater(ctx, lane, order)
  await recordEnd(ctx, port, handle, lane, order, vanished(order), books)
}

/** So that orders say afterwards why they went. @returns in the order of the orders */
export async function noteGoing(ctx: ExecutionContext, going: readonly Going[]): Promise<('recorded' | 'lost')[]> {
  const held = await ctx.db.transaction(async (tx) => {
    const lanes = new Set((await holdLanes(tx, ctx, [...new Set(going.map(({ lane }) => lane))])).held)
    const ours = going.filter(({ lane }) => lanes.has(lane)).map(({ orderId }) => orderId)
    await tx.query(`UPDATE trade_order SET reason = 'CANCELED_SIBLING' WHERE id = ANY($1::uuid[]) AND cancel_requested_at IS NULL`, [ours])
    return lanes
  })
  return going.map(({ lane }) => (held.has(lane) ? 'recorded' : 'lost'))
}

function orLost(lane: HeldLane, outcome: AnswerOutcome): void {
  if (outcome === 'lost') throw new LaneLost(lane.accountId)
}

async function recordEnd(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  order: LaneOrder,
  seen: ExchangeOrder,
  books: CancelBooks,
): Promise<void> {
  const moved = !isTrigger(order) && new Decimal(seen.filledBase).gt(order.filledBase)
  if (!moved) return orLost(lane, await books.answer({ lane, orderId: order.id, seen, sentAtMs: null, isCanary: false }))
  const reading = await readPositions(ctx, port, handle)
  if (!reading.ok) return tryLater(ctx, lane, order)

  const ids = await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    const applied = await applyPositions(tx, ctx, lane, reading.value, { only: order })
    const recorded = await recordOrder(tx, ctx, { lane, orderId: order.id, seen, sentAtMs: null })
    return recordFacts(tx, [...applied.facts, ...recorded.facts])
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
}

async function tryLater(ctx: ExecutionContext, lane: HeldLane, order: LaneOrder): Promise<void> {
  const waitMs = Math.min(200 * 2 ** order.tries, 5_000) * ctx.timings.scale
  await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    await tx.query(`UPDATE trade_order SET not_before = clock_timestamp() + make_interval(secs => $2), tries = tries + 1 WHERE id = $1`, [
      order.id,
      waitMs / 1000,
    ])
  })
}

function vanished(order: LaneOrder): ExchangeOrder {
  return {
    clientOrderId: order.clientOrderId,
    exchangeOrderId: order.exchangeOrderId ?? '',
    symbol: order.symbol,
    side: order.side,
    positionSide: order.positionSide,
    type: order.type,
    status: 'canceled',
    quantityBase: order.quantityBase,
    filledBase: order.filledBase,
    averagePrice: null,
    price: order.price,
    triggerPrice: order.triggerPrice,
    reduceOnly: order.reduceOnly,
    closePosition: isTrigger(order),
    isTrigger: isTrigger(order),
    updatedAtMs: 0,
  }
}
