import type { Queryable } from '@matic/db'
import type { Timings } from '@matic/platform'
import { LIVE_WORKERS } from '../execution/worker-lock.ts'

/** SQL: the private stream of the account stands and has said nothing new lately, so that what it does not say need not be looked for so often. */
export function isCalm(accountId: string, lagSeconds: string): string {
  return `EXISTS (SELECT 1 FROM account_stream ast WHERE ast.account_id = ${accountId} AND ast.healthy_until > clock_timestamp()
    AND (ast.woken_at IS NULL OR ast.woken_at < clock_timestamp() - make_interval(secs => ${lagSeconds})))`
}

export interface OwnStream {
  readonly accountId: string
  readonly exchange: string
  /** It stands, says nothing, and a reading has found what it should have said. */
  readonly isDeaf: boolean
}

export interface ClaimStreams {
  readonly owner: string
  readonly exchanges: readonly string[]
  /** Accounts on whose stream the exchange has answered lately. */
  readonly healthy: readonly string[]
  readonly limit: number
  readonly timings: Timings
}

const SWEEPS_HEALTHY = 3

/**
 * The streams this worker is to hold: one for each mirrored account that somebody follows, each with one living worker. Notes which of them
 * stand, takes up to `limit` that nobody holds, and lets go of those that nobody waits for any more.
 */
export async function claimStreams(db: Queryable, input: ClaimStreams): Promise<OwnStream[]> {
  const { owner, exchanges, healthy, limit, timings } = input
  return db.query<OwnStream>(
    `WITH live AS MATERIALIZED (${LIVE_WORKERS}),
     wanted AS MATERIALIZED (
       SELECT a.id, a.user_id, a.exchange FROM account a WHERE a.exchange = ANY($2) AND a.key_status IN ('VALID', 'FROZEN')
          AND a.id IN (SELECT ms.source_id FROM strategy ms WHERE ms.source_kind = 'ACCOUNT'
                          AND EXISTS (SELECT 1 FROM follow mf WHERE mf.strategy_id = ms.id AND mf.state <> 'STOPPED'))),
     gone AS (
       DELETE FROM account_stream s WHERE NOT EXISTS (SELECT 1 FROM wanted w WHERE w.id = s.account_id)
          AND (s.owner = $1 OR NOT EXISTS (SELECT 1 FROM live WHERE live.id = s.owner))),
     kept AS (
       UPDATE account_stream s SET healthy_until = CASE WHEN s.account_id = ANY($3::uuid[]) THEN clock_timestamp() + make_interval(secs => $4) END,
              doubted_at = CASE WHEN s.doubted_at > clock_timestamp() - make_interval(secs => $5) THEN s.doubted_at END
         FROM wanted w JOIN account_stream o ON o.account_id = w.id WHERE s.owner = $1 AND s.account_id = w.id
       RETURNING s.account_id, w.exchange, s.healthy_until IS NOT NULL AND o.doubted_at IS NOT NULL AND s.doubted_at IS NULL
                 AND (o.woken_at IS NULL OR o.woken_at < o.doubted_at - make_interval(secs => $6)) AS deaf),
     taken AS (
       INSERT INTO account_stream (account_id, user_id, owner)
       SELECT w.id, w.user_id, $1 FROM wanted w LEFT JOIN account_stream s ON s.account_id = w.id
        WHERE s.account_id IS NULL OR (s.owner <> $1 AND NOT EXISTS (SELECT 1 FROM live WHERE live.id = s.owner)) ORDER BY w.id LIMIT $7
       ON CONFLICT (account_id) DO UPDATE SET owner = excluded.owner, healthy_until = NULL, doubted_at = NULL
        WHERE NOT EXISTS (SELECT 1 FROM live WHERE live.id = account_stream.owner)
       RETURNING account_id)
     SELECT account_id AS "accountId", exchange, deaf AS "isDeaf" FROM kept
     UNION ALL SELECT t.account_id, w.exchange, false FROM taken t JOIN wanted w ON w.id = t.account_id`,
    [owner, exchanges, healthy, (SWEEPS_HEALTHY * timings.sweepMs) / 1000, timings.sweepMs / 1000, timings.replicaLagMs / 1000, limit],
  )
}

/**
 * Something happened to these accounts, or may have: they are read now. Whoever reads one already reads it once more.
 * @param whole those of them that are not asked for their positions first: one answer sooner, and four requests more
 */
export async function wakeReadings(
  db: Queryable,
  { accountIds, whole, owner }: { accountIds: readonly string[]; whole: readonly string[]; owner: string },
): Promise<void> {
  // Two statements: readings lock lane before stream.
  await db.query('UPDATE account_stream SET woken_at = clock_timestamp() WHERE account_id = ANY($1::uuid[]) AND owner = $2', [
    accountIds,
    owner,
  ])
  await db.query(
    `WITH woken AS (SELECT account_id FROM lane WHERE account_id = ANY($1::uuid[]) ORDER BY account_id FOR UPDATE)
     UPDATE lane SET reconcile_at = CASE WHEN lane.account_id = ANY($2::uuid[]) THEN 'epoch' ELSE least(reconcile_at, clock_timestamp()) END
       FROM woken WHERE lane.account_id = woken.account_id`,
    [accountIds, whole],
  )
}

/** Says whether the exchange answers on these streams. */
export async function noteHealth(
  db: Queryable,
  { accountId, owner, isHealthy, timings }: { accountId: string; owner: string; isHealthy: boolean; timings: Timings },
): Promise<void> {
  await db.query(
    `UPDATE account_stream SET healthy_until = CASE WHEN $3 THEN clock_timestamp() + make_interval(secs => $4) END WHERE account_id = $1 AND owner = $2`,
    [accountId, owner, isHealthy, (SWEEPS_HEALTHY * timings.sweepMs) / 1000],
  )
}

/** Something was found by looking. Where a stream stands and has been silent about it, that stream is doubted. */
export async function doubtSilence(
  tx: Queryable,
  { accountId, askedAtMs, timings }: { accountId: string; askedAtMs: number; timings: Timings },
) {
  await tx.query(
    `UPDATE account_stream SET doubted_at = coalesce(doubted_at, clock_timestamp())
      WHERE account_id = $1 AND healthy_until > clock_timestamp() AND (woken_at IS NULL OR woken_at < to_timestamp($2::float8) - make_interval(secs => $3))`,
    [accountId, askedAtMs / 1000, (2 * timings.replicaLagMs) / 1000],
  )
}
