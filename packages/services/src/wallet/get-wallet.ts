import type { WalletBalance } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { plain } from '../plain.ts'

interface Row extends Omit<WalletBalance, 'syncedAt'> {
  syncedAt: Date
}

/** Futures accounts settle in USDT alone. */
const CURRENCY = 'USDT'

export async function getWallet({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; accountId: string | undefined; currency?: string }
}): Promise<WalletBalance[]> {
  if (input.currency !== undefined && input.currency.toUpperCase() !== CURRENCY) return []
  const rows = await db.query<Row>(
    `SELECT a.id AS "accountId", a.label AS "accountLabel", a.environment, $3 AS currency, s.wallet_balance AS total, s.available, s.margin_used AS "inUse",
            s.net_deposits AS "netDeposits", s.synced_at AS "syncedAt"
       FROM account a JOIN account_state s ON s.account_id = a.id
      WHERE a.user_id = $1 AND ($2::uuid IS NULL OR a.id = $2) ORDER BY a.created_at, a.id`,
    [input.userId, input.accountId ?? null, CURRENCY],
  )
  return rows.map((row) => ({
    ...row,
    total: plain(row.total),
    available: plain(row.available),
    inUse: plain(row.inUse),
    netDeposits: plain(row.netDeposits),
    syncedAt: row.syncedAt.toISOString(),
  }))
}
