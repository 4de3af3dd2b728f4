import { AppError, isTerminal, ORDER_STATES, type OrderView } from '@matic/contracts'
import { findOrder } from './orders.ts'
import type { TradingContext } from './manual-signal.ts'

const LOOK_EVERY_MS = 200

/**
 * Asks for a cancellation and waits for what the exchange says: the order may fill in the meantime.
 * @throws AppError ORDER_NOT_FOUND; CONFLICT when there is nothing to cancel, or when it protects a position
 */
export async function cancelOrder({
  ctx,
  input,
}: {
  ctx: TradingContext
  input: { userId: string; orderId: string }
}): Promise<{ order: OrderView; settled: boolean }> {
  const order = await findOrder({ db: ctx.db, input })
  if (!order) throw new AppError('ORDER_NOT_FOUND', 'There is no such order')
  if (isOver(order)) throw new AppError('CONFLICT', 'This order is over already', { details: { state: order.state } })
  if (order.leg !== 'open')
    throw new AppError(
      'CONFLICT',
      'This order makes a position safe or smaller. Close the position instead, or change its stop and target.',
    )

  using watch = ctx.desk.watchFacts()
  await ctx.db.query(
    `UPDATE trade_order SET cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()) WHERE id = $1 AND user_id = $2`,
    [order.id, input.userId],
  )
  ctx.doorbell.ring('execute')

  const deadlineMs = ctx.clock.monotonic() + ctx.timings.apiRequestWaitMs
  for (;;) {
    const now = await findOrder({ db: ctx.db, input })
    if (now && isOver(now)) return { order: now, settled: true }
    const leftMs = deadlineMs - ctx.clock.monotonic()
    if (leftMs <= 0) return { order: now ?? order, settled: false }
    await watch.next(Math.min(LOOK_EVERY_MS, leftMs))
  }
}

function isOver(order: OrderView): boolean {
  return ORDER_STATES.some((state) => state === order.state && isTerminal(state))
}
