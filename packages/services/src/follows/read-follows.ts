import {
  AppError,
  FollowSettings,
  ForcedSettings,
  percentToFraction,
  TermsNews,
  type FollowerView,
  type FollowView,
  type PageMeta,
} from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { Decimal } from 'decimal.js'
import { leaderNameSql } from '../leaders/leader-name.ts'
import { isoOrNull, plain } from '../plain.ts'
import { followerHandleSql } from './follower-handle.ts'
import { assertOwn } from './invites.ts'
import { tellsOfCopying } from './tells-of-copying.ts'

type Row = Omit<FollowView, 'joinedAt' | 'stoppedAt' | 'stopAtResult' | 'takeAtResult' | 'termsTold'> & {
  readonly joinedAt: Date
  readonly stoppedAt: Date | null
  readonly termsTold: unknown
  readonly termsToldAt: Date | null
}

const FOLLOWS = `SELECT f.id, f.strategy_id AS "strategyId", s.name AS "strategyName", CASE WHEN s.closed_at IS NULL THEN s.state ELSE 'CLOSED' END AS "strategyState",
    coalesce(${leaderNameSql('l')}, '') AS leader, f.account_id AS "accountId", a.label AS "accountLabel", a.environment, f.state, f.settings, s.forced,
    f.joined_at AS "joinedAt", f.stopped_at AS "stoppedAt", f.stop_cause AS "stopCause", f.stop_choice AS "stopChoice", f.joined_equity AS "joinedEquity", CASE WHEN f.known_terms_version = s.terms_version THEN f.terms_told END AS "termsTold", f.terms_told_at AS "termsToldAt", f.version,
    (SELECT coalesce(json_agg(json_build_object('symbol', d.symbol, 'side', d.side, 'cause', d.cause, 'detachedAt', d.detached_at) ORDER BY d.detached_at), '[]')
       FROM follow_detachment d WHERE d.follow_id = f.id AND d.user_id = $1 AND d.ended_at IS NULL) AS detached,
    f.profit_share_percent AS "profitSharePercent", f.management_percent AS "managementPercent",
    (SELECT count(*)::int FROM decision d WHERE d.account_id = f.account_id AND d.route_id = f.route_id AND d.intent <> 'protect' AND d.outcome = 'ORDERS') AS copied,
    (SELECT count(*)::int FROM decision d WHERE d.account_id = f.account_id AND d.route_id = f.route_id AND d.intent <> 'protect' AND d.outcome <> 'ORDERS' AND ${tellsOfCopying('d')}) AS "notCopied",
    (SELECT coalesce(sum(t.gross_pnl - t.fees + t.funding), 0)::text FROM trade t WHERE t.route_id = f.route_id AND t.user_id = $1 AND t.closed_at IS NOT NULL) AS "realizedPnl",
    (SELECT coalesce(sum(p.unrealized_pnl), 0)::text FROM holding p WHERE p.route_id = f.route_id AND p.user_id = $1) AS "unrealizedPnl",
    (SELECT count(*)::int FROM holding p WHERE p.route_id = f.route_id AND p.user_id = $1) AS "openPositions"
  FROM follow f JOIN strategy s ON s.id = f.strategy_id LEFT JOIN app_user l ON l.id = s.user_id JOIN account a ON a.id = f.account_id
 WHERE f.user_id = $1 AND ($2::uuid IS NULL OR f.id = $2) ORDER BY f.created_at DESC, f.id`

export async function listFollows({ db, input }: { db: Queryable; input: { userId: string } }): Promise<FollowView[]> {
  return (await db.query<Row>(FOLLOWS, [input.userId, null])).map(view)
}

/** @throws AppError NOT_FOUND */
export async function getFollow({ db, input }: { db: Queryable; input: { userId: string; followId: string } }): Promise<FollowView> {
  const [row] = await db.query<Row>(FOLLOWS, [input.userId, input.followId])
  if (!row) throw new AppError('NOT_FOUND', 'There is no such follow')
  return view(row)
}

