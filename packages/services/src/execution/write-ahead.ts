import { hash } from 'node:crypto'
import type { Transaction } from '@matic/db'
import type { OrderRequest, Signing } from '@matic/exchange/port'
import { plainOrNull } from '../plain.ts'
import type { ChosenOrder } from './choose-next.ts'
import type { ExecutionContext } from './context.ts'
import type { HeldLane } from './lane.ts'
import type { LaneOrder } from './lane-view.ts'
import { isClose, isTrigger } from './rows.ts'

/** A committed attempt: the only thing that may be sent. */
export interface Send {
  readonly lane: HeldLane
  readonly order: LaneOrder
  readonly attempt: { readonly id: string; readonly number: number; readonly createdAtMs: number }
  readonly request: OrderRequest
  readonly signing: Signing
}

/**
 * Writes down what is about to be sent. The lanes' leases were renewed in this transaction at `nowMs` (database time), which is also what the
 * requests are signed with: when a lease is over, nothing its owner could still send is accepted.
 */
export async function writeAhead(
  tx: Transaction,
  ctx: ExecutionContext,
  chosen: readonly { lane: HeldLane; pick: ChosenOrder }[],
  nowMs: number,
): Promise<Send[]> {
  if (chosen.length === 0) return []
  const sends = chosen.map(({ lane, pick }): Send => {
    const request = requestFor(ctx, pick)
    const signing = { timestampMs: ctx.clocks.toExchangeMs(lane.exchange, nowMs), recvWindowMs: ctx.timings.recvWindowMs }
    return { lane, order: pick.order, attempt: { id: ctx.newId(), number: 0, createdAtMs: nowMs }, request, signing }
  })

  const attempts = tx.query<{ orderId: string; number: number }>(
    `INSERT INTO attempt (id, order_id, account_id, user_id, number, client_order_id, signed_at_ms, recv_window_ms, fence, payload_hash, quantity_base, next_lookup_at, created_at)
     SELECT x.id, x.o, x.a, x.u, 1 + coalesce((SELECT max(number) FROM attempt WHERE order_id = x.o), 0), x.cid, x.t, x.w, x.f, x.h, x.q,
            to_timestamp($11 / 1000.0), to_timestamp($12 / 1000.0)
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::int[], $8::bigint[], $9::bytea[], $10::numeric[])
         AS x(id, o, a, u, cid, t, w, f, h, q)
     RETURNING order_id AS "orderId", number`,
    [
      sends.map((send) => send.attempt.id),
      sends.map((send) => send.order.id),
      sends.map((send) => send.lane.accountId),
      sends.map((send) => send.lane.userId),
      sends.map((send) => send.request.clientOrderId),
      sends.map((send) => send.signing.timestampMs),
      sends.map((send) => send.signing.recvWindowMs),
      sends.map((send) => send.lane.fence),
      sends.map((send) => hash('sha256', JSON.stringify(send.request), 'buffer')),
      sends.map((send) => send.request.quantityBase),
      nowMs + (ctx.timings.lookupDelaysMs[0] ?? ctx.timings.lookupEveryMs),
      nowMs,
    ],
  )
  const orders = tx.query(
    `UPDATE trade_order o SET state = 'SUBMITTING', side = x.side, submitted_at = coalesce(o.submitted_at, to_timestamp($3 / 1000.0)), tries = o.tries + 1, version = o.version + 1
       FROM unnest($1::uuid[], $2::text[]) AS x(id, side) WHERE o.id = x.id`,
    [sends.map((send) => send.order.id), sends.map((send) => send.request.side), nowMs],
  )
  const lanes = tx.query('UPDATE lane SET is_calm = false WHERE account_id = ANY($1::uuid[]) AND is_calm', [
    sends.map((send) => send.lane.accountId),
  ])
  const [numbers] = await Promise.all([attempts, orders, lanes])
  const numberOf = new Map(numbers.map((row) => [row.orderId, row.number]))
  return sends.map((send) => ({ ...send, attempt: { ...send.attempt, number: numberOf.get(send.order.id) ?? 1 } }))
}

function requestFor(ctx: ExecutionContext, { order, side, quantityBase, crosses = false }: ChosenOrder): OrderRequest {
  const closePosition = isTrigger(order) && quantityBase === null
  return {
    clientOrderId: ctx.sabotage.randomClientId ? ctx.clientOrderId(ctx.newId()) : order.clientOrderId,
    symbol: order.symbol,
    side,
    positionSide: order.positionSide,
    type: order.type,
    quantityBase: plainOrNull(quantityBase),
    price: plainOrNull(order.price),
    triggerPrice: plainOrNull(order.triggerPrice),
    callbackPercent: plainOrNull(order.callbackPercent),
    reduceOnly: !closePosition && order.leg !== 'open' && !crosses && !(ctx.sabotage.closeNotReduceOnly && isClose(order)),
    closePosition,
  }
}
