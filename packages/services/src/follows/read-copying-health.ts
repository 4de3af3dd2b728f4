import type { CopyingHealth, FanOutView } from '@matic/contracts'
import type { Queryable } from '@matic/db'

interface Counts {
  readonly gaps: number
  readonly countedAt: Date
  readonly follows: CopyingHealth['follows']
  readonly strategies: CopyingHealth['strategies']
}

const COUNTS = `SELECT copy_decision_gaps()::int AS gaps, clock_timestamp() AS "countedAt",
    (SELECT json_build_object('active', count(*) FILTER (WHERE state = 'ACTIVE'), 'paused', count(*) FILTER (WHERE state = 'PAUSED'),
            'closeOnly', count(*) FILTER (WHERE state = 'CLOSE_ONLY'), 'stopped', count(*) FILTER (WHERE state = 'STOPPED')) FROM follow) AS follows,
    (SELECT coalesce(json_agg(json_build_object('state', x.state, 'count', x.n) ORDER BY x.state), '[]') FROM
       (SELECT CASE WHEN closed_at IS NULL THEN state ELSE 'CLOSED' END AS state, count(*) AS n FROM strategy GROUP BY 1) AS x) AS strategies`

/** One row of copy_basis is one signal that a strategy’s followers were decided by. */
const FAN_OUTS = `WITH last AS MATERIALIZED (
    SELECT b.signal_id, b.strategy_id, s.source_id, s.ticker, s.received_at, s.committed_at
      FROM copy_basis b JOIN signal s ON s.id = b.signal_id ORDER BY s.received_at DESC, b.signal_id LIMIT $1)
  SELECT l.signal_id AS "signalId", st.name AS "strategyName", l.ticker, l.received_at AS "receivedAt",
         count(f.id)::int AS follows, count(d.id)::int AS decisions, count(d.id) FILTER (WHERE d.outcome = 'ORDERS')::int AS copied,
         round(extract(epoch FROM max(d.decided_at) - l.received_at) * 1000)::int AS "lastDecisionMs"
    FROM last l JOIN strategy st ON st.id = l.strategy_id
    LEFT JOIN follow f ON f.strategy_id = l.strategy_id AND f.joined_at < l.committed_at AND (f.stopped_at IS NULL OR f.stopped_at >= l.committed_at)
    LEFT JOIN decision d ON d.signal_id = l.signal_id AND d.route_id = f.route_id
   GROUP BY l.signal_id, st.id, l.ticker, l.received_at ORDER BY l.received_at DESC, l.signal_id`

const FAN_OUTS_SHOWN = 20

/** Of everybody: for administrators alone. */
export async function readCopyingHealth({ db }: { db: Queryable }): Promise<CopyingHealth> {
  const [[counts], fanOuts] = await Promise.all([
    db.query<Counts>(COUNTS),
    db.query<Omit<FanOutView, 'receivedAt'> & { receivedAt: Date }>(FAN_OUTS, [FAN_OUTS_SHOWN]),
  ])
  if (counts === undefined) throw new Error('The database answered no counts')
  return {
    ...counts,
    countedAt: counts.countedAt.toISOString(),
    fanOuts: fanOuts.map((row) => ({ ...row, receivedAt: row.receivedAt.toISOString() })),
  }
}
