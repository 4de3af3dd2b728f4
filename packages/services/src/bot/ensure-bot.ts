import { createHash } from 'node:crypto'
import type { Transaction } from '@matic/db'

/** Rules as they come, and a webhook with this token, for who has none. Answers the webhook's id. */
export async function ensureBot(
  tx: Transaction,
  { newId, userId, token }: { newId: () => string; userId: string; token: string },
): Promise<string> {
  await tx.query('INSERT INTO bot_settings (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING', [userId])
  const [known] = await tx.query<{ id: string }>(
    'SELECT id FROM webhook WHERE user_id = $1 AND is_active ORDER BY created_at, id LIMIT 1',
    [userId],
  )
  if (known) return known.id
  const webhookId = newId()
  await tx.query('INSERT INTO webhook (id, user_id, token_hash, token_tail) VALUES ($1, $2, $3, $4)', [
    webhookId,
    userId,
    createHash('sha256').update(token).digest(),
    token.slice(-4),
  ])
  return webhookId
}
