import { AppError, type FollowSettings, type FollowState, type FollowView, type StopChoice } from '@matic/contracts'
import { recordFacts, type Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { ACCOUNT_LOCK } from '../dispatch/account-lock.ts'
import { manualAlert } from '../trading/manual-alert.ts'
import type { TradingContext } from '../trading/manual-signal.ts'
import { getFollow } from './read-follows.ts'
import { holdSource } from './source-lock.ts'

interface Own {
  readonly userId: string
  readonly followId: string
}

interface Change extends Own {
  readonly settings?: FollowSettings | undefined
  readonly state?: 'ACTIVE' | 'PAUSED' | 'CLOSE_ONLY' | undefined
}

/** From the next signal on. @throws AppError NOT_FOUND; CONFLICT once it has stopped */
export async function changeFollow({ ctx, input }: { ctx: ServiceContext; input: Change }): Promise<FollowView> {
  const { userId, followId, settings, state } = input
  const ids = await ctx.db.transaction(async (tx) => {
    await holdFollow(tx, input)
    await tx.query(
      `UPDATE follow SET settings = coalesce($3, settings), state = coalesce($4, state), version = version + 1 WHERE id = $1 AND user_id = $2`,
      [followId, userId, settings === undefined ? null : JSON.stringify(settings), state ?? null],
    )
    if (settings !== undefined && settings.belowMinimum !== 'accumulate')
      await tx.query('DELETE FROM copy_remainder c USING follow f WHERE f.id = $1 AND f.user_id = $2 AND c.route_id = f.route_id', [
        followId,
        userId,
      ])
    await audit(tx, userId, 'follow-changed', { followId, settings, state })
    return recordFacts(tx, [changed(input, { state: state ?? null, settings: settings !== undefined })])
  })
  ctx.bus.publish('facts', { ids })
  return getFollow({ db: ctx.db, input })
}

/**
 * Ends a follow. close: what it holds is closed now. keep: the leader's closes go on closing it. hand-over: it is the follower's own from now
 * on, and no leader touches it. Openings that still work are cancelled, whichever it is.
 * @throws AppError NOT_FOUND; CONFLICT once it has stopped
 */
export async function stopFollow({
  ctx,
  input,
}: {
  ctx: TradingContext
  input: Own & { readonly positions: StopChoice; readonly requestId: string | null }
}): Promise<FollowView> {
  const { userId, followId, positions } = input
  const state: FollowState = positions === 'keep' ? 'CLOSE_ONLY' : 'STOPPED'
  const ids = await ctx.db.transaction(async (tx) => {
    const { routeId, accountId } = await holdFollow(tx, input)
    await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2::uuid::text))', [ACCOUNT_LOCK, accountId])
    await tx.query(
      `UPDATE follow SET state = $3, stopped_at = CASE WHEN $3 = 'STOPPED' THEN clock_timestamp() END, stop_cause = 'BY_FOLLOWER', version = version + 1
        WHERE id = $1 AND user_id = $2`,
      [followId, userId, state],
    )
    await tx.query(
      `UPDATE trade_order SET cancel_requested_at = clock_timestamp(), version = version + 1
        WHERE route_id = $1 AND user_id = $2 AND leg = 'open' AND cancel_requested_at IS NULL AND state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')`,
      [routeId, userId],
    )
    if (positions === 'hand-over')
      await tx.query(
        `UPDATE position p SET route_id = r.id, version = p.version + 1 FROM route r
          WHERE p.route_id = $1 AND p.user_id = $2 AND p.quantity_base > 0
            AND r.account_id = p.account_id AND r.source_kind = 'MANUAL' AND r.source_id = p.account_id AND r.follow_id IS NULL`,
        [routeId, userId],
      )
    await audit(tx, userId, 'follow-stopped', { followId, positions })
    return recordFacts(tx, [changed(input, { state, positions })])
  })
  ctx.bus.publish('facts', { ids })
  ctx.doorbell.ring('execute')
  if (positions === 'close') await closeHeld(ctx, input)
  return getFollow({ db: ctx.db, input })
}

/** A signal for this follow alone: its own share and nobody else's. */
async function closeHeld(ctx: TradingContext, { userId, followId, requestId }: Own & { requestId: string | null }): Promise<void> {
  await ctx.ingest.submit({
    id: ctx.newId(),
    userId,
    source: 'FOLLOW',
    sourceId: followId,
    receivedAtMs: ctx.clock.now(),
    rawBody: Buffer.from(JSON.stringify({ action: 'close-all' })),
    alert: manualAlert({ ticker: '', action: 'close-all', idempotencyKey: `stop-${followId}`, atMs: ctx.clock.now() }),
    requestId,
    deliveryId: null,
  })
}

async function holdFollow(tx: Transaction, { userId, followId }: Own): Promise<{ routeId: string; accountId: string }> {
  const [source] = await tx.query<{ sourceId: string }>(
    `SELECT r.source_id AS "sourceId" FROM follow f JOIN route r ON r.id = f.route_id WHERE f.id = $1 AND f.user_id = $2`,
    [followId, userId],
  )
  if (!source) throw new AppError('NOT_FOUND', 'There is no such follow')
  await holdSource(tx, source.sourceId)
  const [follow] = await tx.query<{ routeId: string; accountId: string; state: FollowState }>(
    `SELECT route_id AS "routeId", account_id AS "accountId", state FROM follow WHERE id = $1 AND user_id = $2 FOR UPDATE`,
    [followId, userId],
  )
  if (!follow) throw new AppError('NOT_FOUND', 'There is no such follow')
  if (follow.state === 'STOPPED') throw new AppError('CONFLICT', 'This follow has stopped')
  return follow
}

function changed({ userId, followId }: Own, payload: Record<string, unknown>) {
  return { userId, kind: 'settings-changed' as const, entity: 'follow', entityId: followId, payload: { followId, ...payload } }
}

async function audit(tx: Transaction, userId: string, action: string, after: unknown): Promise<void> {
  await tx.query('INSERT INTO audit_log (actor_id, user_id, action, after) VALUES ($1, $1, $2, $3)', [
    userId,
    action,
    JSON.stringify(after),
  ])
}
