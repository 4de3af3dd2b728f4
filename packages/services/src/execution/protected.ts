import type { Queryable } from '@matic/db'
import { POSITION_COLUMNS, positionCause } from './rows.ts'
import type { PositionRow } from './rows.ts'

type Protection = 'PROTECTING' | 'PROTECTED' | 'NONE'

interface Resting {
  readonly positionId: string
  readonly leg: 'stop' | 'target'
  readonly asWanted: boolean
}

/** `noteProtections` for one. @returns the row when it changed */
export async function noteProtection(tx: Queryable, position: PositionRow): Promise<PositionRow | undefined> {
  return (await noteProtections(tx, [position]))[0]
}

/**
 * Looks at which wanted legs rest at the exchange and writes down what that makes of each position: PROTECTED with its stop (and
 * target, if wanted) in place, NONE where no stop was wanted. Opens that filled into it get their `protected_at`.
 * @returns the rows that changed
 */
export async function noteProtections(tx: Queryable, positions: readonly PositionRow[]): Promise<PositionRow[]> {
  const guarded = positions.filter((position) => position.protection !== 'EMERGENCY' && Number(position.quantityBase) > 0)
  if (guarded.length === 0) return []
  const resting = Map.groupBy(await readResting(tx, guarded), (row) => row.positionId)
  const changes = guarded.flatMap((position) => changeOf(position, resting.get(position.id) ?? []))
  if (changes.length === 0) return []

  const changed = await tx.query<PositionRow>(
    `UPDATE position AS p SET protection = x.protection, unprotected_since = CASE WHEN x.missing THEN coalesce(p.unprotected_since, clock_timestamp()) END, version = p.version + 1
       FROM unnest($1::uuid[], $2::text[], $3::boolean[]) AS x(id, protection, missing)
      WHERE p.id = x.id RETURNING ${POSITION_COLUMNS}`,
    [changes.map(({ id }) => id), changes.map(({ protection }) => protection), changes.map(({ stopMissing }) => stopMissing)],
  )
  await stampOpens(
    tx,
    changed.filter((position) => position.protection === 'PROTECTED'),
  )
  return changed
}

function readResting(tx: Queryable, positions: readonly PositionRow[]): Promise<Resting[]> {
  return tx.query<Resting>(
    `SELECT x.id AS "positionId", o.leg, coalesce(o.trigger_price = CASE o.leg WHEN 'stop' THEN x.s WHEN 'target' THEN x.t END, false) AS "asWanted"
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::numeric[], $5::numeric[]) AS x(id, a, c, s, t)
       JOIN trade_order o ON o.account_id = x.a AND o.cause = x.c
      WHERE o.leg IN ('stop', 'target') AND o.level IS NULL AND o.state IN ('ACKED', 'PARTIAL') AND o.cancel_requested_at IS NULL`,
    [
      positions.map((position) => position.id),
      positions.map((position) => position.accountId),
      positions.map(positionCause),
      positions.map((position) => position.stopPrice),
      positions.map((position) => position.targetPrice),
    ],
  )
}

function changeOf(position: PositionRow, resting: readonly Resting[]): { id: string; protection: Protection; stopMissing: boolean }[] {
  const rests = (leg: 'stop' | 'target') => resting.some((row) => row.leg === leg && row.asWanted)
  const moving = (position.stopPrice !== null && !rests('stop')) || (position.targetPrice !== null && !rests('target'))
  // A stop at its former price guards until the new one rests.
  const stopMissing = position.stopPrice !== null && !resting.some((row) => row.leg === 'stop')
  const protection = moving ? 'PROTECTING' : position.stopPrice === null ? 'NONE' : 'PROTECTED'
  if (protection === position.protection && stopMissing === (position.unprotectedSince !== null)) return []
  return [{ id: position.id, protection, stopMissing }]
}

async function stampOpens(tx: Queryable, positions: readonly PositionRow[]): Promise<void> {
  if (positions.length === 0) return
  await tx.query(
    `UPDATE trade_order o SET protected_at = clock_timestamp(), version = o.version + 1
       FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS x(a, s, t)
      WHERE o.account_id = x.a AND o.symbol = x.s AND o.leg = 'open' AND o.filled_base > 0 AND o.protected_at IS NULL
        AND o.filled_at >= x.t - interval '5 seconds'`,
    [
      positions.map((position) => position.accountId),
      positions.map((position) => position.symbol),
      positions.map((position) => position.openedAt),
    ],
  )
}
