import type { ServiceContext } from '../context.ts'
import { extendRecord, type RecordSource } from './extend-record.ts'

/** Brings the record of every strategy on offer up to now. One that fails holds up no other. @returns how many rows were added */
export async function extendRecords({ ctx }: { ctx: ServiceContext }): Promise<number> {
  const sources = await ctx.db.query<RecordSource>(
    `SELECT s.id AS "strategyId", s.user_id AS "userId", s.account_id AS "accountId", s.since FROM strategy s WHERE s.closed_at IS NULL ORDER BY s.id`,
  )
  let added = 0
  for (const source of sources) {
    try {
      added += await extendRecord({ ctx, input: source })
    } catch (err) {
      ctx.log.error({ err, strategyId: source.strategyId }, 'a track record could not be brought up to now')
    }
  }
  return added
}
