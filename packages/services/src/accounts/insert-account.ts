import { AppError } from '@matic/contracts'
import { recordFacts, type Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'

export const ACCOUNTS_MAX = 20

export interface NewAccount {
  readonly id: string
  readonly userId: string
  readonly exchange: string
  readonly environment: 'PAPER' | 'DEMO' | 'LIVE'
  readonly label: string
  readonly maskedApiKey: string | null
  readonly keyFingerprint: Uint8Array | null
  /** Quote currency; paper accounts only. */
  readonly openingDeposit: string | null
  readonly ip: string | null
}

/**
 * The account with what makes it trade: a lane, a route of each of the owner's webhooks and its own manual door.
 * @returns ids of facts to publish after the commit
 * @throws AppError ACCOUNT_LIMIT
 */
export async function insertAccount(tx: Transaction, ctx: ServiceContext, account: NewAccount): Promise<string[]> {
  // One at a time per person, so that two requests cannot both take the last place.
  await tx.query('SELECT 1 FROM app_user WHERE id = $1 FOR UPDATE', [account.userId])
  const [count] = await tx.query<{ total: number }>(
    'SELECT count(*)::int AS total FROM account WHERE user_id = $1 AND deleted_at IS NULL',
    [account.userId],
  )
  if ((count?.total ?? 0) >= ACCOUNTS_MAX)
    throw new AppError('ACCOUNT_LIMIT', `At most ${ACCOUNTS_MAX} accounts can be connected`, { details: { limit: ACCOUNTS_MAX } })

  await tx.query(
    `INSERT INTO account (id, user_id, exchange, environment, label, key_status, masked_api_key, key_fingerprint, opening_deposit)
     VALUES ($1, $2, $3, $4, $5, 'OPENING', $6, $7, $8)`,
    [
      account.id,
      account.userId,
      account.exchange,
      account.environment,
      account.label,
      account.maskedApiKey,
      account.keyFingerprint === null ? null : Buffer.from(account.keyFingerprint),
      account.openingDeposit,
    ],
  )
  await tx.query('INSERT INTO lane (account_id) VALUES ($1)', [account.id])
  await insertRoutes(tx, ctx, account)
  const { exchange, environment, label, maskedApiKey } = account
  await tx.query(`INSERT INTO audit_log (actor_id, user_id, action, after, ip) VALUES ($1, $1, 'account-added', $2, $3)`, [
    account.userId,
    JSON.stringify({ accountId: account.id, exchange, environment, label, maskedApiKey }),
    account.ip,
  ])
  return recordFacts(tx, [
    { userId: account.userId, kind: 'account-changed', entity: 'account', entityId: account.id, payload: { keyStatus: 'OPENING' } },
  ])
}

async function insertRoutes(tx: Transaction, ctx: ServiceContext, { id, userId }: NewAccount): Promise<void> {
  const webhooks = await tx.query<{ id: string }>('SELECT id FROM webhook WHERE user_id = $1 AND is_active', [userId])
  const sources = [['MANUAL', id], ...webhooks.map((webhook) => ['WEBHOOK', webhook.id])]
  for (const [kind, sourceId] of sources) {
    await tx.query('INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1, $2, $3, $4, $5)', [
      ctx.newId(),
      userId,
      kind,
      sourceId,
      id,
    ])
  }
}
