import type { ServiceContext } from '../../context.ts'
import { recordFollowFacts } from '../../mail/mail-follow-news.ts'
import { followFact, type ToldFollow } from '../follow-facts.ts'
import { holdSource } from '../source-lock.ts'

interface Orphan {
  readonly followId: string
  readonly sourceId: string
}

/** Why a follow has no leader any more: theirs is closed, or they or their account are gone. */
const CAUSE = `CASE WHEN u.id IS NULL OR NOT u.is_active OR a.id IS NULL OR a.deleted_at IS NOT NULL THEN 'LEADER_GONE'
                    WHEN s.closed_at IS NOT NULL THEN 'STRATEGY_CLOSED' END`

const LEADER = `follow f JOIN strategy s ON s.id = f.strategy_id LEFT JOIN app_user u ON u.id = s.user_id LEFT JOIN account a ON a.id = s.account_id`

/** Not told yet. Whoever has stopped to open by themselves, or was removed, need not hear that nothing opens, but that nobody closes. */
const isNews = (follow: string, cause: string) =>
  `${cause} IS NOT NULL AND ${follow}.stop_cause IS DISTINCT FROM ${cause} AND NOT (${cause} = 'STRATEGY_CLOSED' AND coalesce(${follow}.stop_cause IN ('BY_FOLLOWER', 'REMOVED'), false))`

/** Follows of a strategy that has ended only close from then on. Their followers are told, once. */
export async function endWithLeader({ ctx }: { ctx: ServiceContext }): Promise<number> {
  const orphans = await ctx.db.query<Orphan>(
    `SELECT f.id AS "followId", r.source_id AS "sourceId" FROM ${LEADER} JOIN route r ON r.id = f.route_id
      WHERE f.state <> 'STOPPED' AND ${isNews('f', CAUSE)}`,
  )
  let count = 0
  for (const [sourceId, follows] of Map.groupBy(orphans, (one) => one.sourceId)) {
    const ids = await ctx.db.transaction(async (tx) => {
      await holdSource(tx, sourceId)
      const told = await tx.query<ToldFollow & { cause: 'LEADER_GONE' | 'STRATEGY_CLOSED' }>(
        `UPDATE follow x SET state = 'CLOSE_ONLY', stop_cause = y.cause, stop_choice = 'keep', version = x.version + 1,
                known_terms = CASE y.cause WHEN 'STRATEGY_CLOSED' THEN x.known_terms || '{"state":"CLOSED"}' ELSE x.known_terms END,
                known_terms_version = CASE y.cause WHEN 'STRATEGY_CLOSED' THEN y.terms_version ELSE x.known_terms_version END
           FROM (SELECT f.id, s.name, s.terms_version, ${CAUSE} AS cause FROM ${LEADER} WHERE f.id = ANY($1::uuid[])) y
          WHERE x.id = y.id AND x.state <> 'STOPPED' AND ${isNews('x', 'y.cause')}
         RETURNING x.id AS "followId", x.user_id AS "userId", y.name AS strategy, y.cause`,
        [follows.map(({ followId }) => followId)],
      )
      count += told.length
      return recordFollowFacts(
        tx,
        ctx,
        told.map(({ cause, ...follow }) =>
          followFact(follow, cause === 'LEADER_GONE' ? 'leader-gone' : 'strategy-closed', { state: 'CLOSE_ONLY' }),
        ),
      )
    })
    if (ids.length > 0) ctx.bus.publish('facts', { ids })
  }
  return count
}
