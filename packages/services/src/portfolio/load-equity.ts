import type { Queryable } from '@matic/db'
import { Exact } from '@matic/domain'
import type { EquitySample } from '@matic/domain'

export interface EquityInput {
  readonly accountIds: readonly string[]
  readonly step: 'minute' | 'hour' | 'day'
  readonly from: string | undefined
  readonly to: string | undefined
  readonly extremes?: boolean
}

interface SnapshotRow {
  accountId: string
  at: Date
  equity: string
  walletBalance: string
  netDeposits: string
}

export interface WalletSample extends EquitySample {
  readonly walletBalance: string
}

/**
 * What each connected account held when we first read it, quote: deposited before we came, so part of its net deposits here. A paper account
 * begins with nothing.
 */
export async function loadOpenings(db: Queryable, accountIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.query<{ accountId: string; opening: string }>(
    `SELECT DISTINCT ON (e.account_id) e.account_id AS "accountId", e.equity - e.net_deposits AS opening
       FROM equity_snapshot e JOIN account a ON a.id = e.account_id AND a.environment <> 'PAPER'
      WHERE e.account_id = ANY($1::uuid[]) ORDER BY e.account_id, e.at`,
    [accountIds],
  )
  return new Map(rows.map((row) => [row.accountId, row.opening]))
}

/**
 * The first snapshot of each account and the last in each step, oldest first; ahead of them what stood when the time asked for began. With `extremes`
 * the best and the worst of each step too, so that no fall within a step is lost.
 */
export async function loadEquity(db: Queryable, input: EquityInput): Promise<Map<string, WalletSample[]>> {
  const values = [input.accountIds, input.from ?? null, input.to ?? null, input.step, input.extremes ?? false]
  const openings = await loadOpenings(db, input.accountIds)
  const rows = await db.query<SnapshotRow>(
    `WITH placed AS (
       SELECT account_id, at, equity, wallet_balance, net_deposits, row_number() OVER (PARTITION BY account_id ORDER BY at) AS first,
              row_number() OVER (step ORDER BY at DESC) AS newest,
              row_number() OVER (step ORDER BY equity - net_deposits) AS worst, row_number() OVER (step ORDER BY equity - net_deposits DESC) AS best
         FROM equity_snapshot WHERE account_id = ANY($1::uuid[]) AND ($2::timestamptz IS NULL OR at >= $2) AND ($3::timestamptz IS NULL OR at < $3)
       WINDOW step AS (PARTITION BY account_id, date_trunc($4, at AT TIME ZONE 'UTC')))
     (SELECT DISTINCT ON (account_id) account_id AS "accountId", at, equity, wallet_balance AS "walletBalance", net_deposits AS "netDeposits"
        FROM equity_snapshot WHERE account_id = ANY($1::uuid[]) AND at < $2::timestamptz ORDER BY account_id, at DESC)
     UNION ALL
     (SELECT account_id, at, equity, wallet_balance, net_deposits FROM placed WHERE newest = 1 OR first = 1 OR ($5 AND (worst = 1 OR best = 1)))
     ORDER BY "accountId", at`,
    values,
  )
  const samples = new Map<string, WalletSample[]>()
  for (const { accountId, at, equity, walletBalance, ...row } of rows) {
    const netDeposits = new Exact(row.netDeposits).add(openings.get(accountId) ?? 0)
    const sample = { atMs: at.getTime(), equity: new Exact(equity), netDeposits, walletBalance }
    const own = samples.get(accountId)
    if (own) own.push(sample)
    else samples.set(accountId, [sample])
  }
  return samples
}
