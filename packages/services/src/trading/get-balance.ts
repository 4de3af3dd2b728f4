import { AppError, type BalanceView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { plain } from '../plain.ts'
import { findAccount } from './accounts.ts'

interface Row {
  walletBalance: string
  available: string
  unrealizedPnl: string
  equity: string
  marginUsed: string
  version: string
  syncedAt: Date
}

/** As a worker last read it from the exchange, in quote currency. @throws AppError NO_ACCOUNT, ACCOUNT_NOT_READY */
export async function getBalance({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; accountId: string | undefined }
}): Promise<BalanceView> {
  const account = await findAccount({ db, input })
  const [row] = await db.query<Row>(
    `SELECT wallet_balance AS "walletBalance", available, unrealized_pnl AS "unrealizedPnl", equity, margin_used AS "marginUsed", version, synced_at AS "syncedAt"
       FROM account_state WHERE account_id = $1`,
    [account.id],
  )
  if (!row) throw new AppError('ACCOUNT_NOT_READY', 'This account has not been read from the exchange yet. Try again in a moment.')
  return {
    accountId: account.id,
    totalBalance: plain(row.walletBalance),
    availableBalance: plain(row.available),
    unrealizedPnl: plain(row.unrealizedPnl),
    equity: plain(row.equity),
    marginUsed: plain(row.marginUsed),
    marginAvailable: plain(row.available),
    syncedAt: row.syncedAt.toISOString(),
    version: Number(row.version),
  }
}
