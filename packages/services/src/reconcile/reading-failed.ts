import { recordFacts } from '@matic/db'
import type { ExchangeFailure } from '@matic/exchange/port'
import { noteRefusedKey } from '../accounts/refused-key.ts'
import type { ExecutionContext } from '../execution/context.ts'
import { holdLane } from '../execution/lane.ts'
import type { HeldLane } from '../execution/lane.ts'

/** The account could not be read. Its opens wait a little, closes go on; a key the exchange refuses freezes the account. */
export async function readingFailed(ctx: ExecutionContext, lane: HeldLane, failure: ExchangeFailure): Promise<void> {
  const { sweepMs, reconcileBusyMs } = ctx.timings
  ctx.log.warn({ accountId: lane.accountId, code: failure.code, text: failure.text }, 'an account could not be read')
  const ids = await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    await tx.query('UPDATE lane SET reconcile_at = clock_timestamp() + make_interval(secs => $2) WHERE account_id = $1', [
      lane.accountId,
      Math.max(failure.retryAfterMs ?? 0, reconcileBusyMs) / 1000,
    ])
    await tx.query(
      `UPDATE trade_order SET not_before = clock_timestamp() + make_interval(secs => $2) WHERE account_id = $1 AND state = 'READY' AND leg = 'open'`,
      [lane.accountId, sweepMs / 2000],
    )
    if (failure.verdict !== 'AUTH') return []
    return recordFacts(tx, await noteRefusedKey(tx, lane, failure))
  })
  if (failure.verdict === 'AUTH') ctx.keys.forget(lane.accountId)
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
}
