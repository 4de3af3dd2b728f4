import type { Queryable } from '@matic/db'
import { Decimal } from 'decimal.js'
import { KINDS, type Kind } from './position-rows.ts'
import { positionCause } from './rows.ts'
import type { PositionRow } from './rows.ts'

type Protection = 'PROTECTING' | 'PROTECTED' | 'NONE'

interface Resting {
  readonly positionId: string
  readonly leg: 'stop' | 'target'
  readonly asWanted: boolean
  /** Base; null is all of the position. */
  readonly quantityBase: string | null
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
  const changed: PositionRow[] = []
  for (const kind of KINDS) {
    const changes = guarded.filter(kind.has).flatMap((position) => changeOf(position, resting.get(position.id) ?? []))
    if (changes.length > 0) changed.push(...(await saveChanges(tx, kind, changes)))
  }
  await stampOpens(
    tx,
    changed.filter((position) => position.protection === 'PROTECTED'),
  )
  return changed
}

interface Changed {
  readonly id: string
  readonly protection: Protection
  readonly stopMissing: boolean
}

function saveChanges(tx: Queryable, { table, columns }: Kind, changes: readonly Changed[]): Promise<PositionRow[]> {
  return tx.query<PositionRow>(
    `UPDATE ${table} AS p SET protection = x.protection, unprotected_since = CASE WHEN x.missing THEN coalesce(p.unprotected_since, clock_timestamp()) END, version = p.version + 1
       FROM unnest($1::uuid[], $2::text[], $3::boolean[]) AS x(id, protection, missing)
      WHERE p.id = x.id RETURNING ${columns}`,
    [changes.map(({ id }) => id), changes.map(({ protection }) => protection), changes.map(({ stopMissing }) => stopMissing)],
  )
}

function readResting(tx: Queryable, positions: readonly PositionRow[]): Promise<Resting[]> {
  return tx.query<Resting>(
    `SELECT x.id AS "positionId", o.leg, o.quantity_base AS "quantityBase", coalesce(o.trigger_price = CASE o.leg WHEN 'stop' THEN x.s WHEN 'target' THEN x.t END, false) AS "asWanted"
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

function changeOf(position: PositionRow, resting: readonly Resting[]): Changed[] {
  const rests = (leg: 'stop' | 'target') => {
    const wanted = resting.filter((row) => row.leg === leg && row.asWanted)
    return position.shareOf === undefined ? wanted.length > 0 : covers(position, wanted)
  }
  const moving = (position.stopPrice !== null && !rests('stop')) || (position.targetPrice !== null && !rests('target'))
  // A stop at its former price guards until the new one rests.
  const stops = resting.filter((row) => row.leg === 'stop')
  const guards = position.shareOf === undefined ? stops.length > 0 : covers(position, stops)
  const stopMissing = position.stopPrice !== null && !guards
  const protection = moving ? 'PROTECTING' : position.stopPrice === null ? 'NONE' : 'PROTECTED'
  if (protection === position.protection && stopMissing === (position.unprotectedSince !== null)) return []
  return [{ id: position.id, protection, stopMissing }]
}

/** A share is guarded by as much as stands at the exchange of it. */
function covers(position: PositionRow, resting: readonly Resting[]): boolean {
  const restsBase = new Decimal(position.restsBase ?? position.quantityBase)
  if (restsBase.isZero()) return true
  const covered = resting.reduce((sum, { quantityBase }) => sum.add(quantityBase ?? position.quantityBase), new Decimal(0))
  return covered.gt(0) && covered.gte(restsBase)
}

async function stampOpens(tx: Queryable, positions: readonly PositionRow[]): Promise<void> {
  if (positions.length === 0) return
  await tx.query(
    `UPDATE trade_order o SET protected_at = clock_timestamp(), version = o.version + 1
       FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[]) AS x(a, s, t, r)
      WHERE o.account_id = x.a AND o.symbol = x.s AND o.leg = 'open' AND (x.r IS NULL OR o.route_id = x.r) AND o.filled_base > 0 AND o.protected_at IS NULL
        AND o.filled_at >= x.t - interval '5 seconds'`,
    [
      positions.map((position) => position.accountId),
      positions.map((position) => position.symbol),
      positions.map((position) => position.openedAt),
      positions.map((position) => (position.shareOf === undefined ? null : position.routeId)),
    ],
  )
}
