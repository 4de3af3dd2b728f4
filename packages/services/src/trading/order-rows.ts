import { AppError, isTerminal, ORDER_STATES, type OrderDetails, type OrderRow, type PageMeta } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { Exact } from '@matic/domain'
import { CSV_ROWS, toCsv } from '../csv.ts'
import { isoOrNull, plain, plainOrNull } from '../plain.ts'
import { ORDER_VIEW_COLUMNS, orderView, type OrderColumns } from './orders.ts'

/** open rests as it is, conditional waits for a price, over is done. */
type Kind = 'open' | 'conditional' | 'all' | 'over'

interface OrderFilter {
  readonly userId: string
  readonly kind: Kind
  readonly accountId?: string | undefined
  readonly symbol?: string | undefined
  readonly side?: 'buy' | 'sell' | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

interface Row extends OrderColumns {
  accountLabel: string
  fee: string | null
  feeCurrency: string | null
  reference: string | null
}

const TERMINAL = ORDER_STATES.filter(isTerminal)

/** The price it was sized at: of a stop or target its trigger, of an open the one its decision reckoned with. */
const COLUMNS = `${ORDER_VIEW_COLUMNS}, a.label AS "accountLabel", f.fee, f.currency AS "feeCurrency",
  CASE WHEN o.trigger_price IS NOT NULL THEN o.trigger_price WHEN o.leg = 'open' AND d.numbers ->> 'price' ~ '^[0-9.]+$' THEN (d.numbers ->> 'price')::numeric END AS reference`

const TABLES = `trade_order o JOIN account a ON a.id = o.account_id LEFT JOIN decision d ON d.id = o.decision_id
  LEFT JOIN LATERAL (SELECT sum(fee) AS fee, min(fee_currency) AS currency FROM fill WHERE order_id = o.id) AS f ON true`

const WHERE = `o.user_id = $1 AND ($2::uuid IS NULL OR o.account_id = $2) AND ($3::text IS NULL OR o.symbol = $3) AND ($4::text IS NULL OR o.side = $4)
  AND ($5::timestamptz IS NULL OR o.created_at >= $5) AND ($6::timestamptz IS NULL OR o.created_at < $6)
  AND (o.state = ANY($7::text[])) = ($8 = 'over') AND ($8 IN ('all', 'over') OR ($8 = 'open') = (o.type IN ('market', 'limit')))`

function valuesOf({ userId, accountId, symbol, side, from, to, kind }: OrderFilter): unknown[] {
  return [userId, accountId ?? null, symbol ?? null, side ?? null, from ?? null, to ?? null, TERMINAL, kind]
}

/** Newest first. */
export async function listOrderRows({
  db,
  input,
}: {
  db: Queryable
  input: OrderFilter & { page: number; limit: number }
}): Promise<{ orders: OrderRow[]; meta: PageMeta }> {
  const { page, limit } = input
  const [[count], rows] = await Promise.all([
    db.query<{ total: string }>(`SELECT count(*) AS total FROM trade_order o WHERE ${WHERE}`, valuesOf(input)),
    db.query<Row>(`SELECT ${COLUMNS} FROM ${TABLES} WHERE ${WHERE} ORDER BY o.created_at DESC, o.id DESC LIMIT $9 OFFSET $10`, [
      ...valuesOf(input),
      limit,
      (page - 1) * limit,
    ]),
  ])
  return { orders: rows.map(rowView), meta: { page, limit, total: Number(count?.total ?? 0) } }
}

const HEADER = [
  'created (UTC)',
  'account',
  'symbol',
  'leg',
  'side',
  'type',
  'quantity',
  'filled',
  'price',
  'trigger price',
  'average price',
  'fee',
  'fee currency',
  'slippage %',
  'state',
  'reason',
  'ended (UTC)',
  'client order id',
  'exchange order id',
]

/** Oldest first. */
export async function exportOrderRows({ db, input }: { db: Queryable; input: OrderFilter }): Promise<string> {
  const rows = await db.query<Row>(
    `SELECT ${COLUMNS} FROM ${TABLES} WHERE ${WHERE} ORDER BY o.created_at, o.id LIMIT ${CSV_ROWS}`,
    valuesOf(input),
  )
  const lines = rows
    .map(rowView)
    .map((order) => [
      order.createdAt,
      order.accountLabel,
      order.symbol,
      order.leg,
      order.side,
      order.type,
      order.quantity,
      order.filled,
      order.price,
      order.triggerPrice,
      order.averagePrice,
      order.fee,
      order.feeCurrency,
      order.slippagePercent,
      order.state,
      order.reasonText,
      order.endedAt,
      order.clientOrderId,
      order.exchangeOrderId,
    ])
  return toCsv(HEADER, lines)
}

interface FillRow {
  tradeId: string
  side: 'buy' | 'sell'
  quantity: string
  price: string
  fee: string
  feeCurrency: string
  at: Date
}

interface AttemptRow {
  number: number
  state: string
  answerCode: string | null
  answerText: string | null
  createdAt: Date
  resolvedAt: Date | null
}

/** One order, what it executed and every request made for it. @throws AppError ORDER_NOT_FOUND */
export async function getOrder({ db, input }: { db: Queryable; input: { userId: string; orderId: string } }): Promise<OrderDetails> {
  const { userId, orderId } = input
  const [[row], fills, attempts] = await Promise.all([
    db.query<Row>(`SELECT ${COLUMNS} FROM ${TABLES} WHERE o.user_id = $1 AND o.id = $2`, [userId, orderId]),
    db.query<FillRow>(
      `SELECT trade_id AS "tradeId", side, quantity_base AS quantity, price, fee, fee_currency AS "feeCurrency", at FROM fill WHERE user_id = $1 AND order_id = $2 ORDER BY at, trade_id`,
      [userId, orderId],
    ),
    db.query<AttemptRow>(
      `SELECT number, state, answer_code AS "answerCode", answer_text AS "answerText", created_at AS "createdAt", resolved_at AS "resolvedAt"
         FROM attempt WHERE user_id = $1 AND order_id = $2 ORDER BY number`,
      [userId, orderId],
    ),
  ])
  if (!row) throw new AppError('ORDER_NOT_FOUND', 'There is no such order')
  return {
    ...rowView(row),
    fills: fills.map((fill) => ({
      ...fill,
      quantity: plain(fill.quantity),
      price: plain(fill.price),
      fee: plain(fill.fee),
      at: fill.at.toISOString(),
    })),
    attempts: attempts.map((attempt) => ({
      ...attempt,
      createdAt: attempt.createdAt.toISOString(),
      resolvedAt: isoOrNull(attempt.resolvedAt),
    })),
  }
}

function rowView({ accountLabel, fee, feeCurrency, reference, ...columns }: Row): OrderRow {
  return {
    ...orderView(columns),
    accountLabel,
    fee: plainOrNull(fee),
    feeCurrency,
    slippagePercent: slippage(columns.side, columns.averagePrice, reference),
  }
}

/** Percent of the reference; above zero is worse for whoever ordered. */
function slippage(side: 'buy' | 'sell', averagePrice: string | null, reference: string | null): string | null {
  if (averagePrice === null || reference === null || !new Exact(reference).gt(0)) return null
  const dearer = new Exact(averagePrice).sub(reference).div(reference).mul(100)
  return (side === 'buy' ? dearer : dearer.neg()).toDecimalPlaces(4).toFixed()
}
