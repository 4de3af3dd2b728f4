import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../../context.ts'
import { recordFollowFacts } from '../../mail/mail-follow-news.ts'
import { followFact, type ToldFollow } from '../follow-facts.ts'

/** A leader's own route of what a follow copies, and whether it holds anything of a market or is about to. */
const LEADER_ROUTE = `route lr ON lr.account_id = s.account_id AND lr.source_kind = r.source_kind AND lr.source_id = r.source_id AND lr.follow_id IS NULL`
const leaderIsIn = (symbol: string) => `(
  EXISTS (SELECT 1 FROM holding lp WHERE lp.account_id = s.account_id AND lp.symbol = ${symbol} AND (lp.route_id = lr.id OR lp.route_id IS NULL))
  OR EXISTS (SELECT 1 FROM trade_order lo WHERE lo.account_id = s.account_id AND lo.symbol = ${symbol} AND lo.leg = 'open' AND lo.route_id = lr.id
                AND lo.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')))`

interface Detached extends ToldFollow {
  readonly symbol: string
  readonly side: string
  readonly cause: string
}

/** A trade that was booked late is still seen. */
const OVERLAP_S = 60
/** What is told before: after a start everything of the last hour is looked at. */
const FIRST_LOOK_S = 3_600

/**
 * Finds trades of follows that ended without the leader, who is still in: closed by hand, here or at the exchange, by a stop or a target, by liquidation.
 * The last fill tells, and where it is of a share, whose decision its order was. A leader without a trading account of their own is only known to be out by what they send, so that a stop of the follower, which
 * may have been the leader's too, detaches nothing there; what the follower closed by hand does. A stop that both had is given a moment to be seen at both,
 * and one of the same share that still rests to be seen as gone.
 * @param sinceMs the end of the last look, epoch ms; undefined: the first
 */
export async function noteDetachments({ ctx, input }: { ctx: ServiceContext; input: { sinceMs: number | undefined } }): Promise<number> {
  const lookBackS = input.sinceMs === undefined ? FIRST_LOOK_S : (ctx.clock.now() - input.sinceMs) / 1_000 + OVERLAP_S
  const { ids, count } = await ctx.db.transaction(async (tx) => {
    const noted = await tx.query<Detached>(
      `WITH recent AS MATERIALIZED (SELECT * FROM trade WHERE closed_at > clock_timestamp() - make_interval(secs => $1)),
       ended AS (
         SELECT f.id AS follow_id, f.user_id, s.name, t.id AS trade_id, t.symbol, t.side, t.closed_at, lr.id AS leader_route, ${leaderIsIn('t.symbol')} AS leader_in,
                CASE WHEN t.is_liquidation OR last.is_liquidation THEN 'LIQUIDATION'
                     WHEN last.leg IS NULL THEN 'AT_EXCHANGE' WHEN last.leg = 'emergency' THEN 'PROTECTION'
                     WHEN last.leg IN ('stop', 'trailing') THEN 'STOP' WHEN last.leg = 'target' THEN 'TARGET'
                     WHEN last.decided_for IS DISTINCT FROM f.route_id THEN 'BY_HAND' END AS cause
           FROM recent t
           JOIN follow f ON f.route_id = t.route_id AND f.state <> 'STOPPED'
           JOIN route r ON r.id = f.route_id JOIN strategy s ON s.id = f.strategy_id LEFT JOIN ${LEADER_ROUTE}
           LEFT JOIN LATERAL (SELECT o.leg, coalesce(d.route_id, o.route_id) AS decided_for, x.is_liquidation
                                FROM fill x LEFT JOIN trade_order o ON o.id = x.order_id LEFT JOIN decision d ON d.id = o.decision_id
                               WHERE x.account_id = t.account_id AND x.symbol = t.symbol AND x.position_side = t.position_side AND x.at BETWEEN t.opened_at AND t.closed_at
                                 AND x.side = CASE t.side WHEN 'LONG' THEN 'sell' ELSE 'buy' END
                               ORDER BY x.at DESC, (o.route_id = f.route_id) DESC NULLS LAST, x.trade_id DESC LIMIT 1) AS last ON true
          WHERE NOT EXISTS (SELECT 1 FROM follow_detachment d WHERE d.follow_id = f.id AND d.trade_id = t.id)
            AND NOT EXISTS (SELECT 1 FROM trade_order w WHERE w.account_id = t.account_id AND w.symbol = t.symbol AND w.leg IN ('stop', 'target', 'trailing')
                               AND w.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL') AND w.created_at < t.closed_at AND t.closed_at > clock_timestamp() - interval '30 seconds'
                               AND (w.route_id = t.route_id OR NOT EXISTS (SELECT 1 FROM account na WHERE na.id = t.account_id AND na.shared_symbols = 'net')))),
       noted AS (
         INSERT INTO follow_detachment (id, follow_id, user_id, trade_id, symbol, side, cause, detached_at)
         SELECT gen_random_uuid(), follow_id, user_id, trade_id, symbol, side, cause, closed_at FROM ended
          WHERE (cause IN ('BY_HAND', 'AT_EXCHANGE') OR closed_at < clock_timestamp() - make_interval(secs => $2))
            AND CASE WHEN leader_route IS NOT NULL THEN leader_in AND cause IS NOT NULL ELSE cause IN ('BY_HAND', 'AT_EXCHANGE') END
         ON CONFLICT DO NOTHING RETURNING follow_id, user_id, symbol, side, cause)
       SELECT n.follow_id AS "followId", n.user_id AS "userId", s.name AS strategy, n.symbol, n.side, n.cause
         FROM noted n JOIN follow f ON f.id = n.follow_id JOIN strategy s ON s.id = f.strategy_id`,
      [lookBackS, ctx.timings.replicaLagMs / 1_000],
    )
    const facts = noted.map(({ symbol, side, cause, ...follow }) => followFact(follow, 'detached', { symbol, side, cause }))
    return { ids: await recordFollowFacts(tx, ctx, facts), count: noted.length }
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return count
}

/** A leader who trades on an account of theirs and is flat there now, however that came about: their next opening is copied again. */
export async function endDetachments({ ctx }: { ctx: ServiceContext }): Promise<number> {
  const { ids, count } = await ctx.db.transaction(async (tx) => {
    const ended = await tx.query<ToldFollow & { symbol: string }>(
      `UPDATE follow_detachment d SET ended_at = clock_timestamp()
         FROM follow f, strategy s, route r, route lr
        WHERE d.ended_at IS NULL AND f.id = d.follow_id AND s.id = f.strategy_id AND r.id = f.route_id
          AND lr.account_id = s.account_id AND lr.source_kind = r.source_kind AND lr.source_id = r.source_id AND lr.follow_id IS NULL
          AND NOT ${leaderIsIn('d.symbol')}
       RETURNING d.follow_id AS "followId", d.user_id AS "userId", s.name AS strategy, d.symbol`,
    )
    const facts = ended.map(({ symbol, ...follow }) => followFact(follow, 'attached', { symbol }))
    return { ids: await recordFacts(tx, facts), count: ended.length }
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return count
}
