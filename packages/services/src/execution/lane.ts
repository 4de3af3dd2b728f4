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

/** Reconcile this account within `inMs`. */
export async function reconcileSoon(tx: Queryable, lane: HeldLane, inMs: number): Promise<void> {
  await tx.query(
    `UPDATE lane SET reconcile_at = least(reconcile_at, clock_timestamp() + make_interval(secs => $3))
      WHERE account_id = $1 AND fence = $2`,
    [lane.accountId, lane.fence, inMs / 1000],
  )
}
