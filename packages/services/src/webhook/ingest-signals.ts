import type { Alert, SignalSource } from '@matic/contracts'
import type { Db } from '@matic/db'

/** What came in and what we understood of it, before it is known to be new. */
export interface NewSignal {
  /** Rises with the order of arrival. */
  readonly id: string
  readonly userId: string
  readonly source: SignalSource
  /** Webhook id for WEBHOOK, TEST and REPLAY, account id for MANUAL. */
  readonly sourceId: string
  readonly receivedAtMs: number
  readonly rawBody: Uint8Array
  readonly alert: Alert
  readonly requestId: string | null
  /** Null where nothing was delivered to a webhook. */
  readonly deliveryId: string | null
}

export interface IngestedSignal {
  /** The earlier signal's id for a duplicate. */
  readonly signalId: string
  readonly duplicate: boolean
}

export interface Acknowledgement {
  readonly deliveryId: string
  readonly atMs: number
}

interface Batch {
  readonly db: Db
  readonly signals: readonly NewSignal[]
  readonly acknowledged: readonly Acknowledgement[]
  readonly seenWebhooks: readonly string[]
  readonly dedupeWindowMs: number
}

/** One round trip, one commit: when it resolves, every signal of the batch is stored for good. */
export async function ingestSignals({ db, signals, acknowledged, seenWebhooks, dedupeWindowMs }: Batch): Promise<IngestedSignal[]> {
  const { rows } = await db.pool.query<{ signal_id: string; duplicate: boolean }>({
    name: 'ingest-signals',
    text: 'SELECT signal_id, duplicate FROM ingest_signals($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ORDER BY ordinal',
    values: [
      signals.map((signal) => signal.id),
      signals.map((signal) => signal.userId),
      signals.map((signal) => signal.source),
      signals.map((signal) => signal.sourceId),
      signals.map((signal) => isoTime(signal.receivedAtMs)),
      signals.map((signal) => signal.rawBody),
      signals.map((signal) => signal.alert.idempotencyKey),
      signals.map((signal) => signal.alert.ticker),
      signals.map((signal) => (signal.alert.alertAtMs === null ? null : isoTime(signal.alert.alertAtMs))),
      signals.map((signal) => JSON.stringify(signal.alert)),
      signals.map((signal) => signal.requestId),
      signals.map((signal) => signal.deliveryId),
      acknowledged.map((answer) => answer.deliveryId),
      acknowledged.map((answer) => isoTime(answer.atMs)),
      seenWebhooks,
      dedupeWindowMs,
    ],
  })
  return rows.map((row) => ({ signalId: row.signal_id, duplicate: row.duplicate }))
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
