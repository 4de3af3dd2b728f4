import type { FeePeriod } from '@matic/domain'
import type { Queryable } from '@matic/db'

export interface BasisOf {
  readonly followId: string
  readonly from: Date
  readonly to: Date
  /** Trades that closed before this, and what was handed over before it, count; null: all of it. */
  readonly tradesTo: Date | null
}

export interface Basis {
  readonly followId: string
  /** Quote, of all its trades that were over and of what was handed over. */
  readonly profit: string
  /** Quote times days. */
  readonly equityDays: string
}

/**
 * What the follow `f` begins with where it goes on from an earlier one: what that was below its mark when it was settled for good, which is made good first.
 * Null while that is not known.
 */
export const BEGINS_BELOW = `(SELECT c.high_water_after - c.profit FROM copy_fee c WHERE c.follow_id = f.continues_id AND c.period = 'final')`

/** A month counts the trades that closed in it or before; the last settlement every one, and so does what has accrued by now. */
export function basisOf(followId: string, { period, fromMs, toMs }: FeePeriod): BasisOf {
  const to = new Date(toMs)
  return { followId, from: new Date(fromMs), to, tradesTo: period === 'final' ? null : to }
}

/**
 * Of many follows at once. The copied equity of a UTC day is what the follower's account was worth at its end, or when the follow ended, in equal
 * parts of all follows that the account had on the day.
 */
export async function feeBases(db: Queryable, wanted: readonly BasisOf[]): Promise<Map<string, Basis>> {
  if (wanted.length === 0) return new Map()
  const rows = await db.query<Basis>(
    `SELECT f.id AS "followId", (coalesce(made.profit, 0) + coalesce(given.profit, 0))::text AS profit, round(coalesce(worth.equity_days, 0), 8)::text AS "equityDays"
       FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[]) AS x(follow_id, from_at, to_at, trades_to)
       JOIN follow f ON f.id = x.follow_id
       LEFT JOIN LATERAL (
         SELECT sum(t.gross_pnl - t.fees + t.funding) AS profit FROM trade t
          WHERE t.user_id = f.user_id AND t.route_id = f.route_id AND t.closed_at < coalesce(x.trades_to, 'infinity')) AS made ON true
       LEFT JOIN LATERAL (
         SELECT sum(h.profit) AS profit FROM handed_over h
          WHERE h.user_id = f.user_id AND h.follow_id = f.id AND h.at < coalesce(x.trades_to, 'infinity')) AS given ON true
       LEFT JOIN LATERAL (
         SELECT sum(day.part * greatest(0, coalesce(seen.equity, f.joined_equity, 0)) / shared.follows) AS equity_days
           FROM (SELECT d AS begins, least(d + interval '24 hours', x.to_at) AS ends,
                        extract(epoch FROM least(d + interval '24 hours', x.to_at) - greatest(d, x.from_at)) / 86400 AS part
                   FROM generate_series(date_trunc('day', x.from_at, 'UTC'), x.to_at, interval '24 hours') AS d) AS day
           LEFT JOIN LATERAL (SELECT e.equity FROM equity_snapshot e WHERE e.account_id = f.account_id AND e.at < day.ends ORDER BY e.at DESC LIMIT 1) AS seen ON true
          CROSS JOIN LATERAL (SELECT greatest(1, count(*)) AS follows FROM follow o
                               WHERE o.account_id = f.account_id AND o.joined_at < day.ends AND (o.stopped_at IS NULL OR o.stopped_at > day.begins)) AS shared
          WHERE day.part > 0 AND f.management_percent > 0) AS worth ON true`,
    [
      wanted.map(({ followId }) => followId),
      wanted.map(({ from }) => from),
      wanted.map(({ to }) => to),
      wanted.map(({ tradesTo }) => tradesTo),
    ],
  )
  return new Map(rows.map((row) => [row.followId, row]))
}
