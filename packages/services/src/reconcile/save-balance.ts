import type { NewFact, Transaction } from '@matic/db'
import type { ExchangeBalance } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'

/** The account as the exchange reports it, net deposits as its ledger adds up, and an equity point each minute or so. */
export async function saveBalance(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  { balance, askedAtMs, incomeReadMs }: { balance: ExchangeBalance; askedAtMs: number; incomeReadMs: number | null },
): Promise<NewFact[]> {
  const before = await tx.query<{ walletBalance: string; marginUsed: string }>(
    'SELECT wallet_balance AS "walletBalance", margin_used AS "marginUsed" FROM account_state WHERE account_id = $1',
    [lane.accountId],
  )
  const saved = await tx.query<{ version: string; netDeposits: string }>(
    `INSERT INTO account_state AS s (account_id, user_id, wallet_balance, available, unrealized_pnl, equity, margin_used, net_deposits, income_cursor, synced_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT coalesce(sum(amount), 0) FROM ledger_entry WHERE account_id = $1 AND type = 'TRANSFER'), $8, to_timestamp($9::float8 / 1000.0))
     ON CONFLICT (account_id) DO UPDATE SET wallet_balance = excluded.wallet_balance, available = excluded.available, unrealized_pnl = excluded.unrealized_pnl,
       equity = excluded.equity, margin_used = excluded.margin_used, net_deposits = excluded.net_deposits,
       income_cursor = coalesce(excluded.income_cursor, s.income_cursor), version = s.version + 1, synced_at = excluded.synced_at
     RETURNING version, net_deposits AS "netDeposits"`,
    [
      lane.accountId,
      lane.userId,
      balance.walletBalance,
      balance.available,
      balance.unrealizedPnl,
      balance.equity,
      balance.marginUsed,
      incomeReadMs === null ? null : String(incomeReadMs),
      askedAtMs,
    ],
  )
  if (incomeReadMs !== null) await noteResult(tx, lane)
  const old = before[0]
  const changed = !old || !new Decimal(old.walletBalance).eq(balance.walletBalance) || !new Decimal(old.marginUsed).eq(balance.marginUsed)
  await tx.query(
    `INSERT INTO equity_snapshot (account_id, user_id, at, equity, wallet_balance, net_deposits)
     SELECT $1, $2, clock_timestamp(), $3, $4, $5
      WHERE $6 OR NOT EXISTS (SELECT 1 FROM equity_snapshot WHERE account_id = $1 AND at > clock_timestamp() - make_interval(secs => $7))
     ON CONFLICT (account_id, at) DO NOTHING`,
    [
      lane.accountId,
      lane.userId,
      balance.equity,
      balance.walletBalance,
      saved[0]?.netDeposits ?? '0',
      changed,
      ctx.timings.equitySnapshotMs / 1000,
    ],
  )
  if (!changed) return []
  const { walletBalance, available, equity, marginUsed } = balance
  return [
    {
      userId: lane.userId,
      kind: 'balance-changed',
      entity: 'account',
      entityId: lane.accountId,
      payload: { walletBalance, available, equity, marginUsed },
    },
  ]
}

/**
 * What trading has made of the account: equity less net deposits, noted only when both were read together, or money on its way in would
 * look like a gain. The first one of a UTC day begins with the last one of the day before.
 */
async function noteResult(tx: Transaction, lane: HeldLane): Promise<void> {
  await tx.query(
    `UPDATE account_state SET result = equity - net_deposits, peak_result = greatest(peak_result, equity - net_deposits),
            day_result = CASE WHEN trading_day = (clock_timestamp() AT TIME ZONE 'UTC')::date THEN day_result ELSE coalesce(result, equity - net_deposits) END,
            trading_day = (clock_timestamp() AT TIME ZONE 'UTC')::date
      WHERE account_id = $1`,
    [lane.accountId],
  )
}
