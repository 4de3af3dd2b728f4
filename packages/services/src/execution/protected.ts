import type { Queryable } from '@matic/db'
import { POSITION_COLUMNS, positionCause } from './rows.ts'
import type { PositionRow } from './rows.ts'

/**
 * Looks at which wanted legs rest at the exchange and writes down what that makes of the position: PROTECTED with its stop (and
 * target, if wanted) in place, NONE where no stop was wanted. Opens that filled into it get their `protected_at`.
 * @returns the row when it changed
 */
export async function noteProtection(tx: Queryable, position: PositionRow): Promise<PositionRow | undefined> {
  if (position.protection === 'EMERGENCY' || Number(position.quantityBase) === 0) return undefined
  const resting = await tx.query<{ leg: 'stop' | 'target'; asWanted: boolean }>(
    `SELECT leg, coalesce(trigger_price = CASE leg WHEN 'stop' THEN $3::numeric WHEN 'target' THEN $4::numeric END, false) AS "asWanted"
       FROM trade_order WHERE account_id = $1 AND cause = $2 AND leg IN ('stop', 'target') AND level IS NULL AND state IN ('ACKED', 'PARTIAL') AND cancel_requested_at IS NULL`,
    [position.accountId, positionCause(position), position.stopPrice, position.targetPrice],
  )
  const rests = (leg: 'stop' | 'target') => resting.some((row) => row.leg === leg && row.asWanted)
  const moving = (position.stopPrice !== null && !rests('stop')) || (position.targetPrice !== null && !rests('target'))
  // A stop at its former price guards until the new one rests.
  const stopMissing = position.stopPrice !== null && !resting.some((row) => row.leg === 'stop')
  const protection = moving ? 'PROTECTING' : position.stopPrice === null ? 'NONE' : 'PROTECTED'
  if (protection === position.protection && stopMissing === (position.unprotectedSince !== null)) return undefined

  const rows = await tx.query<PositionRow>(
    `UPDATE position AS p SET protection = $2, unprotected_since = CASE WHEN $3 THEN coalesce(p.unprotected_since, clock_timestamp()) END, version = p.version + 1
      WHERE p.id = $1 RETURNING ${POSITION_COLUMNS}`,
    [position.id, protection, stopMissing],
  )
  if (protection === 'PROTECTED') {
    await tx.query(
      `UPDATE trade_order SET protected_at = clock_timestamp(), version = version + 1
        WHERE account_id = $1 AND symbol = $2 AND leg = 'open' AND filled_base > 0 AND protected_at IS NULL AND filled_at >= $3::timestamptz - interval '5 seconds'`,
      [position.accountId, position.symbol, position.openedAt],
    )
  }
  return rows[0]
}
