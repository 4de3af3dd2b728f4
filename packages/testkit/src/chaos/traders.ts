import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Db } from '@matic/db'

export interface Trader {
  userId: string
  accountId: string
  webhookId: string
  /** Path of the webhook address, token included. */
  webhookPath: string
}

export interface TraderOptions {
  count: number
  depositUsdt?: string
  /** Percent of entry price. */
  stopLossPercent?: string
  takeProfitPercent?: string
}

/** Ready users with a paper account to be opened by a worker, rules, a webhook and its routes. */
export async function createTraders(
  db: Db,
  { count, depositUsdt = '10000', stopLossPercent = '20', takeProfitPercent = '40' }: TraderOptions,
): Promise<Trader[]> {
  const traders = Array.from({ length: count }, () => {
    const token = randomBytes(32).toString('base64url')
    const userId = randomUUID()
    return { userId, accountId: randomUUID(), webhookId: randomUUID(), token, webhookPath: `/api/webhook/${userId}/${token}` }
  })
  const users = traders.map((trader) => trader.userId)
  const accounts = traders.map((trader) => trader.accountId)
  const webhooks = traders.map((trader) => trader.webhookId)

  await db.transaction(async (tx) => {
    await tx.query(
      `INSERT INTO app_user (id, email, password_hash, full_name, is_active, is_email_verified)
       SELECT u, u || '@trader.test', '-', 'Trader', true, true FROM unnest($1::uuid[]) AS u`,
      [users],
    )
    await tx.query(
      `INSERT INTO subscription (user_id, plan, status, start_date, end_date)
       SELECT u, 'MONTHLY', 'ACTIVE', now(), now() + interval '30 days' FROM unnest($1::uuid[]) AS u`,
      [users],
    )
    await tx.query(
      `INSERT INTO bot_settings (user_id, stop_loss_percent, take_profit_percent)
       SELECT u, $2, $3 FROM unnest($1::uuid[]) AS u`,
      [users, stopLossPercent, takeProfitPercent],
    )
    await tx.query(
      `INSERT INTO account (id, user_id, exchange, environment, label, opening_deposit)
       SELECT a, u, 'PAPER', 'PAPER', 'Paper', $3 FROM unnest($1::uuid[], $2::uuid[]) AS x(a, u)`,
      [accounts, users, depositUsdt],
    )
    await tx.query('INSERT INTO lane (account_id) SELECT a FROM unnest($1::uuid[]) AS a', [accounts])
    await tx.query(
      `INSERT INTO webhook (id, user_id, token_hash, token_tail)
       SELECT w, u, h, right(encode(h, 'hex'), 4) FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) AS x(w, u, h)`,
      [webhooks, users, traders.map((trader) => createHash('sha256').update(trader.token).digest())],
    )
    await tx.query(
      `INSERT INTO route (id, user_id, source_kind, source_id, account_id)
       SELECT gen_random_uuid(), u, k, CASE k WHEN 'WEBHOOK' THEN w ELSE a END, a
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS x(u, w, a), unnest(ARRAY['WEBHOOK', 'MANUAL']) AS k`,
      [users, webhooks, accounts],
    )
  })
  return traders.map(({ token: _token, ...trader }) => trader)
}
