import type { Queryable } from '@matic/db'
import type { Decimal } from 'decimal.js'
import type { ExecutionContext } from './context.ts'
import type { OrderRow } from './rows.ts'

/** What an order of ours has filled since it was last looked at. */
export interface OrderFill {
  readonly order: Pick<OrderRow, 'userId' | 'accountId' | 'routeId' | 'symbol' | 'side' | 'positionSide' | 'leg'>
  readonly filledBase: Decimal
  /** Quote per base. */
  readonly price: Decimal
}

/**
 * Moves the shares of the orders' own routes: an open adds to its route's, everything else takes off no more than that has. What a close
 * takes from others is shared out by the next comparison with the exchange, which follows each fill.
 */
export async function moveShares(tx: Queryable, ctx: ExecutionContext, fills: readonly OrderFill[]): Promise<void> {
  if (fills.length === 0) return
  await tx.query(
    `WITH x AS (
       SELECT id, u, a, coalesce(r, hand_route(a)) AS r, sym, ps, q, p, opens
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::numeric[], $8::numeric[], $9::boolean[])
           AS f(id, u, a, r, sym, ps, q, p, opens)),
     moved AS (
       UPDATE position_share s SET
         quantity_base = CASE WHEN x.opens OR abs(x.q) <= abs(s.quantity_base) THEN s.quantity_base + x.q ELSE 0 END,
         entry_price = CASE
           WHEN x.opens AND (s.quantity_base = 0 OR sign(s.quantity_base + x.q) = -sign(s.quantity_base)) THEN x.p
           WHEN x.opens AND sign(s.quantity_base) = sign(x.q) AND s.entry_price IS NOT NULL
             THEN ((s.quantity_base * s.entry_price + x.q * x.p) / (s.quantity_base + x.q))::numeric(38, 18)
           WHEN x.opens OR abs(x.q) < abs(s.quantity_base) THEN CASE WHEN s.quantity_base + x.q <> 0 THEN s.entry_price END
         END,
         updated_at = clock_timestamp()
        FROM x
       WHERE s.account_id = x.a AND s.symbol = x.sym AND s.position_side = x.ps AND s.route_id = x.r
         AND (x.opens OR sign(s.quantity_base) = -sign(x.q)))
     INSERT INTO position_share (id, user_id, account_id, route_id, symbol, position_side, quantity_base, entry_price)
     SELECT id, u, a, r, sym, ps, q, p FROM x
      WHERE opens AND NOT EXISTS (SELECT 1 FROM position_share s WHERE s.account_id = x.a AND s.symbol = x.sym AND s.position_side = x.ps AND s.route_id = x.r)`,
    [
      fills.map(() => ctx.newId()),
      fills.map(({ order }) => order.userId),
      fills.map(({ order }) => order.accountId),
      fills.map(({ order }) => order.routeId),
      fills.map(({ order }) => order.symbol),
      fills.map(({ order }) => order.positionSide),
      fills.map(({ order, filledBase }) => (order.side === 'buy' ? filledBase : filledBase.neg()).toFixed()),
      fills.map(({ price }) => price.toDecimalPlaces(18).toFixed()),
      fills.map(({ order }) => order.leg === 'open'),
    ],
  )
}
