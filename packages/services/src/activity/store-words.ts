import type { Db, Transaction } from '@matic/db'

const BATCH = 1_000

/** What a fact says, in the words of the log or nearly so: kinds and states without their hyphens and underscores. */
export function wordsOf(fact: string): string {
  return `lower(translate(${fact}.kind || ' ' || ${fact}.payload::text, '-_', '  '))`
}

interface Mark {
  readonly doneTo: string
  readonly nextTo: string
  readonly isSettled: boolean
}

/**
 * Stores the words of the next facts for being searched. Facts become visible in another order than that of their ids: those up to an id
 * are taken once every transaction is over that ran when it was the highest, so that none is passed by.
 * @returns true when there are more to be taken at once
 */
export async function storeWords({ db }: { db: Db }): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [mark] = await tx.query<Mark>(
      // A backup brings marks of another server, that counts its transactions anew: what ran there at the time is not in it.
      `SELECT m.done_to AS "doneTo", m.next_to AS "nextTo",
              m.next_xid NOT BETWEEN pg_snapshot_xmin(now.s)::text::bigint + 1 AND pg_snapshot_xmax(now.s)::text::bigint AS "isSettled"
         FROM fact_words_mark m, (SELECT pg_current_snapshot() AS s) AS now FOR UPDATE OF m`,
    )
    if (mark === undefined || !mark.isSettled) return false
    const doneTo = mark.doneTo === mark.nextTo ? mark.doneTo : await takeBatch(tx, mark)
    const isThere = doneTo === mark.nextTo
    await tx.query(
      `UPDATE fact_words_mark SET done_to = $1::bigint, next_to = CASE WHEN $2 THEN greatest($1::bigint, (SELECT max(id) FROM fact)) ELSE next_to END,
              next_xid = CASE WHEN $2 THEN pg_snapshot_xmax(pg_current_snapshot())::text::bigint ELSE next_xid END`,
      [doneTo, isThere],
    )
    return !isThere
  })
}

/** @returns the id up to which words are stored */
async function takeBatch(tx: Transaction, { doneTo, nextTo }: Mark): Promise<string> {
  const [taken] = await tx.query<{ count: number; last: string | null }>(
    `WITH batch AS MATERIALIZED (SELECT id, user_id, level, ${wordsOf('f')} AS words FROM fact f WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3),
     stored AS (
       INSERT INTO fact_words (fact_id, user_id, words) SELECT id, user_id, words FROM batch WHERE level IS NOT NULL AND user_id IS NOT NULL
       ON CONFLICT DO NOTHING)
     SELECT count(*)::int AS count, max(id) AS last FROM batch`,
    [doneTo, nextTo, BATCH],
  )
  return taken === undefined || taken.last === null || taken.count < BATCH ? nextTo : taken.last
}
