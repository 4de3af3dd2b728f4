import type { StopCause } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import { Decimal } from 'decimal.js'
import type { ServiceContext } from '../../context.ts'
import { recordFollowFacts } from '../../mail/mail-follow-news.ts'
import { followFact } from '../follow-facts.ts'
import { holdSource } from '../source-lock.ts'
import { endFollows } from './end-follows.ts'
import { followResult, hasUnbooked, holdsAnything } from './follow-result.ts'

interface Reached {
  readonly followId: string
  readonly userId: string
  readonly accountId: string
  readonly routeId: string
  readonly sourceId: string
  readonly strategy: string
  readonly cause: Extract<StopCause, 'PORTFOLIO_STOP' | 'TAKE_PROFIT'>
  /** Quote. */
  readonly result: string
  readonly limit: string
  readonly base: string
}

const CHANGE_BY = { PORTFOLIO_STOP: 'portfolio-stop', TAKE_PROFIT: 'take-profit' } as const

/** The result of a follow moves while it holds something, and when a trade is booked. */
const REACHED = `
  WITH limited AS (
    SELECT f.*, (f.settings->>'portfolioStopPercent')::numeric AS stop_percent, (f.settings->>'takeProfitPercent')::numeric AS take_percent
      FROM follow f
     WHERE f.state <> 'STOPPED' AND f.joined_equity > 0 AND (f.settings->>'portfolioStopPercent' IS NOT NULL OR f.settings->>'takeProfitPercent' IS NOT NULL)
       AND (${holdsAnything('f')}
         OR EXISTS (SELECT 1 FROM trade t WHERE t.route_id = f.route_id AND t.closed_at > clock_timestamp() - interval '1 hour'))),
  measured AS MATERIALIZED (SELECT f.*, ${followResult('f')} AS result FROM limited f)
  SELECT f.id AS "followId", f.user_id AS "userId", f.account_id AS "accountId", f.route_id AS "routeId", r.source_id AS "sourceId", s.name AS strategy,
         CASE WHEN f.result < 0 THEN 'PORTFOLIO_STOP' ELSE 'TAKE_PROFIT' END AS cause, f.result,
         CASE WHEN f.result < 0 THEN -f.joined_equity * f.stop_percent / 100 ELSE f.joined_equity * f.take_percent / 100 END AS "limit", f.joined_equity AS base
    FROM measured f JOIN route r ON r.id = f.route_id JOIN strategy s ON s.id = f.strategy_id
   WHERE (f.result <= -f.joined_equity * f.stop_percent / 100 OR f.result >= f.joined_equity * f.take_percent / 100) AND NOT ${hasUnbooked('f')}`

/**
 * Portfolio stop and take profit: the follow closes what it holds and stops, in one commit, so that it happens once whoever looks.
 * @returns how many stopped
 */
export async function stopAtLimits({ ctx }: { ctx: ServiceContext }): Promise<number> {
  const reached = await ctx.db.query<Reached>(REACHED)
  let stopped = 0
  for (const [sourceId, follows] of Map.groupBy(reached, (one) => one.sourceId)) {
    const { ids, count } = await ctx.db.transaction(async (tx) => {
      await holdSource(tx, sourceId)
      const ended = await stopThem(tx, ctx, follows)
      const facts = ended.map((one) => {
        const numbers = { resultQuote: money(one.result), limitQuote: money(one.limit), baseQuote: money(one.base) }
        return followFact(one, CHANGE_BY[one.cause], { ...numbers, state: 'STOPPED', positions: 'close' })
      })
      return { ids: await recordFollowFacts(tx, ctx, facts), count: ended.length }
    })
    stopped += count
    if (ids.length > 0) ctx.bus.publish('facts', { ids })
  }
  if (stopped > 0) {
    ctx.doorbell.ring('dispatch')
    ctx.doorbell.ring('execute')
  }
  return stopped
}

/** Those that somebody else has stopped meanwhile are left out. */
async function stopThem(tx: Transaction, ctx: ServiceContext, follows: readonly Reached[]): Promise<Reached[]> {
  const rows = await tx.query<{ id: string }>(
    `UPDATE follow f SET state = 'STOPPED', stopped_at = clock_timestamp(), stop_cause = x.cause, stop_choice = 'close', stop_numbers = x.numbers::jsonb, version = f.version + 1
       FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x(id, cause, numbers) WHERE f.id = x.id AND f.state <> 'STOPPED' RETURNING f.id`,
    [
      follows.map(({ followId }) => followId),
      follows.map(({ cause }) => cause),
      follows.map(({ result, limit, base }) =>
        JSON.stringify({ resultQuote: money(result), limitQuote: money(limit), baseQuote: money(base) }),
      ),
    ],
  )
  const ids = new Set(rows.map(({ id }) => id))
  const ours = follows.filter(({ followId }) => ids.has(followId))
  await endFollows(
    tx,
    ctx,
    ours.map((one) => ({ ...one, round: 0 })),
  )
  return ours
}

function money(quote: string): string {
  return new Decimal(quote).toDecimalPlaces(2).toFixed()
}
