import type { ServiceContext } from '../../context.ts'
import { recordFollowFacts } from '../../mail/mail-follow-news.ts'
import { followFact } from '../follow-facts.ts'
import { handOver } from '../hand-over.ts'
import { endFollows } from './end-follows.ts'
import { holdsAnything } from './follow-result.ts'

interface Leftover {
  readonly followId: string
  readonly userId: string
  readonly accountId: string
  readonly routeId: string
  readonly strategy: string
  readonly isOwn: boolean
  readonly rounds: number
}

/** Seconds until a close is sent again, doubled each time. */
const AGAIN_S = 5
const AGAIN_MAX_S = 600

const LEFT = `
  SELECT f.id AS "followId", f.user_id AS "userId", f.account_id AS "accountId", f.route_id AS "routeId", s.name AS strategy,
         f.stop_choice = 'hand-over' AS "isOwn", e.rounds
    FROM follow f
    JOIN strategy s ON s.id = f.strategy_id
    JOIN account a ON a.id = f.account_id AND a.deleted_at IS NULL
    CROSS JOIN LATERAL (SELECT count(*)::int AS rounds, max(g.committed_at) AS last_at, bool_or(g.state = 'RECEIVED') AS waits
                          FROM signal g WHERE g.source_id = f.id AND g.idempotency_key LIKE 'stop-%') e
   WHERE f.state = 'STOPPED' AND f.stop_choice IS NOT NULL
     AND ${holdsAnything('f')}
     AND (f.stop_choice = 'hand-over'
       OR (NOT coalesce(e.waits, false)
         AND coalesce(e.last_at, f.stopped_at) < clock_timestamp() - make_interval(secs => $1 * least($2, $3 * power(2, greatest(0, e.rounds - 1))))
         AND NOT EXISTS (SELECT 1 FROM trade_order o WHERE o.account_id = f.account_id AND o.route_id = f.route_id AND o.leg IN ('close', 'emergency')
                            AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL'))))`

/**
 * What a follow that has stopped still holds: an opening filled while it was being cancelled, or its close failed. It is closed again, or becomes its
 * follower's own where that was asked.
 */
export async function closeLeftovers({ ctx }: { ctx: ServiceContext }): Promise<number> {
  const left = await ctx.db.query<Leftover>(LEFT, [ctx.timings.scale, AGAIN_MAX_S, AGAIN_S])
  if (left.length === 0) return 0
  const ids = await ctx.db.transaction(async (tx) => {
    await handOver(
      tx,
      left.filter(({ isOwn }) => isOwn).map(({ routeId }) => routeId),
    )
    const closing = left.filter(({ isOwn }) => !isOwn)
    await endFollows(
      tx,
      ctx,
      closing.map((one) => ({ ...one, round: one.rounds })),
    )
    return recordFollowFacts(
      tx,
      ctx,
      closing.filter(({ rounds }) => rounds > 0).map((one) => followFact(one, 'closed-again', { round: one.rounds })),
    )
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  ctx.doorbell.ring('dispatch')
  return left.length
}
