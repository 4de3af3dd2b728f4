import type { Queryable } from '@matic/db'
import { PRIORITY } from '@matic/contracts'
import { randomUUID } from 'node:crypto'
import type { ExecutionContext } from '@matic/services/execution/context'

export const SYMBOL = 'BTC/USDT:USDT'

export interface TestAccount {
  readonly userId: string
  readonly accountId: string
}

/** An entitled user with a paper account whose key is good. */
export async function makeAccount(db: Queryable, { keyStatus = 'VALID' }: { keyStatus?: 'VALID' | 'OPENING' } = {}): Promise<TestAccount> {
  const userId = randomUUID()
  const accountId = randomUUID()
  await db.query(
    `INSERT INTO app_user (id, email, password_hash, full_name, is_active, is_email_verified) VALUES ($1, $2, '-', 'Test', true, true)`,
    [userId, `${userId}@test`],
  )
  await db.query(
    `INSERT INTO subscription (user_id, plan, status, start_date, end_date) VALUES ($1, 'MONTHLY', 'ACTIVE', now(), now() + interval '1 day')`,
    [userId],
  )
  await db.query(`INSERT INTO bot_settings (user_id) VALUES ($1)`, [userId])
  await db.query(
    `INSERT INTO account (id, user_id, exchange, environment, label, key_status, opening_deposit) VALUES ($1, $2, 'PAPER', 'PAPER', 'Paper', $3, 10000)`,
    [accountId, userId, keyStatus],
  )
  await db.query(`INSERT INTO lane (account_id) VALUES ($1)`, [accountId])
  return { userId, accountId }
}

interface OrderFields {
  leg: 'open' | 'close' | 'reduce'
  side: 'buy' | 'sell'
  quantityBase: string | null
  type: 'market' | 'limit'
  symbol: string
  price: string | null
  reduceFraction: string | null
  stopFraction: string | null
  targetFraction: string | null
  stopPrice: string | null
  leverage: number | null
  expiresInMs: number | null
  dependsOnId: string | null
  routeId: string | null
}

/** An order as dispatch would have written it. */
export async function makeOrder(ctx: ExecutionContext, account: TestAccount, fields: Partial<OrderFields> = {}): Promise<string> {
  const id = ctx.newId()
  const leg = fields.leg ?? 'open'
  await ctx.db.query(
    `INSERT INTO trade_order (id, user_id, account_id, cause, leg, client_order_id, symbol, side, type, quantity_base, reduce_fraction, price, reduce_only, leverage, margin_mode,
                              stop_fraction, target_fraction, stop_price, priority, depends_on_id, expires_at, route_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, now() + make_interval(secs => $21), $22)`,
    [
      id,
      account.userId,
      account.accountId,
      randomUUID(),
      leg,
      ctx.clientOrderId(id),
      fields.symbol ?? SYMBOL,
      fields.side ?? (leg === 'open' ? 'buy' : 'sell'),
      fields.type ?? 'market',
      fields.quantityBase === undefined ? (leg === 'open' ? '1' : null) : fields.quantityBase,
      fields.reduceFraction ?? null,
      fields.price ?? null,
      leg !== 'open',
      fields.leverage ?? (leg === 'open' ? 10 : null),
      leg === 'open' ? 'cross' : null,
      fields.stopFraction ?? null,
      fields.targetFraction ?? null,
      fields.stopPrice ?? null,
      leg === 'open' ? PRIORITY.open : PRIORITY.close,
      fields.dependsOnId ?? null,
      leg === 'open' ? (fields.expiresInMs ?? 60_000) / 1000 : null,
      fields.routeId ?? null,
    ],
  )
  return id
}

export interface OrderOutcome {
  id: string
  leg: string
  state: string
  reason: string | null
  filled: string
  attempts: number
  revision: number
  protected: boolean
}

export function outcomes(db: Queryable, account: TestAccount): Promise<OrderOutcome[]> {
  return db.query<OrderOutcome>(
    `SELECT id, leg, state, reason, trim_scale(filled_base)::text AS filled, (SELECT count(*)::int FROM attempt a WHERE a.order_id = o.id) AS attempts, revision, protected_at IS NOT NULL AS protected
       FROM trade_order o WHERE account_id = $1 ORDER BY created_at, array_position(ARRAY['close', 'reduce', 'open', 'stop', 'target', 'emergency'], leg), revision, id`,
    [account.accountId],
  )
}

export async function positionOf(db: Queryable, account: TestAccount) {
  const rows = await db.query<{
    side: string
    quantity: string
    protection: string
    stop: string | null
    target: string | null
    epoch: number
  }>(
    `SELECT side, trim_scale(quantity_base)::text AS quantity, protection, trim_scale(stop_price)::text AS stop, trim_scale(target_price)::text AS target, epoch FROM position WHERE account_id = $1 AND symbol = $2`,
    [account.accountId, SYMBOL],
  )
  return rows[0]
}
