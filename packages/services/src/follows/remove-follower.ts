import { AppError, type FollowerView, type FollowState } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { ACCOUNT_LOCK } from '../dispatch/account-lock.ts'
import { recordFollowFacts } from '../mail/mail-follow-news.ts'
import { followFact } from './follow-facts.ts'
import { getFollower } from './read-follows.ts'
import { holdSource } from './source-lock.ts'
import { cancelOpenings } from './sweep/end-follows.ts'

interface Removal {
  /** The leader. */
  readonly userId: string
  readonly strategyId: string
  readonly followId: string
}

/**
 * The leader wants this follower no more: nothing opens from now on, what is held is closed with the leader as before, and the follower is told. Nothing of
 * theirs is closed by it. @throws AppError NOT_FOUND; CONFLICT once the follow has stopped
 */
export async function removeFollower({ ctx, input }: { ctx: ServiceContext; input: Removal }): Promise<FollowerView> {
  const { userId, strategyId, followId } = input
  const ids = await ctx.db.transaction(async (tx) => {
    const follow = await hold(tx, input)
    if (follow.state === 'STOPPED') throw new AppError('CONFLICT', 'This follower has stopped already')
    if (follow.isRemoved) return []
    await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2::uuid::text))', [ACCOUNT_LOCK, follow.accountId])
    await tx.query(
      `UPDATE follow SET state = 'CLOSE_ONLY', removed_at = clock_timestamp(), stop_cause = 'REMOVED', stop_choice = 'keep', version = version + 1
        WHERE id = $1 AND strategy_id = $2`,
      [followId, strategyId],
    )
    await cancelOpenings(tx, [follow.routeId], [follow.accountId])
    await tx.query(`INSERT INTO audit_log (actor_id, user_id, action, after) VALUES ($1, $1, 'follower-removed', $2)`, [
      userId,
      JSON.stringify({ strategyId, followId }),
    ])
    const told = { userId: follow.followerId, followId, strategy: follow.strategy }
    return recordFollowFacts(tx, ctx, [followFact(told, 'removed', { state: 'CLOSE_ONLY' })])
  })
  if (ids.length > 0) {
    ctx.bus.publish('facts', { ids })
    ctx.doorbell.ring('execute')
  }
  return getFollower(ctx.db, input)
}

interface HeldFollow {
  readonly followerId: string
  readonly accountId: string
  readonly routeId: string
  readonly strategy: string
  readonly state: FollowState
  readonly isRemoved: boolean
}

async function hold(tx: Transaction, { userId, strategyId, followId }: Removal): Promise<HeldFollow> {
  const [source] = await tx.query<{ sourceId: string }>(
    `SELECT r.source_id AS "sourceId" FROM follow f JOIN strategy s ON s.id = f.strategy_id JOIN route r ON r.id = f.route_id
      WHERE f.id = $1 AND s.id = $2 AND s.user_id = $3`,
    [followId, strategyId, userId],
  )
  if (source) await holdSource(tx, source.sourceId)
  const [follow] = await tx.query<HeldFollow>(
    `SELECT f.user_id AS "followerId", f.account_id AS "accountId", f.route_id AS "routeId", s.name AS strategy, f.state, f.removed_at IS NOT NULL AS "isRemoved"
       FROM follow f JOIN strategy s ON s.id = f.strategy_id WHERE f.id = $1 AND s.id = $2 AND s.user_id = $3 FOR UPDATE OF f`,
    [followId, strategyId, userId],
  )
  if (!follow) throw new AppError('NOT_FOUND', 'There is no such follower')
  return follow
}
