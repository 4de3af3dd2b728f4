import type { AccountHandle, ExchangeOrder, ExchangePort } from '@matic/exchange/port'
import { CLIENT_ORDER_ID } from '../dispatch/client-order-id.ts'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'

/**
 * Takes orders off the exchange that carry an id of our form and that we consider over, or do not know at all (rows lost with a
 * failed database). Orders of anybody else are never touched.
 */
export async function cancelOrphans(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  open: readonly ExchangeOrder[],
): Promise<void> {
  const ours = open.filter((order) => CLIENT_ORDER_ID.test(order.clientOrderId))
  if (ours.length === 0) return
  const alive = await ctx.db.query<{ clientOrderId: string }>(
    `SELECT client_order_id AS "clientOrderId" FROM trade_order WHERE client_order_id = ANY($1::text[]) AND state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')`,
    [ours.map((order) => order.clientOrderId)],
  )
  const wanted = new Set(alive.map((row) => row.clientOrderId))
  for (const order of ours.filter((candidate) => !wanted.has(candidate.clientOrderId))) {
    const canceled = await port.cancelOrder(handle, {
      symbol: order.symbol,
      clientOrderId: order.clientOrderId,
      isTrigger: order.isTrigger,
    })
    ctx.log.warn(
      { accountId: lane.accountId, clientOrderId: order.clientOrderId, symbol: order.symbol, canceled: canceled.ok },
      'an orphaned order at the exchange',
    )
  }
}
