import type { Transaction } from '@matic/db'
import type { ServiceContext } from '../../context.ts'
import { ACCOUNT_LOCK } from '../../dispatch/account-lock.ts'
import { endOf } from '../end-signal.ts'
import { insertFollowSignals } from '../follow-signals.ts'

interface Ending {
  readonly followId: string
  readonly userId: string
  readonly accountId: string
  readonly routeId: string
  /** 0, and one more each time that something was left. */
  readonly round: number
}

/** What still opens for these follows is cancelled, and a signal for each closes what it holds: once for each round. Their sources are held. */
export async function endFollows(tx: Transaction, ctx: ServiceContext, follows: readonly Ending[]): Promise<void> {
  if (follows.length === 0) return
  await tx.query(
    `SELECT pg_advisory_xact_lock($2, h) FROM (SELECT DISTINCT hashtext(a::text) AS h FROM unnest($1::uuid[]) AS a ORDER BY h) AS keys`,
    [follows.map(({ accountId }) => accountId), ACCOUNT_LOCK],
  )
  await cancelOpenings(
    tx,
    follows.map(({ routeId }) => routeId),
    follows.map(({ accountId }) => accountId),
  )
  const atMs = ctx.clock.now()
  await insertFollowSignals(
    tx,
    ctx,
    follows.map(({ userId, followId, round }) => ({ userId, followId, requestId: null, ...endOf({ followId, round, atMs }) })),
  )
}

/** Openings of these routes that wait or rest. */
export async function cancelOpenings(tx: Transaction, routeIds: readonly string[], accountIds: readonly string[]): Promise<void> {
  await tx.query(
    `UPDATE trade_order SET cancel_requested_at = clock_timestamp(), version = version + 1
      WHERE account_id = ANY($2::uuid[]) AND route_id = ANY($1::uuid[]) AND leg = 'open' AND cancel_requested_at IS NULL
        AND state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')`,
    [routeIds, accountIds],
  )
}
