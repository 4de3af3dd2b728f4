import type { Queryable } from '@matic/db'
import { plain } from '../plain.ts'
import { findAccount } from './accounts.ts'

interface EquityPoint {
  at: string
  /** All in quote currency. */
  equity: string
  walletBalance: string
  netDeposits: string
}

/** The newest snapshots, oldest first. @throws AppError NO_ACCOUNT */
export async function listEquity({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; accountId: string | undefined; limit: number }
}): Promise<EquityPoint[]> {
  const account = await findAccount({ db, input })
  const rows = await db.query<Omit<EquityPoint, 'at'> & { at: Date }>(
    `SELECT at, equity, wallet_balance AS "walletBalance", net_deposits AS "netDeposits" FROM equity_snapshot WHERE account_id = $1 ORDER BY at DESC LIMIT $2`,
    [account.id, input.limit],
  )
  return rows
    .map((row) => ({
      at: row.at.toISOString(),
      equity: plain(row.equity),
      walletBalance: plain(row.walletBalance),
      netDeposits: plain(row.netDeposits),
    }))
    .toReversed()
}
