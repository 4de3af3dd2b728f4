import type { AttemptView, DeliveryView, FillView, OrderView, ReasonNumbers, TracedOrder } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { isoOrNull, plain } from '../plain.ts'
import { ORDER_VIEW_COLUMNS, orderView, type OrderColumns } from '../trading/orders.ts'

export interface DecisionRow {
  id: string
  routeId: string
  accountId: string
  label: string
  exchange: string
  environment: string
  outcome: 'ORDERS' | 'SKIPPED' | 'BLOCKED'
  intent: string
  reason: string | null
  numbers: ReasonNumbers
  symbol: string | null
  decidedAt: Date
}

interface Of {
  readonly userId: string
  readonly signalId: string
}

export async function decisionsOf(db: Queryable, { userId, signalId }: Of): Promise<DecisionRow[]> {
  return db.query<DecisionRow>(
    `SELECT d.id, d.route_id AS "routeId", d.account_id AS "accountId", a.label, a.exchange, a.environment, d.outcome, d.intent, d.reason, d.numbers, d.symbol,
            d.decided_at AS "decidedAt"
       FROM decision d JOIN account a ON a.id = d.account_id
      WHERE d.user_id = $1 AND d.signal_id = $2 ORDER BY d.decided_at, a.created_at, d.id`,
    [userId, signalId],
  )
}

/** What the signal made: orders of every revision, in the order in which they came about. */
export async function ownOrders(db: Queryable, { userId, signalId }: Of): Promise<(OrderView & { decisionId: string | null })[]> {
  const rows = await db.query<OrderColumns & { decisionId: string | null }>(
    `SELECT ${ORDER_VIEW_COLUMNS}, o.decision_id AS "decisionId" FROM trade_order o
      WHERE o.user_id = $1 AND o.signal_id = $2 AND o.leg NOT IN ('stop', 'target') ORDER BY o.created_at, o.priority, o.id`,
    [userId, signalId],
  )
  return rows.map(({ decisionId, ...row }) => ({ ...orderView(row), decisionId }))
}

/** Stops, targets and emergency closes of the life of the position that this open filled into. */
export async function protectionOf(db: Queryable, { userId, open }: { userId: string; open: OrderView }): Promise<OrderView[]> {
  if (open.filledAt === null) return []
  const rows = await db.query<OrderColumns>(
    `SELECT ${ORDER_VIEW_COLUMNS} FROM trade_order o
      WHERE o.user_id = $1 AND o.account_id = $2 AND o.symbol = $3 AND o.cause = (
        SELECT p.cause FROM trade_order p
         WHERE p.account_id = $2 AND p.symbol = $3 AND p.leg IN ('stop', 'target') AND p.side <> $4 AND (p.ended_at IS NULL OR p.ended_at >= $5)
         ORDER BY (p.created_at < $5::timestamptz) DESC, abs(extract(epoch FROM p.created_at - $5::timestamptz)) LIMIT 1)
      ORDER BY o.created_at, o.priority, o.id`,
    [userId, open.accountId, open.symbol, open.side, open.filledAt],
  )
  return rows.map(orderView)
}

/** With every request made for each order, what the exchange said, and what was executed. */
export async function withRequests(db: Queryable, userId: string, orders: readonly OrderView[]): Promise<TracedOrder[]> {
  const ids = [...new Set(orders.map(({ id }) => id))]
  if (ids.length === 0) return []
  const [attempts, fills] = await Promise.all([attemptsOf(db, userId, ids), fillsOf(db, userId, ids)])
  return orders.map((order) => ({ ...order, attempts: attempts.get(order.id) ?? [], fills: fills.get(order.id) ?? [] }))
}

async function attemptsOf(db: Queryable, userId: string, orderIds: readonly string[]): Promise<Map<string, AttemptView[]>> {
  const rows = await db.query<
    Omit<AttemptView, 'createdAt' | 'resolvedAt'> & { orderId: string; createdAt: Date; resolvedAt: Date | null }
  >(
    `SELECT order_id AS "orderId", number, state, answer_code AS "answerCode", answer_text AS "answerText", created_at AS "createdAt", resolved_at AS "resolvedAt"
       FROM attempt WHERE user_id = $1 AND order_id = ANY($2::uuid[]) ORDER BY number`,
    [userId, orderIds],
  )
  return grouped(rows, ({ orderId: _orderId, ...row }) => ({
    ...row,
    createdAt: row.createdAt.toISOString(),
    resolvedAt: isoOrNull(row.resolvedAt),
  }))
}

async function fillsOf(db: Queryable, userId: string, orderIds: readonly string[]): Promise<Map<string, FillView[]>> {
  const rows = await db.query<Omit<FillView, 'at'> & { orderId: string; at: Date }>(
    `SELECT order_id AS "orderId", trade_id AS "tradeId", side, quantity_base AS quantity, price, fee, fee_currency AS "feeCurrency", at
       FROM fill WHERE user_id = $1 AND order_id = ANY($2::uuid[]) ORDER BY at, trade_id`,
    [userId, orderIds],
  )
  return grouped(rows, ({ orderId: _orderId, ...row }) => ({
    ...row,
    quantity: plain(row.quantity),
    price: plain(row.price),
    fee: plain(row.fee),
    at: row.at.toISOString(),
  }))
}

function grouped<Row extends { orderId: string }, View>(rows: readonly Row[], view: (row: Row) => View): Map<string, View[]> {
  const groups = Map.groupBy(rows, (row) => row.orderId)
  return new Map([...groups].map(([id, own]) => [id, own.map(view)]))
}

export async function deliveriesOf(db: Queryable, { userId, signalId }: Of): Promise<DeliveryView[]> {
  const rows = await db.query<
    Omit<DeliveryView, 'receivedAt' | 'acknowledgedAt' | 'afterMs'> & { receivedAt: Date; acknowledgedAt: Date | null }
  >(
    `SELECT id, outcome, received_at AS "receivedAt", status_code AS "statusCode", acknowledged_at AS "acknowledgedAt", request_id AS "requestId"
       FROM delivery WHERE user_id = $1 AND signal_id = $2 ORDER BY received_at, id`,
    [userId, signalId],
  )
  const firstMs = rows[0]?.receivedAt.getTime() ?? 0
  return rows.map((row) => ({
    ...row,
    receivedAt: row.receivedAt.toISOString(),
    acknowledgedAt: isoOrNull(row.acknowledgedAt),
    afterMs: row.receivedAt.getTime() - firstMs,
  }))
}
