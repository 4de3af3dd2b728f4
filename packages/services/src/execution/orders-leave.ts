import type { Queryable } from '@matic/db'

/** Something was sent to an exchange and its answer is not written down yet. */
export async function ordersLeave({ db }: { db: Queryable }): Promise<boolean> {
  const rows = await db.query(`SELECT 1 FROM trade_order WHERE state = 'SUBMITTING' LIMIT 1`)
  return rows.length > 0
}
