import { AppError, type CopyDecisionView, type PageMeta, type ReasonNumbers } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { ordersOfSignals, sentenceFor, tidyNumbers } from '../trading/orders.ts'
import { tellsOfCopying } from './tells-of-copying.ts'

interface Input {
  readonly userId: string
  readonly followId: string
  readonly outcome: 'copied' | 'not-copied' | undefined
  readonly page: number
  readonly limit: number
}

interface Row extends Omit<CopyDecisionView, 'decidedAt' | 'numbers' | 'reasonText' | 'orders'> {
  readonly accountId: string
  readonly decidedAt: Date
  readonly numbers: ReasonNumbers
}

const DECISIONS = `decision d JOIN signal s ON s.id = d.signal_id
  WHERE d.user_id = $1 AND d.route_id = $2 AND ($3::boolean IS NULL OR (d.outcome = 'ORDERS') = $3) AND ${tellsOfCopying('d')}`

/** Newest first. @throws AppError NOT_FOUND */
export async function listCopyDecisions({
  db,
  input,
}: {
  db: Queryable
  input: Input
}): Promise<{ decisions: CopyDecisionView[]; meta: PageMeta }> {
  const { userId, followId, outcome, page, limit } = input
  const [follow] = await db.query<{ routeId: string }>('SELECT route_id AS "routeId" FROM follow WHERE id = $1 AND user_id = $2', [
    followId,
    userId,
  ])
  if (!follow) throw new AppError('NOT_FOUND', 'There is no such follow')
  const values = [userId, follow.routeId, outcome === undefined ? null : outcome === 'copied']
  const [[count], rows] = await Promise.all([
    db.query<{ total: number }>(`SELECT count(*)::int AS total FROM ${DECISIONS}`, values),
    db.query<Row>(
      `SELECT d.id, d.signal_id AS "signalId", d.account_id AS "accountId", d.outcome, d.intent, d.reason, d.numbers, d.symbol, d.decided_at AS "decidedAt",
              greatest(0, round(extract(epoch FROM d.decided_at - s.received_at) * 1000))::int AS "tookMs"
         FROM ${DECISIONS} ORDER BY d.decided_at DESC, d.id DESC LIMIT $4 OFFSET $5`,
      [...values, limit, (page - 1) * limit],
    ),
  ])
  const orders = await ordersOfSignals({ db, input: { userId, signalIds: rows.map(({ signalId }) => signalId) } })
  const decisions = rows.map(({ accountId, ...row }): CopyDecisionView => ({
    ...row,
    decidedAt: row.decidedAt.toISOString(),
    numbers: tidyNumbers(row.numbers),
    reasonText: sentenceFor(row.reason, row.numbers),
    orders: orders.filter((order) => order.signalId === row.signalId && order.accountId === accountId),
  }))
  return { decisions, meta: { page, limit, total: count?.total ?? 0 } }
}
