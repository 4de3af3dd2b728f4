import type { Transaction } from '@matic/db'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'
import { wishFor } from '../execution/record-order.ts'
import { ORDER_COLUMNS, POSITION_COLUMNS, SHARE_COLUMNS } from '../execution/rows.ts'
import type { OrderRow, PositionRow } from '../execution/rows.ts'

/** Positions without protection whose opening order asked for some, whatever was interrupted in between. */
export async function adoptWishes(tx: Transaction, ctx: ExecutionContext, lane: HeldLane): Promise<PositionRow[]> {
  const isBare = `p.account_id = $1 AND p.quantity_base <> 0 AND p.protection = 'NONE' AND p.stop_price IS NULL AND p.plan IS NULL`
  const nets = `(SELECT a.shared_symbols = 'net' FROM account a WHERE a.id = $1)`
  const bare = [
    ...(await tx.query<PositionRow>(`SELECT ${POSITION_COLUMNS} FROM position p WHERE ${isBare} AND NOT ${nets} FOR UPDATE`, [
      lane.accountId,
    ])),
    ...(await tx.query<PositionRow>(`SELECT ${SHARE_COLUMNS} FROM position_share p WHERE ${isBare} AND ${nets} FOR UPDATE OF p`, [
      lane.accountId,
    ])),
  ]
  const changed: PositionRow[] = []
  for (const position of bare) {
    const orders = await tx.query<OrderRow>(
      `SELECT ${ORDER_COLUMNS} FROM trade_order o
        WHERE o.account_id = $1 AND o.symbol = $2 AND o.leg = 'open' AND o.filled_base > 0 AND o.protected_at IS NULL AND o.side = $3 AND o.position_side = $6 AND ($7::uuid IS NULL OR o.route_id = $7)
          AND (o.stop_price IS NOT NULL OR o.stop_fraction IS NOT NULL OR o.plan IS NOT NULL) AND o.filled_at >= $4::timestamptz - make_interval(secs => $5)
        ORDER BY o.filled_at DESC LIMIT 1`,
      [
        lane.accountId,
        position.symbol,
        position.side === 'LONG' ? 'buy' : 'sell',
        position.openedAt,
        (2 * ctx.timings.notPlacedAfterMs) / 1000,
        position.positionSide,
        position.shareOf === undefined ? null : position.routeId,
      ],
    )
    const order = orders[0]
    // A stop its owner keeps removing at the exchange was given up on purpose.
    const refused = await tx.query(`SELECT 1 FROM trade_order WHERE account_id = $1 AND cause = $2 AND leg = 'stop' LIMIT 1`, [
      lane.accountId,
      `position:${position.id}:${position.epoch}`,
    ])
    if (!order || refused.length > 0) continue
    if (position.shareOf === undefined)
      await tx.query('UPDATE position SET route_id = coalesce(route_id, $2) WHERE id = $1', [position.id, order.routeId])
    changed.push(await wishFor(tx, ctx, lane, position, order))
  }
  return changed
}
