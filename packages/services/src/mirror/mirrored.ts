import { setTimeout as pause } from 'node:timers/promises'
import type { Queryable } from '@matic/db'
import type { Timings } from '@matic/platform'
import type { ServiceContext } from '../context.ts'
import { isCalm } from '../streams/stream-rows.ts'

/** SQL: a strategy that is offered, or still followed, is what becomes of this account. */
export function isMirrored(accountId: string): string {
  return `EXISTS (SELECT 1 FROM strategy ms WHERE ms.source_kind = 'ACCOUNT' AND ms.source_id = ${accountId}
    AND (ms.closed_at IS NULL OR EXISTS (SELECT 1 FROM follow mf WHERE mf.strategy_id = ms.id AND mf.state <> 'STOPPED')))`
}

/** SQL: somebody follows what becomes of this account, and waits for it. */
export function isWatched(accountId: string): string {
  return `EXISTS (SELECT 1 FROM strategy ms JOIN follow mf ON mf.strategy_id = ms.id AND mf.state <> 'STOPPED'
    WHERE ms.source_kind = 'ACCOUNT' AND ms.source_id = ${accountId})`
}

/**
 * SQL: when an account of `lane` is compared with its exchange next. A mirrored one that is followed is never left alone for longer than `orderPollMs`;
 * where its private stream stands and is calm, what only waits for a change may wait for `streamedPollMs`. What the stream has said since this
 * reading began is read at once.
 * @param sql.inSeconds as late as that for an account whom nobody follows
 * @param sql.askedAtMs when this reading began, by the database's clock
 */
export function nextReading(timings: Timings, { inSeconds, askedAtMs }: { inSeconds: string; askedAtMs: string }): string {
  const poll = timings.orderPollMs / 1000
  return `CASE
    WHEN EXISTS (SELECT 1 FROM account_stream ws WHERE ws.account_id = lane.account_id AND ws.woken_at >= to_timestamp(${askedAtMs} / 1000.0)) THEN clock_timestamp()
    ELSE clock_timestamp() + make_interval(secs => CASE
      WHEN NOT ${isWatched('lane.account_id')} THEN ${inSeconds}
      WHEN ${inSeconds} < ${poll} OR NOT ${isCalm('lane.account_id', String(timings.replicaLagMs / 1000))} THEN least(${inSeconds}, ${poll})
      ELSE ${timings.streamedPollMs / 1000} END) END`
}

const LOOK_AGAIN_MS = 50

/**
 * Nobody follows the account yet, so that it is read at leisure: asks for a reading and waits until it is written, at most as long as any request of the
 * api. Without a worker it goes on with what is known.
 */
export async function readMirrorNow({ db, timings }: Pick<ServiceContext, 'db' | 'timings'>, accountId: string): Promise<void> {
  const [asked] = await db.query<{ at: Date }>(
    `UPDATE lane SET reconcile_at = 'epoch' WHERE account_id = $1 AND NOT ${isWatched('$1')} RETURNING clock_timestamp() AS at`,
    [accountId],
  )
  if (!asked) return
  for (let waitedMs = 0; waitedMs < timings.apiRequestWaitMs; waitedMs += LOOK_AGAIN_MS) {
    const [read] = await db.query('SELECT 1 FROM account_state WHERE account_id = $1 AND synced_at >= $2', [accountId, asked.at])
    if (read) return
    await pause(LOOK_AGAIN_MS)
  }
}

/**
 * From now on changes count: what is held already is nobody's news. Where another strategy mirrors the account, its followers have been told
 * so far and go on from there.
 */
export async function beginMirror(tx: Queryable, { strategyId, accountId }: { strategyId: string; accountId: string }): Promise<void> {
  await tx.query(
    `INSERT INTO mirror_mark AS m (account_id, symbol, position_side, user_id, side, quantity_base, epoch, filled_base, fills, filled_at)
     SELECT p.account_id, p.symbol, p.position_side, p.user_id, p.side, p.quantity_base, p.epoch, f.base, f.fills, f.at
       FROM position p, LATERAL (
         SELECT coalesce(sum(CASE side WHEN 'buy' THEN quantity_base ELSE -quantity_base END), 0) AS base, count(*)::int AS fills, max(at) AS at
           FROM fill WHERE account_id = p.account_id AND symbol = p.symbol AND position_side = p.position_side) AS f
      WHERE p.account_id = $1 AND NOT EXISTS (
        SELECT 1 FROM strategy s WHERE s.source_kind = 'ACCOUNT' AND s.source_id = $1 AND s.id <> $2
           AND (s.closed_at IS NULL OR EXISTS (SELECT 1 FROM follow o WHERE o.strategy_id = s.id AND o.state <> 'STOPPED')))
     ON CONFLICT (account_id, symbol, position_side) DO UPDATE SET side = excluded.side, quantity_base = excluded.quantity_base, epoch = excluded.epoch,
       filled_base = excluded.filled_base, fills = excluded.fills, filled_at = excluded.filled_at, doubted_since = NULL, updated_at = clock_timestamp()`,
    [accountId, strategyId],
  )
}
