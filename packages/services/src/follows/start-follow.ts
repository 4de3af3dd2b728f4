import { AppError, type FollowSettings, type FollowView } from '@matic/contracts'
import { recordFacts, type Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { readMirrorNow } from '../mirror/index.ts'
import { followFact } from './follow-facts.ts'
import { hashOfCode } from './invites.ts'
import { joinPositions } from './join-positions.ts'
import { getFollow } from './read-follows.ts'
import { holdSource } from './source-lock.ts'

interface Start {
  readonly userId: string
  readonly strategyId: string
  readonly accountId: string
  readonly settings: FollowSettings
  readonly inviteCode: string | undefined
  readonly join: { readonly mode: 'flat' } | { readonly mode: 'copy-open'; readonly maxDistancePercent: string }
  readonly requestId: string | null
}

interface Offered {
  readonly name: string
  readonly leaderId: string
  readonly accountId: string
  readonly sourceKind: string | null
  readonly sourceId: string | null
  readonly visibility: string
  readonly isOpen: boolean
  readonly maxFollowers: number | null
  /** Other people who follow it now, with however many accounts. */
  readonly others: number
  /** The person follows it now, with another account, and is welcome. */
  readonly follows: boolean
  /** The person follows it or did. */
  readonly knows: boolean
  /** The code is one of this strategy, whether it is still good or not. */
  readonly isInvited: boolean
}

/**
 * The ended follow that a new one goes on from, so that following again forgets no loss: of the same account where there is one, else the last. Each is gone
 * on from once, or one loss would be made good by several; and none with play money by one with money.
 */
const EARLIER = `SELECT e.id FROM follow e JOIN account ea ON ea.id = e.account_id JOIN account na ON na.id = $4 AND na.environment = ea.environment
    WHERE e.user_id = $2 AND e.strategy_id = s.id AND e.state = 'STOPPED' AND NOT EXISTS (SELECT 1 FROM follow n WHERE n.continues_id = e.id)
    ORDER BY e.account_id = $4 DESC, e.stopped_at DESC NULLS LAST, e.id DESC LIMIT 1`

/**
 * Begins a follow. What the leader's source commits from then on is copied.
 * @throws AppError NOT_FOUND, ACCOUNT_NOT_FOUND; FOLLOW_REFUSED with `reason`; CONFLICT where the account follows it already
 */
export async function startFollow({ ctx, input }: { ctx: ServiceContext; input: Start }): Promise<FollowView> {
  const { userId, strategyId, accountId } = input
  const [followId, routeId] = [ctx.newId(), ctx.newId()]
  if (input.join.mode === 'copy-open') await catchUp(ctx, input)
  const factIds = await ctx.db.transaction(async (tx) => {
    // One at a time, so that two that begin together cannot close a circle, nor both take the last place.
    await tx.query(`SELECT pg_advisory_xact_lock(hashtext('follows begin'))`)
    const offered = await findOffered(tx, input)
    await assertMayFollow(tx, input, offered)
    if (offered.sourceId === null || offered.sourceKind === null)
      throw refused('NOT_OFFERED', 'The leader does not offer this for copying yet')
    await holdSource(tx, offered.sourceId)
    await tx.query(
      `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at, joined_equity, profit_share_percent, management_percent, continues_id, known_terms, known_terms_version)
       SELECT $1, $2, s.id, $4, $5, $6, clock_timestamp(), (SELECT equity FROM account_state WHERE account_id = $4), s.profit_share_percent, s.management_percent, (${EARLIER}),
              jsonb_build_object('state', s.state, 'forced', s.forced), s.terms_version
         FROM strategy s WHERE s.id = $3`,
      [followId, userId, strategyId, accountId, routeId, JSON.stringify(input.settings)],
    )
    await tx.query('INSERT INTO route (id, user_id, source_kind, source_id, account_id, follow_id) VALUES ($1, $2, $3, $4, $5, $6)', [
      routeId,
      userId,
      offered.sourceKind,
      offered.sourceId,
      accountId,
      followId,
    ])
    if (offered.sourceKind === 'ACCOUNT')
      await tx.query('UPDATE lane SET reconcile_at = clock_timestamp() WHERE account_id = $1', [offered.accountId])
    if (input.inviteCode !== undefined && offered.visibility === 'PRIVATE' && !offered.follows) await useInvite(tx, input)
    await tx.query(`INSERT INTO audit_log (actor_id, user_id, action, after) VALUES ($1, $1, 'follow-started', $2)`, [
      userId,
      JSON.stringify({ followId, strategyId, accountId, settings: input.settings }),
    ])
    const told = { userId, followId, strategy: offered.name }
    const { join } = input
    const notJoined = join.mode === 'flat' ? [] : await joinPositions(tx, ctx, { ...told, ...join, requestId: input.requestId })
    return recordFacts(tx, [followFact(told, 'started', { strategyId, state: 'ACTIVE' }), ...notJoined])
  })
  ctx.bus.publish('facts', { ids: factIds })
  if (input.join.mode === 'copy-open') ctx.doorbell.ring('dispatch')
  return getFollow({ db: ctx.db, input: { userId, followId } })
}

/** What is held by a leader whose account is mirrored is known as of the last reading: who joins it first has it read once more. */
async function catchUp(ctx: ServiceContext, input: Start): Promise<void> {
  const mirrored = await ctx.db.transaction(async (tx) => {
    const offered = await findOffered(tx, input)
    await assertMayFollow(tx, input, offered)
    return offered.sourceKind === 'ACCOUNT' ? offered.accountId : undefined
  })
  if (mirrored !== undefined) await readMirrorNow(ctx, mirrored)
}

async function findOffered(tx: Transaction, { userId, strategyId, inviteCode }: Start): Promise<Offered> {
  const [offered] = await tx.query<Offered>(
    `SELECT s.name, s.user_id AS "leaderId", s.account_id AS "accountId", s.source_kind AS "sourceKind", s.source_id AS "sourceId", s.visibility,
            s.closed_at IS NULL AND s.state = 'PUBLISHED' AND EXISTS (
              SELECT 1 FROM app_user u JOIN account a ON a.id = s.account_id WHERE u.id = s.user_id AND u.is_active AND a.deleted_at IS NULL) AS "isOpen", s.max_followers AS "maxFollowers",
            (SELECT count(DISTINCT f.user_id)::int FROM follow f WHERE f.strategy_id = s.id AND f.state <> 'STOPPED' AND f.user_id <> $2) AS others,
            EXISTS (SELECT 1 FROM follow f WHERE f.strategy_id = s.id AND f.user_id = $2 AND f.state <> 'STOPPED' AND f.removed_at IS NULL) AS follows,
            EXISTS (SELECT 1 FROM follow f WHERE f.strategy_id = s.id AND f.user_id = $2) AS knows,
            EXISTS (SELECT 1 FROM strategy_invite i WHERE i.strategy_id = s.id AND i.code_hash = $3) AS "isInvited"
       FROM strategy s WHERE s.id = $1 FOR UPDATE OF s`,
    [strategyId, userId, inviteCode === undefined ? null : hashOfCode(inviteCode)],
  )
  if (!offered) throw new AppError('NOT_FOUND', 'There is no such strategy')
  return offered
}

async function assertMayFollow(tx: Transaction, input: Start, offered: Offered): Promise<void> {
  const { userId, accountId, strategyId } = input
  if (offered.leaderId === userId) throw refused('OWN_STRATEGY', 'This is your own strategy')
  if (offered.visibility === 'PRIVATE' && !offered.follows && !offered.isInvited) {
    if (offered.knows) throw refused('INVITE_NEEDED', 'This strategy is private: to follow it again you need an invite')
    throw new AppError('NOT_FOUND', 'There is no such strategy')
  }
  const [account] = await tx.query<{ keyStatus: string }>(
    'SELECT key_status AS "keyStatus" FROM account WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL AND is_active',
    [accountId, userId],
  )
  if (!account) throw new AppError('ACCOUNT_NOT_FOUND', 'There is no such account')
  if (account.keyStatus !== 'VALID') throw refused('ACCOUNT_NOT_READY', 'The account is not ready to trade')
  const [already] = await tx.query(`SELECT 1 FROM follow WHERE strategy_id = $1 AND account_id = $2 AND state <> 'STOPPED'`, [
    strategyId,
    accountId,
  ])
  if (already) throw new AppError('CONFLICT', 'This account follows the strategy already')
  if (!offered.isOpen) throw refused('NOT_OFFERED', 'The strategy takes no followers at the moment')
  // A place is a person's: their next account takes no other.
  if (offered.maxFollowers !== null && !offered.follows && offered.others >= offered.maxFollowers)
    throw refused('FULL', 'The strategy has all the followers it takes')
  if (await closesCircle(tx, userId, offered.leaderId)) throw refused('CIRCLE', 'The leader follows you, directly or through others')
}

/** The leader, or somebody whom the leader follows in turn, follows this person. */
async function closesCircle(tx: Transaction, userId: string, leaderId: string): Promise<boolean> {
  const [circle] = await tx.query(
    `WITH RECURSIVE followed(id) AS (
       SELECT $2::uuid
       UNION
       SELECT s.user_id FROM followed l JOIN follow f ON f.user_id = l.id AND f.state <> 'STOPPED' JOIN strategy s ON s.id = f.strategy_id)
     SELECT 1 FROM followed WHERE id = $1`,
    [userId, leaderId],
  )
  return circle !== undefined
}

async function useInvite(tx: Transaction, { strategyId, inviteCode }: Start): Promise<void> {
  const [used] = await tx.query(
    `UPDATE strategy_invite SET uses = uses + 1 WHERE strategy_id = $1 AND code_hash = $2 AND revoked_at IS NULL
        AND (expires_at IS NULL OR expires_at > clock_timestamp()) AND (max_uses IS NULL OR uses < max_uses) RETURNING id`,
    [strategyId, hashOfCode(inviteCode ?? '')],
  )
  if (!used) throw refused('INVITE_USED_UP', 'The invite code is not good any more')
}

function refused(reason: string, message: string): AppError {
  return new AppError('FOLLOW_REFUSED', message, { details: { reason } })
}
