import type { Transaction } from '@matic/db'
import { noteHandedOver, type GivenRow } from './note-handed-over.ts'

/** The hand holds the other side; what comes is more than that, or all there is; they come to nothing. */
const OPPOSES = `sign(s.quantity_base) = -sign(excluded.quantity_base)`
const BEGINS = `(s.quantity_base = 0 OR ${OPPOSES} AND abs(excluded.quantity_base) > abs(s.quantity_base))`
const ENDS = `s.quantity_base = -excluded.quantity_base`
const kept = (column: string) =>
  `CASE WHEN ${ENDS} THEN NULL WHEN ${BEGINS} THEN excluded.${column} WHEN ${OPPOSES} THEN s.${column} ELSE coalesce(s.${column}, excluded.${column}) END`

/**
 * What these routes hold becomes the own of whoever it stands in the account of, stops and targets as they are. Its fills go along, from which shares and
 * trades are made anew: no comparison with the exchange undoes it, and what the trade comes to from here is its owner's. What ended before stays the follow's,
 * and so does what it is worth now: that is noted in the same commit.
 */
export async function handOver(tx: Transaction, routeIds: readonly string[]): Promise<void> {
  if (routeIds.length === 0) return
  await tx.query(
    `UPDATE fill x SET route_id = hand_route(x.account_id) FROM trade t
      WHERE t.route_id = ANY($1::uuid[]) AND t.closed_at IS NULL AND x.account_id = t.account_id AND x.symbol = t.symbol AND x.position_side = t.position_side
        AND x.at >= t.opened_at AND x.route_id = ANY($1::uuid[])`,
    [routeIds],
  )
  const trades = await tx.query<GivenRow>(
    `UPDATE trade t SET route_id = hand_route(t.account_id)
       FROM (SELECT id, route_id FROM trade WHERE route_id = ANY($1::uuid[]) AND closed_at IS NULL FOR UPDATE) b WHERE t.id = b.id
     RETURNING b.route_id AS "routeId", t.symbol, t.position_side AS "positionSide", t.entry_price AS "entryPrice", (t.gross_pnl - t.fees + t.funding)::text AS made,
               (CASE t.side WHEN 'SHORT' THEN t.exit_base - t.entry_base ELSE t.entry_base - t.exit_base END)::text AS base`,
    [routeIds],
  )
  const shares = await tx.query<GivenRow>(
    `WITH gone AS (
       UPDATE position_share s SET quantity_base = 0, entry_price = NULL, protection = 'NONE', stop_price = NULL, target_price = NULL, plan = NULL,
              unprotected_since = NULL, own_protection = false, updated_at = clock_timestamp(), version = s.version + 1 FROM position_share b
        WHERE s.id = b.id AND b.route_id = ANY($1::uuid[]) AND b.quantity_base <> 0
       RETURNING b.user_id, b.account_id, b.route_id, b.symbol, b.position_side, b.quantity_base, b.entry_price, b.stop_price, b.target_price, b.plan),
     taken AS (
     INSERT INTO position_share AS s (id, user_id, account_id, route_id, symbol, position_side, quantity_base, entry_price, stop_price, target_price, plan,
                                      epoch, opened_at, protection, unprotected_since)
     SELECT gen_random_uuid(), user_id, account_id, hand_route(account_id), symbol, position_side, quantity_base, entry_price, stop_price, target_price, plan,
            1, clock_timestamp(), CASE WHEN coalesce(stop_price, target_price) IS NULL AND plan IS NULL THEN 'NONE' ELSE 'PROTECTING' END,
            CASE WHEN stop_price IS NOT NULL THEN clock_timestamp() END
       FROM gone
     ON CONFLICT (account_id, symbol, position_side, route_id) DO UPDATE SET
       stop_price = ${kept('stop_price')}, target_price = ${kept('target_price')}, plan = ${kept('plan')},
       epoch = s.epoch + CASE WHEN ${BEGINS} THEN 1 ELSE 0 END,
       opened_at = CASE WHEN ${BEGINS} THEN excluded.opened_at ELSE s.opened_at END,
       protection = CASE WHEN ${ENDS} THEN 'NONE' WHEN ${BEGINS} OR s.protection = 'NONE' AND NOT ${OPPOSES} THEN excluded.protection ELSE s.protection END,
       unprotected_since = CASE WHEN ${ENDS} THEN NULL WHEN ${BEGINS} OR s.protection = 'NONE' AND NOT ${OPPOSES} THEN excluded.unprotected_since ELSE s.unprotected_since END,
       version = s.version + 1,
       entry_price = CASE WHEN ${ENDS} THEN NULL WHEN ${BEGINS} THEN excluded.entry_price WHEN ${OPPOSES} THEN s.entry_price
                          ELSE (s.quantity_base * s.entry_price + excluded.quantity_base * excluded.entry_price) / (s.quantity_base + excluded.quantity_base) END,
       quantity_base = s.quantity_base + excluded.quantity_base, updated_at = clock_timestamp())
     SELECT route_id AS "routeId", symbol, position_side AS "positionSide", entry_price AS "entryPrice", quantity_base::text AS base FROM gone`,
    [routeIds],
  )
  // Counts where nobody has shared the position out.
  const positions = await tx.query<GivenRow & { isShared: boolean }>(
    `UPDATE position p SET route_id = hand_route(p.account_id), version = p.version + 1
       FROM (SELECT id, route_id FROM position WHERE route_id = ANY($1::uuid[]) AND quantity_base > 0 FOR UPDATE) b WHERE p.id = b.id
     RETURNING b.route_id AS "routeId", p.symbol, p.position_side AS "positionSide", p.entry_price AS "entryPrice",
               (CASE p.side WHEN 'SHORT' THEN -p.quantity_base ELSE p.quantity_base END)::text AS base,
               EXISTS (SELECT 1 FROM position_share s WHERE s.account_id = p.account_id AND s.symbol = p.symbol AND s.position_side = p.position_side AND s.quantity_base <> 0) AS "isShared"`,
    [routeIds],
  )
  await noteHandedOver(tx, { trades, held: [...shares, ...positions.filter(({ isShared }) => !isShared)] })
}
