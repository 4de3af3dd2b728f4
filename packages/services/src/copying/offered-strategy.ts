import { AppError, type ForcedSettings, type StrategySource, type StrategyState } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { getCopyTerms } from '../follows/copy-terms.ts'

/** What a follow of this strategy would be of. */
export interface OfferedStrategy {
  readonly strategyId: string
  readonly leaderId: string
  readonly leaderAccountId: string
  /** Of the leader's account. */
  readonly exchange: string
  /** Quote; null while it has not been read. */
  readonly leaderEquity: string | null
  readonly source: StrategySource
  readonly sourceId: string
  readonly state: StrategyState
  readonly forced: ForcedSettings
  /** To this person. */
  readonly showsEquity: boolean
}

interface Asked {
  readonly userId: string
  readonly strategyId: string
  readonly inviteCode: string | undefined
}

/** @throws AppError NOT_FOUND, also for a strategy that the person may not see; FOLLOW_REFUSED while it is not offered */
export async function readOffered(db: Queryable, asked: Asked): Promise<OfferedStrategy> {
  const terms = await getCopyTerms({ db, input: asked })
  const [row] = await db.query<
    Omit<OfferedStrategy, 'strategyId' | 'state' | 'forced' | 'source' | 'sourceId' | 'showsEquity'> & { sourceId: string | null }
  >(
    `SELECT s.user_id AS "leaderId", s.account_id AS "leaderAccountId", a.exchange, st.equity AS "leaderEquity", s.source_id AS "sourceId"
       FROM strategy s JOIN account a ON a.id = s.account_id LEFT JOIN account_state st ON st.account_id = s.account_id WHERE s.id = $1`,
    [asked.strategyId],
  )
  if (row === undefined || row.sourceId === null || terms.source === null)
    throw new AppError('FOLLOW_REFUSED', 'The leader does not offer this for copying yet', { details: { reason: 'NOT_OFFERED' } })
  const { source, state, forced, isOwn, showsAmounts } = terms
  return { ...row, strategyId: asked.strategyId, sourceId: row.sourceId, source, state, forced, showsEquity: isOwn || showsAmounts }
}
