import {
  AppError,
  BindingTerms,
  CanarySettings,
  ForcedSettings,
  SuggestedSettings,
  type CopyTermsView,
  type StrategySource,
  type SuggestedSettings as Suggested,
} from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { isBindingChange } from '@matic/domain'
import type { ServiceContext } from '../context.ts'
import { leaderNameSql } from '../leaders/leader-name.ts'
import { beginMirror } from '../mirror/mirrored.ts'
import { plain } from '../plain.ts'
import { hashOfCode } from './invites.ts'
import { hearsOfTerms } from './sweep/tell-terms.ts'

type Row = CopyTermsView & { readonly isVisible: boolean }

const TERMS = `SELECT s.id AS "strategyId", s.name, ${leaderNameSql('u')} AS leader, s.user_id = $1 AS "isOwn", s.visibility,
    CASE WHEN s.closed_at IS NULL THEN s.state ELSE 'CLOSED' END AS state, s.source_kind IS NOT NULL AS "isOffered", s.source_kind AS source,
    s.suggested, s.forced, s.profit_share_percent AS "profitSharePercent", s.management_percent AS "managementPercent",
    (SELECT count(DISTINCT f.user_id)::int FROM follow f WHERE f.strategy_id = s.id AND f.state <> 'STOPPED') AS followers, s.max_followers AS "maxFollowers", s.canary, s.version,
    CASE WHEN s.user_id = $1 THEN (SELECT count(DISTINCT f.user_id)::int FROM follow f WHERE f.strategy_id = s.id AND ${hearsOfTerms('f', 's')}) END AS told,
    s.shows_amounts AS "showsAmounts",
    (s.user_id = $1 OR s.visibility = 'PUBLIC' OR EXISTS (SELECT 1 FROM follow f WHERE f.strategy_id = s.id AND f.user_id = $1)
      OR EXISTS (SELECT 1 FROM strategy_invite i WHERE i.strategy_id = s.id AND i.code_hash = $3 AND i.revoked_at IS NULL
                  AND coalesce(i.expires_at > clock_timestamp(), true))) AS "isVisible"
  FROM strategy s JOIN app_user u ON u.id = s.user_id WHERE s.id = $2`

interface Asked {
  readonly userId: string
  readonly strategyId: string
  readonly inviteCode?: string | undefined
}

/** @throws AppError NOT_FOUND, also for a strategy that the person may not see */
export async function getCopyTerms({ db, input }: { db: Queryable; input: Asked }): Promise<CopyTermsView> {
  const code = input.inviteCode === undefined ? null : hashOfCode(input.inviteCode)
  const [row] = await db.query<Row>(TERMS, [input.userId, input.strategyId, code])
  if (!row?.isVisible) throw new AppError('NOT_FOUND', 'There is no such strategy')
  const { isVisible: _, ...view } = row
  return {
    ...view,
    suggested: SuggestedSettings.parse(row.suggested),
    forced: ForcedSettings.parse(row.forced),
    canary: CanarySettings.parse(row.canary ?? {}),
    profitSharePercent: plain(row.profitSharePercent),
    managementPercent: plain(row.managementPercent),
  }
}

interface Offer {
  readonly userId: string
  readonly strategyId: string
  readonly source: StrategySource
  readonly state: 'PUBLISHED' | 'PAUSED'
  readonly suggested: Suggested
  readonly forced: ForcedSettings
  readonly profitSharePercent: string
  readonly managementPercent: string
  readonly maxFollowers: number | null
  /** Left as they are where nothing is said. */
  readonly canary?: CanarySettings | undefined
  readonly showsAmounts?: boolean | undefined
}

interface Held {
  readonly accountId: string
  readonly sourceKind: string | null
  readonly closedAt: Date | null
  readonly state: string
  readonly forced: unknown
  readonly followed: boolean
}

/** @throws AppError NOT_FOUND; CONFLICT where it is closed, has no webhook, or is followed on another source already */
export async function putCopyTerms({ ctx, input }: { ctx: ServiceContext; input: Offer }): Promise<CopyTermsView> {
  const { userId, strategyId } = input
  await ctx.db.transaction(async (tx) => {
    const [own] = await tx.query<Held>(
      `SELECT s.account_id AS "accountId", s.source_kind AS "sourceKind", s.closed_at AS "closedAt", s.state, s.forced,
              EXISTS (SELECT 1 FROM follow f WHERE f.strategy_id = s.id AND f.state <> 'STOPPED') AS followed
         FROM strategy s WHERE s.id = $1 AND s.user_id = $2 FOR UPDATE OF s`,
      [strategyId, userId],
    )
    if (!own) throw new AppError('NOT_FOUND', 'There is no such strategy')
    if (own.closedAt !== null) throw new AppError('CONFLICT', 'The strategy is closed')
    if (own.followed && own.sourceKind !== input.source)
      throw new AppError('CONFLICT', 'What is copied cannot change while somebody follows')
    const [webhook] = await tx.query<{ id: string }>(
      'SELECT id FROM webhook WHERE user_id = $1 AND is_active ORDER BY created_at, id LIMIT 1',
      [userId],
    )
    const sourceId = input.source === 'WEBHOOK' ? webhook?.id : own.accountId
    if (sourceId === undefined) throw new AppError('CONFLICT', 'There is no webhook yet. Make a new address first.')
    if (input.source === 'ACCOUNT' && own.sourceKind !== 'ACCOUNT') await beginMirror(tx, { strategyId, accountId: sourceId })
    await tx.query(
      `UPDATE strategy SET source_kind = $3, source_id = $4, state = $5, suggested = $6, forced = $7, profit_share_percent = $8,
              management_percent = $9, max_followers = $10, canary = coalesce($11, canary),
              shows_amounts = coalesce($12, shows_amounts), terms_version = terms_version + $13, version = version + 1 WHERE id = $1 AND user_id = $2`,
      [
        strategyId,
        userId,
        input.source,
        sourceId,
        input.state,
        JSON.stringify(input.suggested),
        JSON.stringify(input.forced),
        input.profitSharePercent,
        input.managementPercent,
        input.maxFollowers,
        input.canary === undefined ? null : JSON.stringify(input.canary),
        input.showsAmounts ?? null,
        isBindingChange(BindingTerms.parse(own), input) ? 1 : 0,
      ],
    )
    await tx.query(`INSERT INTO audit_log (actor_id, user_id, action, after) VALUES ($1, $1, 'strategy-offered', $2)`, [
      userId,
      JSON.stringify({ strategyId, source: input.source, state: input.state, forced: input.forced }),
    ])
  })
  return getCopyTerms({ db: ctx.db, input: { userId, strategyId } })
}
