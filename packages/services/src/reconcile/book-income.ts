import type { Transaction } from '@matic/db'
import type { ExchangeIncome } from '@matic/exchange/port'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'

/** Books income rows of the exchange, each of its ids once. */
export async function bookIncome(tx: Transaction, ctx: ExecutionContext, lane: HeldLane, income: readonly ExchangeIncome[]): Promise<void> {
  if (income.length === 0) return
  await tx.query(
    `INSERT INTO ledger_entry (id, user_id, account_id, type, amount, currency, symbol, venue_id, at)
     SELECT x.id, $1, $2, x.t, x.a, x.c, x.s, x.v, to_timestamp(x.at / 1000.0)
       FROM unnest($3::uuid[], $4::text[], $5::numeric[], $6::text[], $7::text[], $8::text[], $9::float8[]) AS x(id, t, a, c, s, v, at)
     ON CONFLICT (account_id, type, venue_id) DO NOTHING`,
    [
      lane.userId,
      lane.accountId,
      income.map(() => ctx.newId()),
      income.map((row) => row.type),
      income.map((row) => row.amount),
      income.map((row) => row.currency),
      income.map((row) => row.symbol),
      income.map((row) => row.venueId),
      income.map((row) => row.atMs),
    ],
  )
}
