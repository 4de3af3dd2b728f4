import type { Alert } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'

/** A signal for one follow alone. */
export interface FollowSignal {
  readonly userId: string
  readonly followId: string
  readonly rawBody: Uint8Array
  readonly alert: Alert
  readonly requestId: string | null
}

/** Stored with what asks for them, each idempotency key of a follow once. Ring for `dispatch` once it is committed. */
export async function insertFollowSignals(tx: Transaction, ctx: ServiceContext, signals: readonly FollowSignal[]): Promise<void> {
  if (signals.length === 0) return
  await tx.query(
    `INSERT INTO signal (id, user_id, source, source_id, received_at, raw_body, body_hash, idempotency_key, ticker, alert_at, alert, request_id)
     SELECT id, u, 'FOLLOW', f, to_timestamp($9::float8 / 1000), b, sha256(b), k, t, to_timestamp($9::float8 / 1000), a::jsonb, r
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[]) AS x(id, u, f, b, k, t, a, r) ON CONFLICT DO NOTHING`,
    [
      signals.map(() => ctx.newId()),
      signals.map(({ userId }) => userId),
      signals.map(({ followId }) => followId),
      signals.map(({ rawBody }) => rawBody),
      signals.map(({ alert }) => alert.idempotencyKey),
      signals.map(({ alert }) => alert.ticker),
      signals.map(({ alert }) => JSON.stringify(alert)),
      signals.map(({ requestId }) => requestId),
      ctx.clock.now(),
    ],
  )
}
