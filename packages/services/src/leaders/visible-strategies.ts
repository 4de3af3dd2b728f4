import { AppError } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { hashOfCode } from '../follows/invites.ts'
import { leaderNameSql } from './leader-name.ts'

export interface StrategyRow {
  readonly strategyId: string
  readonly userId: string
  readonly name: string
  readonly description: string
  readonly visibility: 'PUBLIC' | 'PRIVATE'
  readonly leader: string
  readonly isOwn: boolean
  readonly environment: 'PAPER' | 'DEMO' | 'LIVE'
  readonly since: Date
  readonly closedAt: Date | null
  readonly days: number
  readonly risk: 'UNKNOWN' | 'LOW' | 'MEDIUM' | 'HIGH'
  /** Amounts of money are for this person to see: they are the leader's own, or the leader shows them. */
  readonly seesAmounts: boolean
  readonly showsAmounts: boolean
  readonly equity: string | null
  readonly aum: string
  readonly copiers: number
}

export const LEADER_HANDLE = leaderNameSql('u')

/** Whether the person, $1, sees what the leader made and has in money. */
export const SEES_AMOUNTS = '(s.user_id = $1 OR s.shows_amounts)'

/** Of a strategy with its leader and the head of its record. */
export const STRATEGY_COLUMNS = `s.id AS "strategyId", s.user_id AS "userId", s.name, s.description, s.visibility, ${LEADER_HANDLE} AS leader, s.user_id = $1 AS "isOwn",
  a.environment, s.since, s.closed_at AS "closedAt", coalesce(h.days, 0) AS days, coalesce(h.risk, 'UNKNOWN') AS risk, ${SEES_AMOUNTS} AS "seesAmounts",
  s.shows_amounts AS "showsAmounts", CASE WHEN ${SEES_AMOUNTS} THEN h.equity END AS equity, c.aum, c.copiers`

/** How many people follow it now, and what those accounts are worth; live money and paper are never added up. */
const COPIERS = `LEFT JOIN LATERAL (
    SELECT count(DISTINCT f.user_id)::int AS copiers, coalesce(sum(fs.equity) FILTER (WHERE fa.environment = a.environment), 0) AS aum
      FROM follow f JOIN account fa ON fa.id = f.account_id LEFT JOIN account_state fs ON fs.account_id = f.account_id
     WHERE f.strategy_id = s.id AND f.state <> 'STOPPED') c ON true`

export const STRATEGY_TABLES = `strategy s JOIN app_user u ON u.id = s.user_id JOIN account a ON a.id = s.account_id LEFT JOIN record_head h ON h.strategy_id = s.id ${COPIERS}`

/** Who may see a strategy: everybody a public one; a private one its leader and who follows or followed it. $1 is the person. */
export const STRATEGY_VISIBLE = `(s.user_id = $1 OR s.visibility = 'PUBLIC' OR EXISTS (SELECT 1 FROM follow vf WHERE vf.strategy_id = s.id AND vf.user_id = $1))`

const INVITED = `EXISTS (SELECT 1 FROM strategy_invite i WHERE i.strategy_id = s.id AND i.code_hash = $3 AND i.revoked_at IS NULL
  AND coalesce(i.expires_at > clock_timestamp(), true))`

export interface AskedStrategy {
  readonly userId: string
  readonly strategyId: string
  readonly inviteCode?: string | undefined
}

/** @throws AppError NOT_FOUND, also for a strategy that the person may not see */
export async function readStrategy(db: Queryable, { userId, strategyId, inviteCode }: AskedStrategy): Promise<StrategyRow> {
  const [row] = await db.query<StrategyRow>(
    `SELECT ${STRATEGY_COLUMNS} FROM ${STRATEGY_TABLES} WHERE s.id = $2 AND (${STRATEGY_VISIBLE} OR ${INVITED})`,
    [userId, strategyId, inviteCode === undefined ? null : hashOfCode(inviteCode)],
  )
  if (!row) throw new AppError('NOT_FOUND', 'There is no such strategy')
  return row
}
