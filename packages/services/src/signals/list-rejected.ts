import type { PageMeta, RejectedView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { bodyView } from './body-view.ts'
import { findEntries } from './find-entries.ts'
import { takeOut } from './hide-secrets.ts'
import { knownSecrets } from './known-secrets.ts'

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
}): Promise<{ deliveries: RejectedView[]; meta: PageMeta }> {
  const { userId, page, limit } = input
  const { entries, total } = await findEntries({ db, input: { userId, kind: 'rejected', page, limit } })
  return { deliveries: await readRejected({ db, input: { userId, ids: entries.map(({ id }) => id) } }), meta: { page, limit, total } }
}

/** Newest first. */
export async function readRejected({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; ids: readonly string[] }
}): Promise<RejectedView[]> {
  if (input.ids.length === 0) return []
  const rows = await db.query<Row>(
    `SELECT id, received_at AS "receivedAt", error_code AS "errorCode", details ->> 'message' AS message, raw_body AS "rawBody"
       FROM delivery WHERE user_id = $1 AND id = ANY($2::uuid[]) AND outcome = 'REJECTED' ORDER BY received_at DESC, id DESC`,
    [input.userId, input.ids],
  )
  const isKnown = await knownSecrets({ db, input })
  return rows.map((row) => {
    const { text, secrets } = bodyView(row.rawBody ?? Buffer.alloc(0), isKnown)
    return {
      ...row,
      kind: 'rejected',
      receivedAt: row.receivedAt.toISOString(),
      message: takeOut(row.message ?? '', secrets),
      rawBody: text,
    }
  })
}
