import {
  REASONS,
  reasonText,
  WORKING_STATES,
  type OrderState,
  type OrderView,
  type PageMeta,
  type ReasonCode,
  type ReasonNumbers,
} from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { isoOrNull, plain, plainOrNull } from '../plain.ts'
import { findAccount } from './accounts.ts'

export interface OrderColumns {
  id: string
  accountId: string
  signalId: string | null
  symbol: string
  leg: string
  side: 'buy' | 'sell'
  type: string
  quantityBase: string | null
  filledBase: string
  price: string | null
  triggerPrice: string | null
  averagePrice: string | null
  reduceOnly: boolean
  state: OrderState
  reason: string | null
  reasonNumbers: ReasonNumbers | null
  clientOrderId: string
  exchangeOrderId: string | null
  createdAt: Date
  submittedAt: Date | null
  ackedAt: Date | null
  filledAt: Date | null
  protectedAt: Date | null
  endedAt: Date | null
  version: number
}

export const ORDER_VIEW_COLUMNS = `
  o.id, o.account_id AS "accountId", o.signal_id AS "signalId", o.symbol, o.leg, o.side, o.type, o.quantity_base AS "quantityBase", o.filled_base AS "filledBase",
  o.price, o.trigger_price AS "triggerPrice", o.average_price AS "averagePrice", o.reduce_only AS "reduceOnly", o.state, o.reason, o.reason_numbers AS "reasonNumbers",
  o.client_order_id AS "clientOrderId", o.exchange_order_id AS "exchangeOrderId", o.created_at AS "createdAt", o.submitted_at AS "submittedAt",
  o.acked_at AS "ackedAt", o.filled_at AS "filledAt", o.protected_at AS "protectedAt", o.ended_at AS "endedAt", o.version`

interface ListInput {
  readonly userId: string
  readonly accountId: string | undefined
  readonly state: 'working' | 'all'
  readonly page: number
  readonly limit: number
}

/** Newest first. @throws AppError NO_ACCOUNT */
export async function listOrders({ db, input }: { db: Queryable; input: ListInput }): Promise<{ orders: OrderView[]; meta: PageMeta }> {
  const account = await findAccount({ db, input })
  const states = input.state === 'working' ? [...WORKING_STATES] : null
  const where = 'o.account_id = $1 AND ($2::text[] IS NULL OR o.state = ANY($2))'
  const [[count], rows] = await Promise.all([
    db.query<{ total: string }>(`SELECT count(*) AS total FROM trade_order o WHERE ${where}`, [account.id, states]),
    db.query<OrderColumns>(
      `SELECT ${ORDER_VIEW_COLUMNS} FROM trade_order o WHERE ${where} ORDER BY o.created_at DESC, o.id DESC LIMIT $3 OFFSET $4`,
      [account.id, states, input.limit, (input.page - 1) * input.limit],
    ),
  ])
  return { orders: rows.map(orderView), meta: { page: input.page, limit: input.limit, total: Number(count?.total ?? 0) } }
}

export async function ordersOfSignals({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; signalIds: readonly string[] }
}): Promise<OrderView[]> {
  const rows = await db.query<OrderColumns>(
    `SELECT ${ORDER_VIEW_COLUMNS} FROM trade_order o WHERE o.user_id = $1 AND o.signal_id = ANY($2::uuid[]) ORDER BY o.created_at, o.priority, o.id`,
    [input.userId, input.signalIds],
  )
  return rows.map(orderView)
}

export async function findOrder({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; orderId: string }
}): Promise<OrderView | undefined> {
  const [row] = await db.query<OrderColumns>(`SELECT ${ORDER_VIEW_COLUMNS} FROM trade_order o WHERE o.user_id = $1 AND o.id = $2`, [
    input.userId,
    input.orderId,
  ])
  return row && orderView(row)
}

/** The sentence for a stored reason; a code this process does not know stays visible. */
export function sentenceFor(reason: string | null, numbers: ReasonNumbers | null): string | null {
  if (reason === null) return null
  return isReason(reason) ? reasonText(reason, tidyNumbers(numbers ?? {})) : reason
}

/** Numeric columns leave zeros behind that nobody reads. */
export function tidyNumbers(numbers: ReasonNumbers): ReasonNumbers {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [name, typeof value === 'string' && /^-?\d+\.\d*0$/.test(value) ? plain(value) : value]),
  )
}

function isReason(text: string): text is ReasonCode {
  return Object.hasOwn(REASONS, text)
}

export function orderView({ quantityBase, filledBase, reasonNumbers, ...row }: OrderColumns): OrderView {
  return {
    ...row,
    quantity: plainOrNull(quantityBase),
    filled: plain(filledBase),
    price: plainOrNull(row.price),
    triggerPrice: plainOrNull(row.triggerPrice),
    averagePrice: plainOrNull(row.averagePrice),
    reasonText: sentenceFor(row.reason, reasonNumbers),
    createdAt: row.createdAt.toISOString(),
    submittedAt: isoOrNull(row.submittedAt),
    ackedAt: isoOrNull(row.ackedAt),
    filledAt: isoOrNull(row.filledAt),
    protectedAt: isoOrNull(row.protectedAt),
    endedAt: isoOrNull(row.endedAt),
  }
}
