import type { NewFact, Transaction } from '@matic/db'
import type { OrderRow } from './rows.ts'
import type { Ending } from './veto.ts'

/** Ends READY orders that will not be sent. @returns facts to record last */
export async function endOrders(tx: Transaction, endings: readonly Ending[]): Promise<NewFact[]> {
  if (endings.length === 0) return []
  await tx.query(
    `UPDATE trade_order o SET state = e.state, reason = e.reason, reason_numbers = e.numbers::jsonb, ended_at = clock_timestamp(), version = o.version + 1
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS e(id, state, reason, numbers)
      WHERE o.id = e.id AND o.state = 'READY'`,
    [
      endings.map((ending) => ending.order.id),
      endings.map((ending) => ending.state),
      endings.map((ending) => ending.reason),
      endings.map((ending) => JSON.stringify(ending.numbers)),
    ],
  )
  return endings.map((ending) => orderFact(ending.order, { state: ending.state, reason: ending.reason }))
}

export interface OrderNews {
  state: string
  reason?: string | null
  filledBase?: string
  averagePrice?: string | null
}

export function orderFact(
  order: Pick<OrderRow, 'id' | 'userId' | 'accountId' | 'signalId' | 'symbol' | 'leg' | 'side'>,
  news: OrderNews,
): NewFact {
  const { accountId, signalId, symbol, leg, side } = order
  return {
    userId: order.userId,
    kind: 'order-changed',
    entity: 'order',
    entityId: order.id,
    payload: { accountId, signalId, symbol, leg, side, ...news },
  }
}
