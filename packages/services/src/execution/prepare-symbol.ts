import type { ReasonCode } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import type { AccountHandle, ExchangeFailure, ExchangePort } from '@matic/exchange/port'
import { noteRefusedKey } from '../accounts/refused-key.ts'
import type { ExecutionContext } from './context.ts'
import { orderFact } from './end-orders.ts'
import { holdLane, holdLanes, LaneLost } from './lane.ts'
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
  record: PrepareBooks,
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
  if ((await record({ lane, symbol, positionSide: order.positionSide, marginMode, leverage })) === 'lost')
    throw new LaneLost(lane.accountId)
}

export interface Prepared {
  readonly lane: HeldLane
  readonly symbol: string
  readonly positionSide: LaneOrder['positionSide']
  readonly marginMode: 'cross' | 'isolated' | null
  readonly leverage: number | null
}

export type PrepareBooks = (prepared: Prepared) => Promise<'recorded' | 'lost'>

/** Writes down what was set for as many accounts, one symbol each, in one transaction. @returns in their order */
export async function recordPrepared(ctx: ExecutionContext, prepared: readonly Prepared[]): Promise<('recorded' | 'lost')[]> {
  const held = await ctx.db.transaction(async (tx) => {
    const lanes = new Set(
      (
        await holdLanes(
          tx,
          ctx,
          prepared.map(({ lane }) => lane),
        )
      ).held,
    )
    const ours = prepared.filter(({ lane }) => lanes.has(lane))
    await tx.query(
      `INSERT INTO position AS p (id, user_id, account_id, symbol, position_side, side, quantity_base, leverage, margin_mode, synced_at)
       SELECT id, u, a, s, d, 'LONG', 0, l, m, 'epoch' FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::text[]) AS x(id, u, a, s, d, l, m)
       ON CONFLICT (account_id, symbol, position_side) DO UPDATE SET leverage = coalesce(excluded.leverage, p.leverage), margin_mode = coalesce(excluded.margin_mode, p.margin_mode)`,
      [
        ours.map(() => ctx.newId()),
        ours.map(({ lane }) => lane.userId),
        ours.map(({ lane }) => lane.accountId),
        ours.map(({ symbol }) => symbol),
        ours.map(({ positionSide }) => positionSide),
        ours.map(({ leverage }) => leverage),
        ours.map(({ marginMode }) => marginMode),
      ],
    )
    // Both sides of a hedged account share them.
    await tx.query(
      `UPDATE position SET leverage = coalesce(x.l, leverage), margin_mode = coalesce(x.m, margin_mode)
         FROM unnest($1::uuid[], $2::text[], $3::int[], $4::text[]) AS x(a, s, l, m)
        WHERE account_id = x.a AND symbol = x.s AND (leverage, margin_mode) IS DISTINCT FROM (coalesce(x.l, leverage), coalesce(x.m, margin_mode))`,
      [
        ours.map(({ lane }) => lane.accountId),
        ours.map(({ symbol }) => symbol),
        ours.map(({ leverage }) => leverage),
        ours.map(({ marginMode }) => marginMode),
      ],
    )
    return lanes
  })
  return prepared.map(({ lane }) => (held.has(lane) ? 'recorded' : 'lost'))
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
