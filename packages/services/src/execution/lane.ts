import type { Queryable } from '@matic/db'
import type { ExecutionContext } from './context.ts'

/** A lane this process holds. Every write for its account names the fence. */
export interface HeldLane {
  readonly accountId: string
  readonly userId: string
  readonly exchange: string
  readonly owner: string
  readonly fence: string
}

/** The lane belongs to somebody else by now: whatever was about to be written must not be. */
export class LaneLost extends Error {
  constructor(accountId: string) {
    super(`The lane of account ${accountId} is no longer ours`)
    this.name = 'LaneLost'
  }
}

/**
 * Locks the lane's row for the rest of the transaction and renews the lease.
 * @returns database time, epoch ms
 * @throws {LaneLost} when the fence has moved on
 */
export async function holdLane(tx: Queryable, ctx: ExecutionContext, lane: HeldLane): Promise<number> {
  const rows = await tx.query<{ nowMs: number }>(
    `UPDATE lane SET lease_until = greatest(lease_until, clock_timestamp() + make_interval(secs => $4))
      WHERE account_id = $1 AND owner = $2 AND fence = $3
     RETURNING (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"`,
    [lane.accountId, lane.owner, lane.fence, ctx.timings.leaseMs / 1000],
  )
  const nowMs = rows[0]?.nowMs
  if (nowMs === undefined) throw new LaneLost(lane.accountId)
  return nowMs
}

/**
 * Locks these lanes' rows for the rest of the transaction, all in one order everywhere, so that two transactions over several lanes cannot
 * wait for each other, and renews their leases.
 * @returns the lanes that are still ours, and the database time (epoch ms) that their leases count from
 */
export async function holdLanes(
  tx: Queryable,
  ctx: ExecutionContext,
  lanes: readonly HeldLane[],
): Promise<{ held: HeldLane[]; nowMs: number }> {
  const rows = await tx.query<{ accountId: string; fence: string; nowMs: number }>(
    `WITH mine AS (
       SELECT l.account_id FROM lane l JOIN unnest($1::uuid[], $2::text[], $3::bigint[]) AS x(a, o, f) ON l.account_id = x.a AND l.owner = x.o AND l.fence = x.f
        ORDER BY l.account_id FOR UPDATE OF l),
     moment AS (SELECT clock_timestamp() AS at FROM (SELECT count(*) FROM mine) AS locked)
     UPDATE lane SET lease_until = greatest(lane.lease_until, moment.at + make_interval(secs => $4)) FROM mine, moment WHERE lane.account_id = mine.account_id
     RETURNING lane.account_id AS "accountId", lane.fence, (extract(epoch FROM moment.at) * 1000)::float8 AS "nowMs"`,
    [lanes.map((lane) => lane.accountId), lanes.map((lane) => lane.owner), lanes.map((lane) => lane.fence), ctx.timings.leaseMs / 1000],
  )
  const fences = new Map(rows.map((row) => [row.accountId, row.fence]))
  return { held: lanes.filter((lane) => fences.get(lane.accountId) === lane.fence), nowMs: Math.floor(rows[0]?.nowMs ?? 0) }
}

/** Reconcile these accounts within as many ms each as stand beside them. Their lanes are held. */
export async function reconcileAllSoon(tx: Queryable, wanted: readonly { accountId: string; inMs: number }[]): Promise<void> {
  if (wanted.length === 0) return
  await tx.query(
    `UPDATE lane SET reconcile_at = least(reconcile_at, clock_timestamp() + make_interval(secs => x.s))
       FROM (SELECT a, min(s) AS s FROM unnest($1::uuid[], $2::float8[]) AS w(a, s) GROUP BY a) AS x WHERE account_id = x.a`,
    [wanted.map(({ accountId }) => accountId), wanted.map(({ inMs }) => inMs / 1000)],
  )
}

/** Reconcile this account within `inMs`. */
export async function reconcileSoon(tx: Queryable, lane: HeldLane, inMs: number): Promise<void> {
  await tx.query(
    `UPDATE lane SET reconcile_at = least(reconcile_at, clock_timestamp() + make_interval(secs => $3))
      WHERE account_id = $1 AND fence = $2`,
    [lane.accountId, lane.fence, inMs / 1000],
  )
}
