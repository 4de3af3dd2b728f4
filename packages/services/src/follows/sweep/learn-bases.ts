import { recordFacts, type NewFact } from '@matic/db'
import type { ServiceContext } from '../../context.ts'
import { followFact, type ToldFollow } from '../follow-facts.ts'
import { plain } from '../../plain.ts'
import { followResult } from './follow-result.ts'

/**
 * A follow that began before its account was ever read, or while nothing was on it, has nothing to take percentages of. Nor does it open anything until the
 * account is read: what is read first, less what the follow has made since, is what its limits go by.
 */
export async function learnBases({ ctx }: { ctx: ServiceContext }): Promise<number> {
  const { ids, count } = await ctx.db.transaction(async (tx) => {
    const learned = await tx.query<ToldFollow & { baseQuote: string; limited: boolean }>(
      `WITH known AS (
         SELECT f.id, st.equity - ${followResult('f')} AS base FROM follow f JOIN account_state st ON st.account_id = f.account_id
          WHERE f.state <> 'STOPPED' AND coalesce(f.joined_equity, 0) <= 0 AND st.equity > 0 FOR UPDATE OF f SKIP LOCKED)
       UPDATE follow f SET joined_equity = k.base, version = f.version + 1 FROM known k, strategy s
        WHERE f.id = k.id AND k.base > 0 AND s.id = f.strategy_id
       RETURNING f.id AS "followId", f.user_id AS "userId", s.name AS strategy, k.base AS "baseQuote",
                 f.settings->>'portfolioStopPercent' IS NOT NULL OR f.settings->>'takeProfitPercent' IS NOT NULL AS limited`,
    )
    const facts: NewFact[] = learned.flatMap(({ limited, baseQuote, ...follow }) =>
      limited ? [followFact(follow, 'base', { baseQuote: plain(baseQuote) })] : [],
    )
    return { ids: await recordFacts(tx, facts), count: learned.length }
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return count
}
