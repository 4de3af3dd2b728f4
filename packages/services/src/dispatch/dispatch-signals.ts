import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { decideAll, type DecideContext } from './decide-all.ts'
import { followChains } from './follow-chains.ts'
import { claimSignals } from './load-batch.ts'
import { countTry, faultOf } from './set-aside.ts'
import { saveChains } from './save-chains.ts'
import { saveDecisions } from './save-decisions.ts'

export interface DispatchContext extends ServiceContext, DecideContext {
  readonly clientOrderId: (orderId: string) => string
}

const BATCH = 200
const TRIES_MAX = 5

/**
 * Turns received signals into decisions and orders, one decision for each (signal, route), a batch a transaction. A signal that cannot be
 * decided is set aside after some tries and never holds up the others.
 * @returns how many signals were dealt with
 */
export async function dispatchSignals({ ctx, input = {} }: { ctx: DispatchContext; input?: { limit?: number } }): Promise<number> {
  try {
    return await dispatchBatch(ctx, { limit: input.limit ?? BATCH })
  } catch (err) {
    ctx.log.warn({ err }, 'a batch of signals failed; taking them one by one')
    return dispatchOneByOne(ctx, input.limit ?? BATCH)
  }
}

async function dispatchBatch(ctx: DispatchContext, claim: { limit: number; only?: string }): Promise<number> {
  const { count, factIds } = await ctx.db.transaction(async (tx) => {
    const rows = await claimSignals(tx, claim)
    if (rows.length === 0) return { count: 0, factIds: [] }
    const followed = await followChains(tx, ctx, { rows, locked: true })
    const decided = await decideAll(tx, ctx, followed.signals)
    const news = await saveChains(tx, ctx, followed)
    const facts = await saveDecisions(tx, ctx, decided)
    await tx.query(`UPDATE signal SET state = 'DISPATCHED', dispatched_at = clock_timestamp() WHERE id = ANY($1::uuid[])`, [
      followed.signals.map((row) => row.id),
    ])
    return { count: rows.length, factIds: await recordFacts(tx, [...facts, ...news]) }
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
  return count
}

async function dispatchOneByOne(ctx: DispatchContext, limit: number): Promise<number> {
  const waiting = await ctx.db.query<{ id: string }>(`SELECT id FROM signal WHERE state = 'RECEIVED' ORDER BY received_at, id LIMIT $1`, [
    limit,
  ])
  let count = 0
  for (const { id } of waiting) {
    try {
      count += await dispatchBatch(ctx, { limit: 1, only: id })
    } catch (err) {
      const fault = faultOf(err)
      if (fault === 'connection') throw err
      ctx.log.error({ err, signalId: id }, 'a signal could not be decided')
      if (fault === 'signal')
        await countTry({ ctx, input: { signalId: id, triesMax: TRIES_MAX, text: err instanceof Error ? err.message : 'unknown' } })
    }
  }
  return count
}
