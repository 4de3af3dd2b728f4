import { recordFacts } from '@matic/db'
import type { AccountHandle, ExchangeOrder, ExchangePort } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import { applyPositions } from './apply-positions.ts'
import type { ExecutionContext } from './context.ts'
import { holdLane } from './lane.ts'
import type { HeldLane } from './lane.ts'
import type { LaneOrder } from './lane-view.ts'
import { readPositions } from './read-positions.ts'
import { recordOrder } from './record-order.ts'
import { isProtection, isTrigger } from './rows.ts'

/** Takes an order off the exchange and believes only what a lookup says afterwards: it may have filled in the meantime. */
export async function cancelWorking(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  order: LaneOrder,
): Promise<void> {
  const asked = { symbol: order.symbol, clientOrderId: order.clientOrderId, isTrigger: isTrigger(order) }
  if (isProtection(order) && !order.cancelRequestedAt) await noteReason(ctx, lane, order)

  const canceled = await port.cancelOrder(handle, asked)
  if (!canceled.ok && canceled.failure.execution !== 'refused') return tryLater(ctx, lane, order)

  const found = await port.findOrder(handle, asked)
  if (found.ok)
    return found.value.status === 'open' || found.value.status === 'partial'
      ? tryLater(ctx, lane, order)
      : recordEnd(ctx, port, handle, lane, order, found.value)
  const gone =
    found.failure.verdict === 'NOT_FOUND' &&
    (canceled.ok || canceled.failure.verdict === 'NOT_FOUND' || canceled.failure.verdict === 'MOOT')
  if (!gone || (!canceled.ok && order.tries < 5)) return tryLater(ctx, lane, order)
  await recordEnd(ctx, port, handle, lane, order, vanished(order))
}

/** So that the order says afterwards why it went. */
async function noteReason(ctx: ExecutionContext, lane: HeldLane, order: LaneOrder): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    await tx.query(`UPDATE trade_order SET reason = 'CANCELED_SIBLING' WHERE id = $1 AND cancel_requested_at IS NULL`, [order.id])
  })
}

async function recordEnd(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  order: LaneOrder,
  seen: ExchangeOrder,
): Promise<void> {
  const moved = !isTrigger(order) && new Decimal(seen.filledBase).gt(order.filledBase)
  const reading = moved ? await readPositions(ctx, port, handle) : undefined
  if (reading && !reading.ok) return tryLater(ctx, lane, order)

  const ids = await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    const applied = reading ? await applyPositions(tx, ctx, lane, reading.value, { only: order }) : undefined
    const recorded = await recordOrder(tx, ctx, { lane, orderId: order.id, seen, sentAtMs: null })
    return recordFacts(tx, [...(applied?.facts ?? []), ...recorded.facts])
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
