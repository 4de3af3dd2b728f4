import type { Queryable, Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { recordFollowFacts } from '../mail/mail-follow-news.ts'
import { isRepairable, judgeMarket, type Judged } from './drift-judge.ts'
import { loadDriftMarkets, type DriftMarket } from './drift-rows.ts'
import { sendRepairs, type Repair } from './drift-repair.ts'

/** A drift is repaired once it has stood for so long, s. */
export const DRIFT_GRACE_S = 10
/** Looks at it in which it stood. */
const SEEN_MIN = 2
/** Follows looked at in a round, beside those that are off. */
const AT_ONCE = 1_000
const REPAIRS_MAX = 5
/** Seconds until a repair that changed nothing is sent again, doubled each time. */
const AGAIN_S = 20

export interface Watched {
  /** Where the next round goes on. */
  readonly afterId: string | null
  /** Follows that are off. */
  readonly inDrift: number
  readonly repairs: number
}

/**
 * Compares what follows hold with what they are to hold: those that are off, and the next ones in turn. What is off is written down with its cause;
 * what is too much is taken off once it has stood, each time by one signal of the follow. What is too little is made up for only where the follower has allowed
 * it, by one signal for each opening that was missed.
 */
export async function watchDrift({ ctx, input }: { ctx: ServiceContext; input: { afterId: string | null } }): Promise<Watched> {
  const turn = await ctx.db.query<{ id: string }>(
    `SELECT id FROM follow WHERE state <> 'STOPPED' AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2`,
    [input.afterId, AT_ONCE],
  )
  const off = await ctx.db.query<{ id: string }>('SELECT DISTINCT follow_id AS id FROM copy_drift WHERE ended_at IS NULL')
  const ids = [...new Set([...turn, ...off].map(({ id }) => id))]
  const seenMs = ctx.clock.now()
  const judged = (await loadDriftMarkets(ctx, ids)).filter((market) => !market.isUnderWay).map((market) => judgeMarket(market, seenMs))
  const { repairs, factIds } = await ctx.db.transaction(async (tx) => {
    await saveSamples(tx, judged)
    await endDrifts(tx, judged, ids)
    const due = await noteDrifts(
      tx,
      ctx,
      judged.filter(({ drift }) => drift !== null),
    )
    const facts = await sendRepairs(tx, ctx, due, seenMs)
    return { repairs: facts.length, factIds: await recordFollowFacts(tx, ctx, facts) }
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
  if (repairs > 0) ctx.doorbell.ring('dispatch')
  return { afterId: turn.length < AT_ONCE ? null : (turn.at(-1)?.id ?? null), inDrift: await countDrifting(ctx.db), repairs }
}

async function countDrifting(db: Queryable): Promise<number> {
  const [row] = await db.query<{ n: number }>('SELECT count(DISTINCT follow_id)::int AS n FROM copy_drift WHERE ended_at IS NULL')
  return row?.n ?? 0
}

const keyOf = ({ followId, symbol, positionSide }: Pick<DriftMarket, 'followId' | 'symbol' | 'positionSide'>) =>
  `${followId} ${symbol} ${positionSide}`

function columns(markets: readonly Judged[]) {
  return [
    markets.map(({ followId }) => followId),
    markets.map(({ userId }) => userId),
    markets.map(({ symbol }) => symbol),
    markets.map(({ positionSide }) => positionSide),
    markets.map(({ target }) => target.toDecimalPlaces(18).toFixed()),
    markets.map(({ actual }) => actual.toFixed()),
  ]
}

/** Where either has changed since the last one. */
async function saveSamples(tx: Transaction, markets: readonly Judged[]): Promise<void> {
  if (markets.length === 0) return
  await tx.query(
    `INSERT INTO copy_drift_sample (follow_id, user_id, symbol, position_side, target_base, actual_base, at)
     SELECT x.f, x.u, x.s, x.p, x.t, x.a, clock_timestamp() FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::numeric[], $6::numeric[]) AS x(f, u, s, p, t, a)
       LEFT JOIN LATERAL (SELECT target_base, actual_base FROM copy_drift_sample l WHERE l.follow_id = x.f AND l.symbol = x.s AND l.position_side = x.p ORDER BY l.at DESC LIMIT 1) AS last ON true
      WHERE last.target_base IS DISTINCT FROM x.t OR last.actual_base IS DISTINCT FROM x.a`,
    columns(markets),
  )
}

/** What is looked at and not off any more; and whatever was off of a follow that has stopped. */
async function endDrifts(tx: Transaction, judged: readonly Judged[], ids: readonly string[]): Promise<void> {
  const right = judged.filter(({ drift }) => drift === null)
  await tx.query(
    `UPDATE copy_drift d SET ended_at = clock_timestamp()
      WHERE d.ended_at IS NULL AND d.follow_id = ANY($2::uuid[])
        AND (d.follow_id || ' ' || d.symbol || ' ' || d.position_side = ANY($1::text[]) OR EXISTS (SELECT 1 FROM follow f WHERE f.id = d.follow_id AND f.state = 'STOPPED'))`,
    [right.map(keyOf), ids],
  )
}

interface Noted {
  readonly id: string
  readonly key: string
  readonly repairs: number
  readonly isDue: boolean
}

/** @returns what is to be repaired now */
async function noteDrifts(tx: Transaction, ctx: ServiceContext, markets: readonly Judged[]): Promise<Repair[]> {
  if (markets.length === 0) return []
  const noted = await tx.query<Noted>(
    `INSERT INTO copy_drift AS d (id, follow_id, user_id, symbol, position_side, target_base, actual_base, way, cause, doubt, since)
     SELECT x.i, x.f, x.u, x.s, x.p, x.t, x.a, x.w, x.c, x.o, clock_timestamp()
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::numeric[], $6::numeric[], $7::uuid[], $8::text[], $9::text[], $14::text[]) AS x(f, u, s, p, t, a, i, w, c, o)
     ON CONFLICT (follow_id, symbol, position_side) WHERE ended_at IS NULL
       DO UPDATE SET target_base = excluded.target_base, actual_base = excluded.actual_base, way = excluded.way, cause = excluded.cause, doubt = excluded.doubt,
                     seen = CASE WHEN (d.way, d.doubt) IS NOT DISTINCT FROM (excluded.way, excluded.doubt) THEN d.seen + 1 ELSE 1 END,
                     since = CASE WHEN (d.way, d.doubt) IS NOT DISTINCT FROM (excluded.way, excluded.doubt) THEN d.since ELSE excluded.since END
     RETURNING d.id, d.follow_id || ' ' || d.symbol || ' ' || d.position_side AS key, d.repairs,
               d.seen >= $10 AND d.repairs < $12 AND coalesce(d.last_repair_at + make_interval(secs => $13 * power(2, d.repairs - 1)), d.since + make_interval(secs => $11)) < clock_timestamp() AS "isDue"`,
    [
      ...columns(markets),
      markets.map(() => ctx.newId()),
      markets.map(({ drift }) => drift?.way ?? 'reduces'),
      markets.map(({ drift }) => drift?.cause ?? 'manual-change'),
      SEEN_MIN,
      DRIFT_GRACE_S * ctx.timings.scale,
      REPAIRS_MAX,
      AGAIN_S * ctx.timings.scale,
      markets.map(({ doubt }) => doubt),
    ],
  )
  const byKey = new Map(noted.map((row) => [row.key, row]))
  return markets.flatMap((market) => {
    const row = byKey.get(keyOf(market))
    return row?.isDue === true && isRepairable(market) ? [{ market, driftId: row.id, round: row.repairs + 1 }] : []
  })
}
