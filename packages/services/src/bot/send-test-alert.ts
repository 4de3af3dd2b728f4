import { AppError } from '@matic/contracts'
import { parseAlert } from '@matic/domain/alert/parse-alert'
import type { ServiceContext } from '../context.ts'
import type { SharedCommit } from '../webhook/index.ts'

interface Input {
  readonly userId: string
  readonly symbol: string
  readonly action: 'buy' | 'sell' | 'close'
  /** Base. */
  readonly quantity: string | undefined
  readonly requestId: string | null
}

/** An alert as TradingView would send it, through the same door. @throws AppError CONFLICT without a webhook; STORAGE_UNAVAILABLE */
export async function sendTestAlert({
  ctx,
  input,
}: {
  ctx: ServiceContext & { readonly ingest: SharedCommit }
  input: Input
}): Promise<{ signalId: string }> {
  const [webhook] = await ctx.db.query<{ id: string }>(
    'SELECT id FROM webhook WHERE user_id = $1 AND is_active ORDER BY created_at, id LIMIT 1',
    [input.userId],
  )
  if (!webhook) throw new AppError('CONFLICT', 'There is no webhook yet. Make a new address first.')

  const id = ctx.newId()
  const nowMs = ctx.clock.now()
  const { symbol, action, quantity } = input
  const rawBody = Buffer.from(JSON.stringify({ symbol, action, quantity, signalId: `test-${id}`, timenow: new Date(nowMs).toISOString() }))
  const parsed = parseAlert(rawBody)
  if (!parsed.ok) throw new AppError('VALIDATION_FAILED', parsed.message, { details: { ...parsed.details, code: parsed.code } })

  const { signalId } = await ctx.ingest.submit({
    id,
    userId: input.userId,
    source: 'TEST',
    sourceId: webhook.id,
    receivedAtMs: nowMs,
    rawBody,
    alert: parsed.alert,
    requestId: input.requestId,
    deliveryId: ctx.newId(),
  })
  return { signalId }
}
