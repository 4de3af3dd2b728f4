import { Alert, AppError } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { repeatSignals } from './repeat-signals.ts'

interface Input {
  readonly userId: string
  readonly signalId: string
  /** One paper account; absent for every one that the webhook reaches. */
  readonly accountId: string | undefined
  readonly requestId: string | null
}

/**
 * A stored alert once more, as a new signal that only paper accounts hear of. It is as young as the replay itself.
 * @throws AppError NOT_FOUND; NO_ACCOUNT without such a paper account; CONFLICT without a webhook
 */
export async function replaySignal({ ctx, input }: { ctx: ServiceContext; input: Input }): Promise<{ signalId: string }> {
  const { userId, accountId = null } = input
  const [signal] = await ctx.db.query<{ alert: unknown }>('SELECT alert FROM signal WHERE id = $1 AND user_id = $2', [
    input.signalId,
    userId,
  ])
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
  const alert = { ...Alert.parse(signal.alert), accountId, alertAtMs: null, idempotencyKey: null, originId: input.signalId }
  const receivedAt = new Date(ctx.clock.now())
  const factIds = await ctx.db.transaction(async (tx) => {
    await repeatSignals(tx, [
      { id, originId: input.signalId, userId, source: 'REPLAY', sourceId: webhook.id, receivedAt, alert, requestId: input.requestId },
    ])
    const { ticker, action, marketPosition } = alert
    const payload = { source: 'REPLAY', sourceId: webhook.id, ticker, action, marketPosition }
    return recordFacts(tx, [{ userId, kind: 'signal-received', entity: 'signal', entityId: id, payload }])
  })
  ctx.bus.publish('facts', { ids: factIds })
  ctx.doorbell.ring('dispatch')
  return { signalId: id }
}
