import type { Queryable } from '@matic/db'

const INDEXES = ['signal_body_idx', 'delivery_body_idx', 'fact_words_words_idx']

/**
 * Moves new rows from the lists beside the search indexes into them. Searches find them before that too, only slower: so it is done here and
 * never by the commit of an alert.
 */
export async function indexWords({ db }: { db: Queryable }): Promise<void> {
  await db.query(
    `SELECT gin_clean_pending_list(c.oid::regclass) FROM pg_class c
      WHERE c.relname = ANY($1) AND c.relnamespace = current_schema()::regnamespace AND pg_has_role(c.relowner, 'USAGE')`,
    [INDEXES],
  )
}
