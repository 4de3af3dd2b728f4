import type { ServiceContext } from '../../context.ts'
import { recordFollowFacts } from '../../mail/mail-follow-news.ts'
import { followFact, type ToldFollow } from '../follow-facts.ts'
import { holdSource } from '../source-lock.ts'
import { holdsAnything } from './follow-result.ts'

/** Nothing is held and nothing works. */
const IS_FLAT = `NOT ${holdsAnything('f')}
  AND NOT EXISTS (SELECT 1 FROM trade_order o WHERE o.account_id = f.account_id AND o.route_id = f.route_id AND o.leg IN ('open', 'reduce', 'close', 'emergency')
                     AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL'))`

/** Nothing of it will ever trade again: its account, or its owner, is gone. */
const IS_GONE = `NOT EXISTS (SELECT 1 FROM account a JOIN app_user u ON u.id = a.user_id WHERE a.id = f.account_id AND a.deleted_at IS NULL)`

/** A follow that only closes is over once it holds nothing, and one whose account is gone is over at once. */
export async function endWhenFlat({ ctx }: { ctx: ServiceContext }): Promise<number> {
  const over = await ctx.db.query<{ followId: string; sourceId: string }>(
    `SELECT f.id AS "followId", r.source_id AS "sourceId" FROM follow f JOIN route r ON r.id = f.route_id
      WHERE (f.state = 'CLOSE_ONLY' AND ${IS_FLAT}) OR (f.state <> 'STOPPED' AND ${IS_GONE})`,
  )
  let count = 0
  for (const [sourceId, follows] of Map.groupBy(over, (one) => one.sourceId)) {
    const ids = await ctx.db.transaction(async (tx) => {
      await holdSource(tx, sourceId)
      const ended = await tx.query<ToldFollow & { isGone: boolean; exists: boolean }>(
        `UPDATE follow x SET state = 'STOPPED', stopped_at = clock_timestamp(), stop_cause = CASE WHEN y.gone THEN 'ACCOUNT_DELETED' ELSE coalesce(x.stop_cause, 'BY_FOLLOWER') END,
                stop_choice = coalesce(x.stop_choice, 'keep'), version = x.version + 1
           FROM (SELECT f.id, s.name, ${IS_GONE} AS gone, EXISTS (SELECT 1 FROM app_user u WHERE u.id = f.user_id) AS told
                   FROM follow f JOIN strategy s ON s.id = f.strategy_id
                  WHERE f.id = ANY($1::uuid[]) AND ((f.state = 'CLOSE_ONLY' AND ${IS_FLAT}) OR ${IS_GONE})) y
          WHERE x.id = y.id AND x.state <> 'STOPPED' RETURNING x.id AS "followId", x.user_id AS "userId", y.name AS strategy, y.gone AS "isGone", y.told AS exists`,
        [follows.map(({ followId }) => followId)],
      )
      count += ended.length
      return recordFollowFacts(
        tx,
        ctx,
        ended.filter(({ exists }) => exists).map((one) => followFact(one, one.isGone ? 'account-deleted' : 'over', { state: 'STOPPED' })),
      )
    })
    if (ids.length > 0) ctx.bus.publish('facts', { ids })
  }
  return count
}
