import type { Alert } from '@matic/contracts'
import type { NewFact, Transaction } from '@matic/db'

/** What a leader's account did, as a signal to be. */
export interface MirrorSignal {
  readonly id: string
  readonly userId: string
  /** Whose followers hear of it. */
  readonly source: 'WEBHOOK' | 'MANUAL' | 'ACCOUNT'
  readonly sourceId: string
  readonly alert: Alert
  /** What was seen, for people who ask why. */
  readonly seen: Readonly<Record<string, unknown>>
}

/** Stored beside the door, in the transaction of what they tell of. Their order is that of the list. */
export async function insertSignals(tx: Transaction, signals: readonly MirrorSignal[]): Promise<NewFact[]> {
  if (signals.length === 0) return []
  await tx.query(
    `INSERT INTO signal (id, user_id, source, source_id, received_at, committed_at, raw_body, body_hash, idempotency_key, ticker, alert_at, alert)
     SELECT i, u, so, s, clock_timestamp() + (n - 1) * interval '1 millisecond', clock_timestamp(), b, sha256(b), al->>'idempotencyKey', al->>'ticker',
            to_timestamp((al->>'alertAtMs')::float8 / 1000.0), al
       FROM (SELECT i, u, so, s, convert_to(t, 'UTF8') AS b, j::jsonb AS al, n
               FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[]) WITH ORDINALITY AS x(i, u, so, s, t, j, n)) AS q`,
    [
      signals.map(({ id }) => id),
      signals.map(({ userId }) => userId),
      signals.map(({ source }) => source),
      signals.map(({ sourceId }) => sourceId),
      signals.map(({ seen }) => JSON.stringify(seen)),
      signals.map(({ alert }) => JSON.stringify(alert)),
    ],
  )
  return signals.map(({ id, userId, source, sourceId, alert: { ticker, action, marketPosition } }) => ({
    userId,
    kind: 'signal-received',
    entity: 'signal',
    entityId: id,
    payload: { source, sourceId, ticker, action, marketPosition },
  }))
}
