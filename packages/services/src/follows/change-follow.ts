import { AppError, type FollowSettings, type FollowState, type FollowView, type StopChoice } from '@matic/contracts'
import { recordFacts, type Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { ACCOUNT_LOCK } from '../dispatch/account-lock.ts'
import { endOf } from './end-signal.ts'
import { followFact } from './follow-facts.ts'
import { insertFollowSignals } from './follow-signals.ts'
import { handOver } from './hand-over.ts'
import { getFollow } from './read-follows.ts'
import { holdSource } from './source-lock.ts'
import { cancelOpenings } from './sweep/end-follows.ts'

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
    const { strategy, isOver, isRemoved } = await holdFollow(tx, input)
    if (isRemoved && state !== undefined && state !== 'CLOSE_ONLY')
      throw new AppError('CONFLICT', 'The leader has removed you from this strategy: it can only close')
    if (isOver && state !== undefined && state !== 'CLOSE_ONLY')
      throw new AppError('CONFLICT', 'The leader no longer offers this strategy: it can only close')
    await tx.query(
      `UPDATE follow SET settings = coalesce($3, settings), state = coalesce($4, state), version = version + 1,
              stop_cause = CASE WHEN $4 IN ('ACTIVE', 'PAUSED') THEN NULL ELSE stop_cause END,
              stop_choice = CASE WHEN $4 IN ('ACTIVE', 'PAUSED') THEN NULL ELSE stop_choice END WHERE id = $1 AND user_id = $2`,
      [followId, userId, settings === undefined ? null : JSON.stringify(settings), state ?? null],
    )
    if (settings !== undefined && settings.belowMinimum !== 'accumulate')
      await tx.query('DELETE FROM copy_remainder c USING follow f WHERE f.id = $1 AND f.user_id = $2 AND c.route_id = f.route_id', [
        followId,
        userId,
      ])
    await audit(tx, userId, 'follow-changed', { followId, settings, state })
    const changes = [...(settings === undefined ? [] : ['settings' as const]), ...(state === undefined ? [] : [CHANGE_TO[state]])]
    return recordFacts(
      tx,
      changes.map((change) => followFact({ userId, followId, strategy }, change, { state: state ?? null })),
    )
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return getFollow({ db: ctx.db, input })
}

const CHANGE_TO = { ACTIVE: 'resumed', PAUSED: 'paused', CLOSE_ONLY: 'closes-only' } as const
const CHANGE_OF = { close: 'stopped', keep: 'closes-only', 'hand-over': 'handed-over' } as const

/**
 * Ends a follow. close: what it holds is closed now. keep: the leader's closes go on closing it. hand-over: it is the follower's own from now
 * on, and no leader touches it. Openings that still work are cancelled, whichever it is.
 * @throws AppError NOT_FOUND; CONFLICT once it has stopped
 */
export async function stopFollow({
  ctx,
  input,
}: {
  ctx: ServiceContext
  input: Own & { readonly positions: StopChoice; readonly requestId: string | null }
}): Promise<FollowView> {
  const { userId, followId, positions, requestId } = input
  const state: FollowState = positions === 'keep' ? 'CLOSE_ONLY' : 'STOPPED'
  const ids = await ctx.db.transaction(async (tx) => {
    const { routeId, accountId, strategy } = await holdFollow(tx, input)
    await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2::uuid::text))', [ACCOUNT_LOCK, accountId])
    await tx.query(
      `UPDATE follow SET state = $3, stopped_at = CASE WHEN $3 = 'STOPPED' THEN clock_timestamp() END, stop_cause = 'BY_FOLLOWER', stop_choice = $4,
              version = version + 1
        WHERE id = $1 AND user_id = $2`,
      [followId, userId, state, positions],
    )
    await cancelOpenings(tx, [routeId], [accountId])
    if (positions === 'hand-over') await handOver(tx, [routeId])
    if (positions === 'close')
      await insertFollowSignals(tx, ctx, [{ userId, followId, requestId, ...endOf({ followId, round: 0, atMs: ctx.clock.now() }) }])
    await audit(tx, userId, 'follow-stopped', { followId, positions })
    return recordFacts(tx, [followFact({ userId, followId, strategy }, CHANGE_OF[positions], { state, positions })])
  })
  ctx.bus.publish('facts', { ids })
  ctx.doorbell.ring('dispatch')
  ctx.doorbell.ring('execute')
  return getFollow({ db: ctx.db, input })
}

interface HeldFollow {
  readonly routeId: string
  readonly accountId: string
  readonly strategy: string
  /** Its leader no longer offers it, or is gone. */
  readonly isOver: boolean
  /** Its leader has removed the follower. */
  readonly isRemoved: boolean
}

async function holdFollow(tx: Transaction, { userId, followId }: Own): Promise<HeldFollow> {
  const [source] = await tx.query<{ sourceId: string; strategy: string; isOver: boolean }>(
    `SELECT r.source_id AS "sourceId", s.name AS strategy,
            s.closed_at IS NOT NULL OR NOT EXISTS (
              SELECT 1 FROM app_user u JOIN account a ON a.id = s.account_id WHERE u.id = s.user_id AND u.is_active AND a.deleted_at IS NULL) AS "isOver"
       FROM follow f JOIN route r ON r.id = f.route_id JOIN strategy s ON s.id = f.strategy_id WHERE f.id = $1 AND f.user_id = $2`,
    [followId, userId],
  )
  if (!source) throw new AppError('NOT_FOUND', 'There is no such follow')
  await holdSource(tx, source.sourceId)
  const [follow] = await tx.query<{ routeId: string; accountId: string; state: FollowState; isRemoved: boolean }>(
    `SELECT route_id AS "routeId", account_id AS "accountId", state, removed_at IS NOT NULL AS "isRemoved" FROM follow WHERE id = $1 AND user_id = $2 FOR UPDATE`,
    [followId, userId],
  )
  if (!follow) throw new AppError('NOT_FOUND', 'There is no such follow')
  if (follow.state === 'STOPPED') throw new AppError('CONFLICT', 'This follow has stopped')
  return { ...follow, ...source }
}

async function audit(tx: Transaction, userId: string, action: string, after: unknown): Promise<void> {
  await tx.query('INSERT INTO audit_log (actor_id, user_id, action, after) VALUES ($1, $1, $2, $3)', [
    userId,
    action,
    JSON.stringify(after),
  ])
}
