import type { Db } from '@matic/db'

/** Puts signals that were dealt with back among those that wait, as a restored queue or a second delivery of work would. */
export async function replaySome(db: Db): Promise<number> {
  const rows = await db.query(
    `UPDATE signal SET state = 'RECEIVED'
      WHERE id IN (SELECT id FROM signal WHERE state = 'DISPATCHED' AND received_at > now() - interval '10 seconds' ORDER BY random() LIMIT 2) RETURNING id`,
  )
  return rows.length
}
