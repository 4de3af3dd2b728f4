import type { Queryable } from '@matic/db'

/** Somebody still sends to the address before the present one: its owner sees when. */
export async function notePreviousToken({ db, input }: { db: Queryable; input: { webhookId: string } }): Promise<void> {
  await db.query(
    `UPDATE webhook SET previous_seen_at = clock_timestamp()
      WHERE id = $1 AND (previous_seen_at IS NULL OR previous_seen_at < clock_timestamp() - interval '10 seconds')`,
    [input.webhookId],
  )
}
