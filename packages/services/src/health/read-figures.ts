import type { Queryable } from '@matic/db'
import { LIVE_WORKERS } from '../execution/worker-lock.ts'

/** How the platform stands, as the database knows it. Counts of now, durations in seconds. */
export interface Figures {
  /** Stored alerts that no decision was made of yet. */
  readonly signalsWaiting: number
  readonly oldestSignalWaitingSeconds: number
  /** Alerts of the last day that failed until they were set aside. */
  readonly signalsDead: number
  /** (signal, route) pairs of the last hour that were dispatched and have no decision: always 0, or something is wrong. */
  readonly decisionsMissing: number
  readonly ordersReady: number
  readonly oldestOrderReadySeconds: number
  /** Requests whose outcome only the exchange knows. */
  readonly attemptsUnresolved: number
  readonly lanesHeld: number
  readonly lanesFree: number
  /** Owned by a worker that is gone. */
  readonly lanesOrphaned: number
  readonly positionsOpen: number
  readonly positionsUnprotected: number
  readonly workers: number
  readonly killSwitchesEngaged: number
  /** Since the oldest mail that nobody took yet was written. */
  readonly oldestMailWaitingSeconds: number
  /** Accounts that open nothing because of what their check found. */
  readonly accountsRefused: number
}

export async function readFigures({ db }: { db: Queryable }): Promise<Figures> {
  const [figures] = await db.query<Figures>(
    `WITH live AS MATERIALIZED (${LIVE_WORKERS}),
     waiting AS (SELECT count(*)::int AS n, min(committed_at) AS oldest FROM signal WHERE state = 'RECEIVED'),
     ready AS (SELECT count(*)::int AS n, min(greatest(created_at, coalesce(not_before, created_at))) AS oldest
                 FROM trade_order WHERE state = 'READY' AND coalesce(not_before, created_at) <= now()),
     lanes AS (SELECT count(*) FILTER (WHERE owner IN (SELECT id FROM live))::int AS held,
                      count(*) FILTER (WHERE owner IS NULL)::int AS free,
                      count(*) FILTER (WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM live))::int AS orphaned
                 FROM lane),
     held AS (SELECT count(*)::int AS n, count(*) FILTER (WHERE unprotected_since IS NOT NULL OR EXISTS (
                       SELECT 1 FROM position_share h WHERE h.account_id = p.account_id AND h.symbol = p.symbol AND h.unprotected_since IS NOT NULL))::int AS bare
                FROM position p WHERE quantity_base > 0)
     SELECT waiting.n AS "signalsWaiting", coalesce(extract(epoch FROM now() - waiting.oldest), 0)::float8 AS "oldestSignalWaitingSeconds",
            (SELECT count(*)::int FROM signal WHERE state = 'DEAD' AND received_at > now() - interval '1 day') AS "signalsDead",
            (SELECT count(*)::int FROM signal s JOIN route r ON r.source_id = s.source_id AND r.is_active AND r.follow_id IS NULL AND r.created_at < s.received_at
              WHERE s.state = 'DISPATCHED' AND s.received_at > now() - interval '1 hour'
                AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.signal_id = s.id AND d.route_id = r.id)) + copy_decision_gaps(now() - interval '1 hour')::int AS "decisionsMissing",
            ready.n AS "ordersReady", greatest(0, coalesce(extract(epoch FROM now() - ready.oldest), 0))::float8 AS "oldestOrderReadySeconds",
            (SELECT count(*)::int FROM attempt WHERE resolved_at IS NULL AND state IN ('SUBMITTING', 'UNKNOWN')) AS "attemptsUnresolved",
            lanes.held AS "lanesHeld", lanes.free AS "lanesFree", lanes.orphaned AS "lanesOrphaned",
            held.n AS "positionsOpen", held.bare AS "positionsUnprotected",
            (SELECT count(*)::int FROM live) AS workers,
            (SELECT count(*)::int FROM kill_switch WHERE engaged) AS "killSwitchesEngaged",
            (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM mail
              WHERE state = 'QUEUED' AND useful_until > now()) AS "oldestMailWaitingSeconds",
            (SELECT count(*)::int FROM account WHERE key_status IN ('INVALID', 'FROZEN') AND deleted_at IS NULL) AS "accountsRefused"
       FROM waiting, ready, lanes, held`,
  )
  if (figures === undefined) throw new Error('The database answered no figures')
  return figures
}