function view({ termsTold, termsToldAt, ...row }: Row): FollowView {
  const settings = FollowSettings.parse(row.settings)
  const base = usableBase(row.joinedEquity)
  return {
    ...row,
    settings,
    joinedEquity: base?.toFixed() ?? null,
    ...limitsOf(settings, base),
    detached: row.detached.map((one) => ({ ...one, detachedAt: new Date(one.detachedAt).toISOString() })),
    forced: ForcedSettings.parse(row.forced),
    termsTold: termsTold === null || termsToldAt === null ? null : { at: termsToldAt.toISOString(), news: TermsNews.parse(termsTold) },
    joinedAt: row.joinedAt.toISOString(),
    stoppedAt: isoOrNull(row.stoppedAt),
    profitSharePercent: plain(row.profitSharePercent),
    managementPercent: plain(row.managementPercent),
    realizedPnl: plain(row.realizedPnl),
    unrealizedPnl: plain(row.unrealizedPnl),
  }
}

/** A percentage of nothing is no limit: such a base is not known yet. */
function usableBase(joinedEquity: string | null): Decimal | null {
  const base = joinedEquity === null ? null : new Decimal(joinedEquity)
  return base?.gt(0) === true ? base : null
}

/** The results of a follow, quote, at which it is closed and stopped. */
function limitsOf({ portfolioStopPercent, takeProfitPercent }: FollowSettings, base: Decimal | null) {
  const at = (percent: string | null) => (percent === null || base === null ? null : base.mul(percentToFraction(percent)))
  return {
    stopAtResult: at(portfolioStopPercent)?.neg().toDecimalPlaces(8).toFixed() ?? null,
    takeAtResult: at(takeProfitPercent)?.toDecimalPlaces(8).toFixed() ?? null,
  }
}

type FollowerRow = Omit<FollowerView, 'joinedAt' | 'stoppedAt'> & { readonly joinedAt: Date; readonly stoppedAt: Date | null }

const FOLLOWERS = `SELECT f.id AS "followId", ${followerHandleSql('f.id')} AS handle, f.state, a.environment, f.joined_at AS "joinedAt", f.stopped_at AS "stoppedAt",
    f.removed_at IS NOT NULL AS "isRemoved",
    (SELECT count(*)::int FROM decision d WHERE d.account_id = f.account_id AND d.route_id = f.route_id AND d.intent <> 'protect' AND d.outcome = 'ORDERS') AS copied,
    (SELECT count(*)::int FROM decision d WHERE d.account_id = f.account_id AND d.route_id = f.route_id AND d.intent <> 'protect' AND d.outcome <> 'ORDERS' AND ${tellsOfCopying('d')}) AS "notCopied"
  FROM follow f JOIN account a ON a.id = f.account_id JOIN strategy s ON s.id = f.strategy_id AND s.user_id = $2
 WHERE f.strategy_id = $1`

/** Nothing that tells a leader who it is: a handle made of the follow. @throws AppError NOT_FOUND */
export async function listFollowers({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; strategyId: string; page: number; limit: number }
}): Promise<{ followers: FollowerView[]; meta: PageMeta }> {
  await assertOwn(db, input)
  const { userId, strategyId, page, limit } = input
  const [count] = await db.query<{ total: number }>('SELECT count(*)::int AS total FROM follow WHERE strategy_id = $1', [strategyId])
  const rows = await db.query<FollowerRow>(`${FOLLOWERS} ORDER BY f.state = 'STOPPED', f.created_at DESC, f.id LIMIT $3 OFFSET $4`, [
    strategyId,
    userId,
    limit,
    (page - 1) * limit,
  ])
  return { followers: rows.map(followerView), meta: { page, limit, total: count?.total ?? 0 } }
}

/** Of one's own strategy. @throws AppError NOT_FOUND */
export async function getFollower(
  db: Queryable,
  { userId, strategyId, followId }: { userId: string; strategyId: string; followId: string },
): Promise<FollowerView> {
  const [row] = await db.query<FollowerRow>(`${FOLLOWERS} AND f.id = $3`, [strategyId, userId, followId])
  if (!row) throw new AppError('NOT_FOUND', 'There is no such follower')
  return followerView(row)
}

function followerView(row: FollowerRow): FollowerView {
  return { ...row, joinedAt: row.joinedAt.toISOString(), stoppedAt: isoOrNull(row.stoppedAt) }
}
