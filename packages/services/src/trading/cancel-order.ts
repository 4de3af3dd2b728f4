import { AppError, isTerminal, ORDER_STATES, type OrderView } from '@matic/contracts'
import { findOrder } from './orders.ts'
import type { TradingContext } from './manual-signal.ts'
import { setProtection } from './set-protection.ts'

const LOOK_EVERY_MS = 200

/**
 * Asks for a cancellation and waits for what the exchange says: the order may fill in the meantime. A stop or target goes with the wish for it.
 * @throws AppError ORDER_NOT_FOUND; CONFLICT when there is nothing to cancel, or when it closes a position
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
  if (order.leg === 'stop' || order.leg === 'target') return takeAway(ctx, input, order)
  if (order.leg !== 'open')
    throw new AppError('CONFLICT', 'This order makes a position smaller: it goes through or is not needed any more.')

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

async function takeAway(
  ctx: TradingContext,
  { userId, orderId }: { userId: string; orderId: string },
  order: OrderView,
): Promise<{ order: OrderView; settled: boolean }> {
  const { positionId, shareId } = await positionOfOrder(ctx, { userId, orderId })
  const { settled } = await setProtection({
    ctx,
    input: {
      userId,
      positionId,
      shareId,
      stopLoss: order.leg === 'stop' ? null : undefined,
      takeProfit: order.leg === 'target' ? null : undefined,
    },
  })
  return { order: (await findOrder({ db: ctx.db, input: { userId, orderId } })) ?? order, settled }
}

interface Guarded {
  readonly positionId: string
  /** Set where it is one source's share. */
  readonly shareId: string | null
}

/** The position that a stop or target belongs to. @throws AppError CONFLICT for an order of none */
export async function positionOfOrder(ctx: TradingContext, { userId, orderId }: { userId: string; orderId: string }): Promise<Guarded> {
  const [row] = await ctx.db.query<Guarded>(
    `SELECT p.id AS "positionId", s.id AS "shareId" FROM trade_order o
       JOIN position p ON p.account_id = o.account_id AND p.symbol = o.symbol AND p.position_side = o.position_side
       LEFT JOIN position_share s ON s.account_id = o.account_id AND o.cause = 'position:' || s.id || ':' || s.epoch
      WHERE (s.id IS NOT NULL OR o.cause = 'position:' || p.id || ':' || p.epoch) AND o.id = $1 AND o.user_id = $2`,
    [orderId, userId],
  )
  if (!row) throw new AppError('CONFLICT', 'This order belongs to no open position')
  return row
}

function isOver(order: OrderView): boolean {
  return ORDER_STATES.some((state) => state === order.state && isTerminal(state))
}
