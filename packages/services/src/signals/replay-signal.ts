import { Alert, AppError } from '@matic/contracts'
import type { ServiceContext } from '../context.ts'
import type { SharedCommit } from '../webhook/index.ts'

interface Input {
  readonly userId: string
  readonly signalId: string
  /** One paper account; absent for every one that the webhook reaches. */
  readonly accountId: string | undefined
  readonly requestId: string | null
}

/**
 * A stored alert once more, as a new signal that only paper accounts hear of. It is as young as the replay itself.
 * @throws AppError NOT_FOUND; NO_ACCOUNT without such a paper account; CONFLICT without a webhook; STORAGE_UNAVAILABLE
 */
export async function replaySignal({
  ctx,
  input,
}: {
  ctx: ServiceContext & { readonly ingest: SharedCommit }
  input: Input
}): Promise<{ signalId: string }> {
  const { userId, accountId = null } = input
  const [signal] = await ctx.db.query<{ alert: unknown; rawBody: Buffer }>(
    'SELECT alert, raw_body AS "rawBody" FROM signal WHERE id = $1 AND user_id = $2',
    [input.signalId, userId],
  )
  if (signal === undefined) throw new AppError('NOT_FOUND', 'There is no such signal')
  const [webhook] = await ctx.db.query<{ id: string }>(
    'SELECT id FROM webhook WHERE user_id = $1 AND is_active ORDER BY created_at, id LIMIT 1',
    [userId],
  )
  if (webhook === undefined) throw new AppError('CONFLICT', 'There is no webhook yet. Make a new address first.')
  const [paper] = await ctx.db.query<{ id: string }>(
    `SELECT a.id FROM account a JOIN route r ON r.account_id = a.id AND r.source_kind = 'WEBHOOK' AND r.source_id = $2 AND r.is_active
      WHERE a.user_id = $1 AND a.environment = 'PAPER' AND a.deleted_at IS NULL AND ($3::uuid IS NULL OR a.id = $3) LIMIT 1`,
    [userId, webhook.id, accountId],
  )
  if (paper === undefined) throw new AppError('NO_ACCOUNT', 'A signal is replayed on a paper account; add one first.')

  const id = ctx.newId()
  const { signalId } = await ctx.ingest.submit({
    id,
    userId,
    source: 'REPLAY',
    sourceId: webhook.id,
    receivedAtMs: ctx.clock.now(),
    rawBody: signal.rawBody,
    alert: { ...Alert.parse(signal.alert), accountId, alertAtMs: null, idempotencyKey: `replay-${id}` },
    requestId: input.requestId,
    deliveryId: null,
  })
  return { signalId }
}
