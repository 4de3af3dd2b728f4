import type { SignalSource } from '@matic/contracts'
import type { Transaction } from '@matic/db'

/** A stored signal once more, as one of its own. */
export interface Repeat {
  readonly id: string
  readonly originId: string
  readonly userId: string
  readonly source: SignalSource
  readonly sourceId: string
  readonly receivedAt: Date
  /** What follows it reaches goes by this; now where there is none. */
  readonly committedAt?: Date
  /** The alert with what is different this time (contracts: Alert). */
  readonly alert: unknown
  readonly requestId: string | null
}

/** Stored beside the door: the text is not taken for the sender's, so that a genuine alert that says the same is new. */
export async function repeatSignals(tx: Transaction, repeats: readonly Repeat[]): Promise<void> {
  if (repeats.length === 0) return
  await tx.query(
    `INSERT INTO signal (id, user_id, source, source_id, received_at, committed_at, raw_body, body_hash, ticker, alert, request_id)
     SELECT x.i, x.u, x.so, x.s, x.at, coalesce(x.ca, clock_timestamp()), o.raw_body, sha256(uuid_send(x.i)), o.ticker, x.al::jsonb, x.rq
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[], $7::text[], $8::text[], $9::timestamptz[])
              AS x(i, og, u, so, s, at, al, rq, ca)
       JOIN signal o ON o.id = x.og`,
    [
      repeats.map(({ id }) => id),
      repeats.map(({ originId }) => originId),
      repeats.map(({ userId }) => userId),
      repeats.map(({ source }) => source),
      repeats.map(({ sourceId }) => sourceId),
      repeats.map(({ receivedAt }) => receivedAt),
      repeats.map(({ alert }) => JSON.stringify(alert)),
      repeats.map(({ requestId }) => requestId),
      repeats.map(({ committedAt }) => committedAt ?? null),
    ],
  )
}
