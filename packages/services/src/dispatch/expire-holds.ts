import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { holdFact, SETTLED } from './save-chains.ts'

/** Held signals whose missing one will not come any more: their owners are told, and alone can have them carried out. */
export async function expireHolds({ ctx }: { ctx: Pick<ServiceContext, 'db' | 'bus'> }): Promise<number> {
  const factIds = await ctx.db.transaction(async (tx) => {
    const expired = await tx.query<Parameters<typeof holdFact>[0]>(
      `UPDATE signal_hold h SET state = 'EXPIRED'
         FROM (SELECT signal_id FROM signal_hold WHERE state = 'HELD' AND expires_at < clock_timestamp() ORDER BY signal_id LIMIT 200
                  FOR UPDATE SKIP LOCKED) AS due
        WHERE h.signal_id = due.signal_id RETURNING ${SETTLED}`,
    )
    return recordFacts(
      tx,
      expired.map((hold) => holdFact(hold, { state: 'EXPIRED' })),
    )
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
  return factIds.length
}
