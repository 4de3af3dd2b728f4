import type { PageMeta } from '@matic/contracts'
import type { Queryable } from '@matic/db'

interface RejectedDelivery {
  id: string
  receivedAt: string
  errorCode: string | null
  /** What to fix. */
  message: string
  rawBody: string
}

interface Row {
  id: string
  receivedAt: Date
  errorCode: string | null
  message: string | null
  rawBody: Buffer | null
}

/** Deliveries that made no signal, newest first. */
export async function listRejected({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; page: number; limit: number }
}): Promise<{ deliveries: RejectedDelivery[]; meta: PageMeta }> {
  const { userId, page, limit } = input
  const [[count], rows] = await Promise.all([
    db.query<{ total: string }>(`SELECT count(*) AS total FROM delivery WHERE user_id = $1 AND outcome = 'REJECTED'`, [userId]),
    db.query<Row>(
      `SELECT id, received_at AS "receivedAt", error_code AS "errorCode", details ->> 'message' AS message, raw_body AS "rawBody"
         FROM delivery WHERE user_id = $1 AND outcome = 'REJECTED' ORDER BY received_at DESC, id DESC LIMIT $2 OFFSET $3`,
      [userId, limit, (page - 1) * limit],
    ),
  ])
  const deliveries = rows.map((row) => ({
    ...row,
    receivedAt: row.receivedAt.toISOString(),
    message: row.message ?? '',
    rawBody: row.rawBody?.toString('utf8') ?? '',
  }))
  return { deliveries, meta: { page, limit, total: Number(count?.total ?? 0) } }
}
