import { AppError, type FollowSettings } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import { EVERY_ROUTE, loadRoutes, type RouteRow, type SignalRow } from '../dispatch/load-batch.ts'
import type { OfferedStrategy } from './offered-strategy.ts'

interface Asked {
  readonly userId: string
  readonly accountId: string
  readonly settings: FollowSettings
  /** For a follow that there is not yet. */
  readonly routeId: string
  readonly strategy: OfferedStrategy
  readonly signal: SignalRow
}

/**
 * The route that a follow with this account would be, or is, under these settings and as if it were on; read as every route is.
 * @throws AppError ACCOUNT_NOT_FOUND
 */
export async function routeAsIfFollowing(tx: Transaction, asked: Asked): Promise<RouteRow> {
  const { userId, accountId, settings, routeId, strategy, signal } = asked
  const [account] = await tx.query<{ followId: string | null }>(
    `SELECT f.id AS "followId" FROM account a
       LEFT JOIN follow f ON f.account_id = a.id AND f.strategy_id = $3 AND f.user_id = a.user_id AND f.state <> 'STOPPED'
      WHERE a.id = $1 AND a.user_id = $2 AND a.deleted_at IS NULL LIMIT 1`,
    [accountId, userId, strategy.strategyId],
  )
  if (account === undefined) throw new AppError('ACCOUNT_NOT_FOUND', 'There is no such account')
  const sources = [{ ...signal, sourceId: accountId }, ...(account.followId === null ? [] : [{ ...signal, sourceId: account.followId }])]
  const { routes } = await loadRoutes(tx, sources, EVERY_ROUTE, [accountId])
  const existing = routes.find(({ follow }) => follow !== null && follow.id === account.followId)
  const own = existing ?? routes.find(({ sourceKind, userId: owner }) => sourceKind === 'MANUAL' && owner === userId)
  if (own === undefined) throw new AppError('ACCOUNT_NOT_FOUND', 'There is no such account')
  const { strategyId, leaderId, leaderAccountId, leaderEquity, forced } = strategy
  return {
    ...own,
    id: existing?.id ?? routeId,
    sourceKind: 'FOLLOW',
    listensTo: strategy.source,
    sourceId: strategy.sourceId,
    decidedIds: [],
    follow: {
      id: existing?.follow?.id ?? routeId,
      strategyId,
      leaderId,
      leaderAccountId,
      leaderEquity,
      state: 'ACTIVE',
      strategyState: strategy.state,
      settings,
      forced,
      joinedAtMs: 0,
      stoppedAtMs: null,
      lastLossMs: existing?.follow?.lastLossMs ?? null,
      detached: existing?.follow?.detached ?? [],
    },
  }
}
