import type { OrderLeg, OrderType, ReasonCode, ReasonNumbers, Side } from '@matic/contracts'
import { PRIORITY } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import type { ExecutionContext } from './context.ts'
import { isProtection, ORDER_COLUMNS, positionCause } from './rows.ts'
import type { OrderRow, PositionRow } from './rows.ts'

export interface PositionOrder {
  readonly position: PositionRow
  readonly leg: Extract<OrderLeg, 'stop' | 'target' | 'trailing' | 'emergency' | 'close' | 'reduce'>
  readonly revision: number
  readonly triggerPrice: string | null
  /** Base; null closes whatever is there. */
  readonly quantityBase: string | null
  /** Which of several targets. */
  readonly level: number | null
  readonly callbackPercent: string | null
  readonly notBeforeMs: number | null
  readonly reason: ReasonCode | null
  readonly numbers: ReasonNumbers
}

const TYPES: Record<PositionOrder['leg'], OrderType> = {
  stop: 'stop-market',
  target: 'take-profit-market',
  trailing: 'trailing-stop-market',
  reduce: 'market',
  emergency: 'market',
  close: 'market',
}

/** Orders that a position itself causes; one that exists already stays as it is. */
export async function insertPositionOrders(tx: Transaction, ctx: ExecutionContext, wanted: readonly PositionOrder[]): Promise<OrderRow[]> {
  if (wanted.length === 0) return []
  const rows = wanted.map((order) => ({ ...order, id: ctx.newId(), side: closingSide(order.position) }))
  return tx.query<OrderRow>(
    `INSERT INTO trade_order AS o (id, user_id, account_id, route_id, cause, leg, revision, client_order_id, symbol, side, position_side, type,
                                   trigger_price, quantity_base, level, callback_percent, reduce_only, priority, not_before, reason, reason_numbers)
     SELECT id, u, a, r, c, leg, rev, cid, sym, side, ps, type, tp, qty, lvl, cb, true, prio, to_timestamp(nb / 1000.0), reason, numbers::jsonb
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::int[], $8::text[], $9::text[], $10::text[], $11::text[],
                   $12::text[], $13::numeric[], $14::numeric[], $15::int[], $16::numeric[], $17::int[], $18::float8[], $19::text[], $20::text[])
         AS x(id, u, a, r, c, leg, rev, cid, sym, side, ps, type, tp, qty, lvl, cb, prio, nb, reason, numbers)
     ON CONFLICT DO NOTHING
     RETURNING ${ORDER_COLUMNS}`,
    [
      rows.map((row) => row.id),
      rows.map((row) => row.position.userId),
      rows.map((row) => row.position.accountId),
      rows.map((row) => row.position.routeId),
      rows.map((row) => positionCause(row.position)),
      rows.map((row) => row.leg),
      rows.map((row) => row.revision),
      rows.map((row) => ctx.clientOrderId(row.id)),
      rows.map((row) => row.position.symbol),
      rows.map((row) => row.side),
      rows.map((row) => row.position.positionSide),
      rows.map((row) => TYPES[row.leg]),
      rows.map((row) => row.triggerPrice),
      rows.map((row) => row.quantityBase),
      rows.map((row) => row.level),
      rows.map((row) => row.callbackPercent),
      rows.map((row) => (isProtection(row) ? PRIORITY.protection : PRIORITY.close)),
      rows.map((row) => row.notBeforeMs),
      rows.map((row) => row.reason),
      rows.map((row) => JSON.stringify(row.numbers)),
    ],
  )
}

/** The next try of an order that ended without doing its work; what waited for the old one waits for the new one. */
export async function insertNextRevision(
  tx: Transaction,
  ctx: ExecutionContext,
  order: OrderRow,
  waitMs: number,
): Promise<string | undefined> {
  const id = ctx.newId()
  const rows = await tx.query<{ id: string }>(
    `INSERT INTO trade_order (id, user_id, account_id, route_id, signal_id, decision_id, cause, leg, revision, client_order_id, symbol, side,
                              position_side, type, quantity_base, reduce_fraction, price, reduce_only, priority, not_before)
     SELECT $2, user_id, account_id, route_id, signal_id, decision_id, cause, leg, revision + 1, $3, symbol, side,
            position_side, type, quantity_base, reduce_fraction, price, reduce_only, priority, clock_timestamp() + make_interval(secs => $4)
       FROM trade_order WHERE id = $1
     ON CONFLICT DO NOTHING RETURNING id`,
    [order.id, id, ctx.clientOrderId(id), waitMs / 1000],
  )
  if (rows.length === 0) return undefined
  await tx.query(`UPDATE trade_order SET depends_on_id = $2 WHERE depends_on_id = $1 AND state = 'READY'`, [order.id, id])
  return id
}

function closingSide(position: PositionRow): Side {
  return position.side === 'LONG' ? 'sell' : 'buy'
}
