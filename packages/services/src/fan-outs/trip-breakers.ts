import { recordFacts, type NewFact, type Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { administrators } from './administrators.ts'
import { isAccepted, isRefused } from './answered.ts'
import { BREAKER_NAME } from './breakers.ts'

/** Answers of so long decide, and a breaker stays open for so long the first time, twice as long each time it opens again at once. */
const WINDOW_SECONDS = 60
const COOL_DOWN_SECONDS = 60
const COOL_DOWN_MAX_SECONDS = 900
const REJECT_PERCENT = 50
/** One person who does everything wrong stops nobody else, with however many accounts and orders: of those who were answered more than half were refused. */
const MIN_PEOPLE = 5
const MIN_ANSWERS = { strategy: 10, venue: 20 }
/** After a breaker closed on trial fewer answers are enough. */
const MIN_ANSWERS_ON_TRIAL = 5

interface Changed {
  readonly scope: string
  readonly leaderId: string | null
  readonly name: string
  readonly accepted: number
  readonly refused: number
  readonly until: Date
}

/**
 * Stops opens of a strategy's followers, or of everybody at a venue, where the exchange has refused most of them of late. After a while they are
 * let through again on trial: the first answers close the breaker or open it for longer. Closes and protection never ask it.
 * @returns scopes that opened, and that closed
 */
export async function tripBreakers({ ctx }: { ctx: ServiceContext }): Promise<{ opened: string[]; closed: string[] }> {
  if (!(await isAnythingUp(ctx))) return { opened: [], closed: [] }
  const { opened, closed, factIds } = await ctx.db.transaction(async (tx) => {
    const trips = await tx.query<Changed>(
      `${COUNTED}
       INSERT INTO breaker AS b (scope, user_id, opened_at, open_until, accepted, refused)
       SELECT c.scope, c.leader_id, clock_timestamp(), clock_timestamp() + make_interval(secs => ${COOL_DOWN_SECONDS} * $1), c.accepted, c.refused
         FROM counted c
        WHERE c.people_refused >= ${MIN_PEOPLE} AND 100 * c.people_refused > ${REJECT_PERCENT} * c.people AND 100 * c.refused > ${REJECT_PERCENT} * (c.accepted + c.refused)
          AND c.accepted + c.refused >= CASE WHEN c.trial THEN ${MIN_ANSWERS_ON_TRIAL} ELSE c.min_answers END
       ON CONFLICT (scope) DO UPDATE SET opened_at = clock_timestamp(), accepted = excluded.accepted, refused = excluded.refused, times = b.times + 1,
           open_until = clock_timestamp() + make_interval(secs => least(${COOL_DOWN_SECONDS} * 2 ^ least(b.times, 10), ${COOL_DOWN_MAX_SECONDS}) * $1)
         WHERE b.open_until <= clock_timestamp()
       RETURNING b.scope, b.user_id AS "leaderId", ${BREAKER_NAME} AS name, b.accepted, b.refused, b.open_until AS until`,
      [ctx.timings.scale],
    )
    const healed = await tx.query<Changed>(
      `${COUNTED}
       DELETE FROM breaker b USING counted c
        WHERE b.scope = c.scope AND b.open_until <= clock_timestamp() AND c.accepted + c.refused >= ${MIN_ANSWERS_ON_TRIAL}
          AND 100 * c.refused <= ${REJECT_PERCENT} * (c.accepted + c.refused) AND $1::float8 > 0
       RETURNING b.scope, b.user_id AS "leaderId", ${BREAKER_NAME} AS name, c.accepted, c.refused, b.open_until AS until`,
      [ctx.timings.scale],
    )
    const facts = await alarms(tx, trips, healed)
    return { opened: trips.map(({ scope }) => scope), closed: healed.map(({ scope }) => scope), factIds: await recordFacts(tx, facts) }
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
  return { opened, closed }
}

/** Something was refused or is stopped. Mostly nothing is, and counting thousands of answers each second would tell no more. */
async function isAnythingUp(ctx: ServiceContext): Promise<boolean> {
  const [row] = await ctx.db.query<{ isUp: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM breaker)
         OR EXISTS (SELECT 1 FROM trade_order o WHERE o.leg = 'open' AND o.submitted_at > clock_timestamp() - make_interval(secs => ${WINDOW_SECONDS} * $1) AND ${isRefused('o')}) AS "isUp"`,
    [ctx.timings.scale],
  )
  return row?.isUp === true
}

/** Answers to opens within the window, by scope; of a breaker that was open only those that came after it let them through. */
const COUNTED = `
  WITH answered AS (
    SELECT a.user_id, a.exchange, f.strategy_id, s.user_id AS leader_id, ${isRefused('o')} AS refused, o.submitted_at
      FROM trade_order o JOIN account a ON a.id = o.account_id
      LEFT JOIN route r ON r.id = o.route_id LEFT JOIN follow f ON f.id = r.follow_id LEFT JOIN strategy s ON s.id = f.strategy_id
     WHERE o.leg = 'open' AND o.submitted_at > clock_timestamp() - make_interval(secs => ${WINDOW_SECONDS} * $1) AND (${isAccepted('o')} OR ${isRefused('o')})),
  scoped AS (
    SELECT 'venue:' || exchange AS scope, NULL::uuid AS leader_id, ${MIN_ANSWERS.venue} AS min_answers, user_id, refused, submitted_at FROM answered
    UNION ALL
    SELECT 'strategy:' || strategy_id, leader_id, ${MIN_ANSWERS.strategy}, user_id, refused, submitted_at FROM answered WHERE strategy_id IS NOT NULL),
  counted AS (
    SELECT w.scope, w.leader_id, w.min_answers, bool_or(k.scope IS NOT NULL) AS trial, count(DISTINCT w.user_id) AS people,
           count(DISTINCT w.user_id) FILTER (WHERE w.refused) AS people_refused,
           count(*) FILTER (WHERE NOT w.refused)::int AS accepted, count(*) FILTER (WHERE w.refused)::int AS refused
      FROM scoped w LEFT JOIN breaker k ON k.scope = w.scope
     WHERE k.scope IS NULL OR (k.open_until <= clock_timestamp() AND w.submitted_at > k.open_until)
     GROUP BY w.scope, w.leader_id, w.min_answers)`

async function alarms(tx: Transaction, opened: readonly Changed[], closed: readonly Changed[]): Promise<NewFact[]> {
  if (opened.length + closed.length === 0) return []
  const admins = await administrators(tx)
  const fact =
    (state: 'OPEN' | 'CLOSED') =>
    ({ scope, leaderId, name, accepted, refused, until }: Changed): NewFact[] =>
      [...new Set([...(leaderId === null ? [] : [leaderId]), ...admins])].map((userId) => ({
        userId,
        kind: 'opens-stopped',
        entity: 'breaker',
        entityId: scope,
        payload: { state, name, refused, answered: accepted + refused, until: until.toISOString() },
      }))
  return [...opened.flatMap(fact('OPEN')), ...closed.flatMap(fact('CLOSED'))]
}
