import type { Transaction } from '@matic/db'

/** The hand holds the other side; what comes is more than that, or all there is; they come to nothing. */
const OPPOSES = `sign(s.quantity_base) = -sign(excluded.quantity_base)`
const BEGINS = `(s.quantity_base = 0 OR ${OPPOSES} AND abs(excluded.quantity_base) > abs(s.quantity_base))`
const ENDS = `s.quantity_base = -excluded.quantity_base`
const kept = (column: string) =>
  `CASE WHEN ${ENDS} THEN NULL WHEN ${BEGINS} THEN excluded.${column} WHEN ${OPPOSES} THEN s.${column} ELSE coalesce(s.${column}, excluded.${column}) END`

/**
 * What these routes hold becomes the own of whoever it stands in the account of, stops and targets as they are. Its fills go along, from which shares and
 * trades are made anew: no comparison with the exchange undoes it, and what the trade comes to in the end is its owner's. What ended before stays the follow's.
 */
export async function handOver(tx: Transaction, routeIds: readonly string[]): Promise<void> {
  if (routeIds.length === 0) return
  await tx.query(
    `UPDATE fill x SET route_id = hand_route(x.account_id) FROM trade t
      WHERE t.route_id = ANY($1::uuid[]) AND t.closed_at IS NULL AND x.account_id = t.account_id AND x.symbol = t.symbol AND x.position_side = t.position_side
        AND x.at >= t.opened_at AND x.route_id = ANY($1::uuid[])`,
    [routeIds],
  )
  await tx.query(`UPDATE trade SET route_id = hand_route(account_id) WHERE route_id = ANY($1::uuid[]) AND closed_at IS NULL`, [routeIds])
  await tx.query(
    `WITH gone AS (
       UPDATE position_share s SET quantity_base = 0, entry_price = NULL, protection = 'NONE', stop_price = NULL, target_price = NULL, plan = NULL,
              unprotected_since = NULL, own_protection = false, updated_at = clock_timestamp(), version = s.version + 1 FROM position_share b
        WHERE s.id = b.id AND b.route_id = ANY($1::uuid[]) AND b.quantity_base <> 0
       RETURNING b.user_id, b.account_id, b.symbol, b.position_side, b.quantity_base, b.entry_price, b.stop_price, b.target_price, b.plan)
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
       quantity_base = s.quantity_base + excluded.quantity_base, updated_at = clock_timestamp()`,
    [routeIds],
  )
  await tx.query(
    `UPDATE position SET route_id = hand_route(account_id), version = version + 1 WHERE route_id = ANY($1::uuid[]) AND quantity_base > 0`,
    [routeIds],
  )
}
