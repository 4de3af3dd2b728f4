import type { Queryable } from '@matic/db'

/** Something was sent to an exchange and its answer is not written down yet. */
export async function ordersLeave({ db }: { db: Queryable }): Promise<boolean> {
  const rows = await db.query(`SELECT 1 FROM trade_order WHERE state = 'SUBMITTING' LIMIT 1`)
  return rows.length > 0
}

/** More orders of a signal that reaches many are coming: some of its decisions are stored, not all. */
export async function isFanOutBeingDecided({ db }: { db: Queryable }): Promise<boolean> {
  const rows = await db.query(
    `SELECT 1 FROM signal s WHERE s.state = 'RECEIVED' AND EXISTS (SELECT 1 FROM decision d WHERE d.signal_id = s.id) LIMIT 1`,
  )
  return rows.length > 0
}
