import type { Transaction } from '@matic/db'
import type { ExecutionContext } from '../execution/context.ts'
import { insertNextRevision } from '../execution/insert-orders.ts'
import type { HeldLane } from '../execution/lane.ts'
import { ORDER_COLUMNS } from '../execution/rows.ts'
import type { OrderRow } from '../execution/rows.ts'

/**
 * A close that filled, and yet something is still there: the position was larger than we knew, or an earlier open went on filling.
 * The close goes on, unless an open of ours was sent after it.
 */
export async function finishCloses(tx: Transaction, ctx: ExecutionContext, lane: HeldLane): Promise<void> {
  const closes = await tx.query<OrderRow>(
    `SELECT DISTINCT ON (o.symbol, o.position_side, CASE WHEN a.shared_symbols = 'net' THEN o.route_id END) ${ORDER_COLUMNS}
       FROM position p JOIN trade_order o ON o.account_id = p.account_id AND o.symbol = p.symbol AND o.position_side = p.position_side JOIN account a ON a.id = p.account_id
      WHERE p.account_id = $1 AND (p.quantity_base > 0 OR a.shared_symbols = 'net') AND o.leg IN ('close', 'emergency') AND o.type = 'market' AND o.state = 'FILLED'
        AND (o.side = CASE p.side WHEN 'LONG' THEN 'sell' ELSE 'buy' END OR a.shared_symbols = 'net') AND o.ended_at > clock_timestamp() - make_interval(secs => $2)
        AND (a.shared_symbols <> 'net' OR EXISTS (SELECT 1 FROM position_share s
                          WHERE s.account_id = o.account_id AND s.symbol = o.symbol AND s.position_side = o.position_side AND s.route_id = o.route_id
                            AND sign(s.quantity_base) = CASE o.side WHEN 'sell' THEN 1 ELSE -1 END))
        AND NOT EXISTS (SELECT 1 FROM trade_order later WHERE later.account_id = o.account_id AND later.symbol = o.symbol AND later.position_side = o.position_side AND later.leg = 'open' AND (a.shared_symbols <> 'net' OR later.route_id = o.route_id)
                          AND later.submitted_at >= o.submitted_at AND (later.filled_base > 0 OR later.state IN ('SUBMITTING', 'UNKNOWN', 'ACKED')))
        AND NOT EXISTS (SELECT 1 FROM trade_order pending WHERE pending.account_id = o.account_id AND pending.symbol = o.symbol AND pending.position_side = o.position_side AND pending.leg IN ('close', 'emergency') AND (a.shared_symbols <> 'net' OR pending.route_id = o.route_id)
                          AND pending.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL'))
      ORDER BY o.symbol, o.position_side, CASE WHEN a.shared_symbols = 'net' THEN o.route_id END, o.ended_at DESC`,
    [lane.accountId, (2 * ctx.timings.replicaLagMs) / 1000],
  )
  for (const close of closes) await insertNextRevision(tx, ctx, close, 0)
}
