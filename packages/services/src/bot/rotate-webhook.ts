import { createHash } from 'node:crypto'
import { recordFacts, type Transaction } from '@matic/db'
import { randomToken } from '@matic/platform'
import type { ServiceContext } from '../context.ts'
import { queueMail } from '../mail/queue-mail.ts'
import { webhookUrl } from './get-settings.ts'

interface Input {
  readonly userId: string
  readonly publicUrl: string
  readonly ip: string | null
  /** How long the old token is taken beside the new one; 0 stops it at once. */
  readonly overlapHours?: number
}

/** A new token; the old one stops at once, or after the overlap. Only its hash is kept: this answer is the one time the address is seen whole. */
export async function rotateWebhook({ ctx, input }: { ctx: ServiceContext; input: Input }): Promise<{ webhookUrl: string }> {
  const token = randomToken(ctx)
  const { webhookId, factIds } = await ctx.db.transaction(async (tx) => {
    const id = await replaceToken(tx, ctx, { ...input, token })
    const isFirst =
      (await tx.query(`SELECT 1 FROM audit_log WHERE user_id = $1 AND action = 'webhook-rotated' LIMIT 1`, [input.userId])).length === 0
    await tx.query(`INSERT INTO audit_log (actor_id, user_id, action, after, ip) VALUES ($1, $1, 'webhook-rotated', $2, $3)`, [
      input.userId,
      JSON.stringify({ webhookId: id, tokenTail: token.slice(-4) }),
      input.ip,
    ])
    if (!isFirst)
      await queueMail(tx, ctx, { userId: input.userId, make: (name, at) => ({ template: 'webhook-rotated', params: { name, at } }) })
    const facts = await recordFacts(tx, [
      { userId: input.userId, kind: 'settings-changed', entity: 'webhook', entityId: id, payload: { fields: ['webhookUrl'] } },
    ])
    return { webhookId: id, factIds: facts }
  })
  ctx.bus.publish('invalidate', { kind: 'webhook', ids: [webhookId] })
  ctx.bus.publish('facts', { ids: factIds })
  ctx.doorbell.ring('request')
  return { webhookUrl: webhookUrl(input, token) }
}

/** The row stays: routes and the memory of earlier alerts hang on it. */
async function replaceToken(
  tx: Transaction,
  ctx: ServiceContext,
  { userId, token, overlapHours = 0 }: Pick<Input, 'userId' | 'overlapHours'> & { readonly token: string },
): Promise<string> {
  const hash = createHash('sha256').update(token).digest()
  const [changed] = await tx.query<{ id: string }>(
    `UPDATE webhook SET token_hash = $2, token_tail = $3, previous_seen_at = CASE WHEN $4 > 0 THEN last_seen_at END,
            previous_token_hash = CASE WHEN $4 > 0 THEN token_hash END, previous_token_tail = CASE WHEN $4 > 0 THEN token_tail END,
            previous_until = CASE WHEN $4 > 0 THEN clock_timestamp() + make_interval(hours => $4::int) END
      WHERE id = (SELECT id FROM webhook WHERE user_id = $1 AND is_active ORDER BY created_at, id LIMIT 1 FOR UPDATE) RETURNING id`,
    [userId, hash, token.slice(-4), overlapHours],
  )
  if (changed) return changed.id

  const webhookId = ctx.newId()
  await tx.query('INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1, $2, $3, $4)', [
    webhookId,
    userId,
    hash,
    token.slice(-4),
  ])
  const accounts = await tx.query<{ id: string }>('SELECT id FROM account WHERE user_id = $1 AND deleted_at IS NULL', [userId])
  for (const account of accounts) {
    await tx.query(
      `INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1, $2, 'WEBHOOK', $3, $4) ON CONFLICT (source_kind, source_id, account_id) WHERE follow_id IS NULL DO NOTHING`,
      [ctx.newId(), userId, webhookId, account.id],
    )
  }
  return webhookId
}
