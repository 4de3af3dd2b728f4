import type { AccountHandle, ExchangeFill, ExchangePort, ExchangeResult } from '@matic/exchange/port'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'

/**
 * Exchange order ids, of these fills, that the exchange made itself: liquidation and deleveraging. Fills do not say it, so its orders are asked for, but
 * only where something was executed that no order of ours explains and that is not booked yet.
 */
export async function readForced(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  fills: ReadonlyMap<string, readonly ExchangeFill[]>,
): Promise<ExchangeResult<ReadonlySet<string>>> {
  const all = [...fills.values()].flat()
  if (all.length === 0) return { ok: true, value: new Set() }
  const strange = await ctx.db.query<{ symbol: string; sinceMs: number }>(
    `SELECT x.symbol, min(x.at)::float8 AS "sinceMs" FROM unnest($2::text[], $3::text[], $4::text[], $5::float8[]) AS x(symbol, t, e, at)
      WHERE NOT EXISTS (SELECT 1 FROM trade_order o WHERE o.account_id = $1 AND o.symbol = x.symbol AND o.exchange_order_id = x.e)
        AND NOT EXISTS (SELECT 1 FROM fill f WHERE f.account_id = $1 AND f.symbol = x.symbol AND f.trade_id = x.t)
      GROUP BY x.symbol`,
    [
      lane.accountId,
      all.map((fill) => fill.symbol),
      all.map((fill) => fill.tradeId),
      all.map((fill) => fill.exchangeOrderId),
      all.map((fill) => fill.atMs),
    ],
  )
  const forced = new Set<string>()
  for (const { symbol, sinceMs } of strange) {
    const orders = await port.fetchForcedOrders(handle, { symbol, sinceMs: sinceMs - MADE_BEFORE_MS })
    if (!orders.ok) return orders
    for (const id of orders.value) forced.add(id)
  }
  return { ok: true, value: forced }
}

/** An order is a little older than its fills. */
const MADE_BEFORE_MS = 60_000
