import type { ReasonCode } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import type { AccountHandle, ExchangeFailure, ExchangePort } from '@matic/exchange/port'
import { noteRefusedKey } from '../accounts/refused-key.ts'
import type { ExecutionContext } from './context.ts'
import { orderFact } from './end-orders.ts'
import { holdLane } from './lane.ts'
import type { HeldLane } from './lane.ts'
import type { LaneOrder } from './lane-view.ts'

interface Setting {
  readonly order: LaneOrder
  readonly marginMode: 'cross' | 'isolated' | null
  readonly leverage: number | null
}

/** Sets margin mode and leverage before the write-ahead: both may be repeated without harm. What stands now is kept in the position row. */
export async function prepareSymbol(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  { order, marginMode, leverage }: Setting,
): Promise<void> {
  const { symbol } = order
  if (marginMode) {
    const set = await port.setMarginMode(handle, { symbol, marginMode })
    if (!set.ok) return settingFailed(ctx, lane, order, set.failure, 'REJECTED_OTHER')
  }
  if (leverage !== null) {
    const set = await port.setLeverage(handle, { symbol, leverage })
    if (!set.ok) return settingFailed(ctx, lane, order, set.failure, 'REJECTED_LEVERAGE')
  }
  await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    await tx.query(
      `INSERT INTO position AS p (id, user_id, account_id, symbol, position_side, side, quantity_base, leverage, margin_mode, synced_at)
       VALUES ($1, $2, $3, $4, $5, 'LONG', 0, $6, $7, 'epoch')
       ON CONFLICT (account_id, symbol, position_side) DO UPDATE SET leverage = coalesce(excluded.leverage, p.leverage), margin_mode = coalesce(excluded.margin_mode, p.margin_mode)`,
      [ctx.newId(), lane.userId, lane.accountId, symbol, order.positionSide, leverage, marginMode],
    )
    // Both sides of a hedged account share them.
    await tx.query(
      `UPDATE position SET leverage = coalesce($3, leverage), margin_mode = coalesce($4, margin_mode) WHERE account_id = $1 AND symbol = $2`,
      [lane.accountId, symbol, leverage, marginMode],
    )
  })
}

async function settingFailed(
  ctx: ExecutionContext,
  lane: HeldLane,
  order: LaneOrder,
  failure: ExchangeFailure,
  reason: ReasonCode,
): Promise<void> {
  const final = failure.verdict === 'REJECTED' || failure.verdict === 'AUTH' || order.tries >= 5
  const ids = await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    if (!final) {
      const waitMs = (failure.retryAfterMs ?? 200 * 2 ** order.tries) * ctx.timings.scale
      await tx.query(
        `UPDATE trade_order SET tries = tries + 1, not_before = clock_timestamp() + make_interval(secs => $2) WHERE id = $1 AND state = 'READY'`,
        [order.id, waitMs / 1000],
      )
      return []
    }
    const code = failure.verdict === 'AUTH' ? 'KEY_INVALID' : reason
    await tx.query(
      `UPDATE trade_order SET state = 'REJECTED', reason = $2, reason_numbers = $3, ended_at = clock_timestamp(), version = version + 1 WHERE id = $1 AND state = 'READY'`,
      [order.id, code, JSON.stringify({ code: failure.code, text: failure.text })],
    )
    const frozen = failure.verdict === 'AUTH' ? await noteRefusedKey(tx, lane, failure) : []
    return recordFacts(tx, [orderFact(order, { state: 'REJECTED', reason: code }), ...frozen])
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
}
