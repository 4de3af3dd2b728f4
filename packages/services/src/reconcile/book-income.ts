import type { Transaction } from '@matic/db'
import type { ExchangeIncome } from '@matic/exchange/port'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'

/**
 * Books income rows of the exchange, each of its ids once.
 * @returns where routes share symbols: when funding was paid that was not known before, by symbol, the earliest; its trades are to be made anew
 */
export async function bookIncome(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  income: readonly ExchangeIncome[],
): Promise<ReadonlyMap<string, Date>> {
  const funded = new Map<string, Date>()
  if (income.length === 0) return funded
  const booked = await tx.query<{ symbol: string | null; at: Date; isShared: boolean }>(
    `INSERT INTO ledger_entry (id, user_id, account_id, type, amount, currency, symbol, venue_id, at)
     SELECT x.id, $1, $2, x.t, x.a, x.c, x.s, x.v, to_timestamp(x.at / 1000.0)
       FROM unnest($3::uuid[], $4::text[], $5::numeric[], $6::text[], $7::text[], $8::text[], $9::float8[]) AS x(id, t, a, c, s, v, at)
     ON CONFLICT (account_id, type, venue_id) DO NOTHING
     RETURNING symbol, at, type = 'FUNDING_FEE' AND (SELECT a.shared_symbols = 'net' FROM account a WHERE a.id = $2) AS "isShared"`,
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
  if (booked.length > 0) await addToTrades(tx, lane)
  for (const { symbol, at, isShared } of booked) {
    const before = symbol === null ? undefined : funded.get(symbol)
    if (symbol !== null && isShared && (before === undefined || at < before)) funded.set(symbol, at)
  }
  return funded
}

/**
 * Funding and liquidation fees reach trades that are open, or closed a moment before the exchange booked them. Where routes share symbols a trade
 * gets its part of the funding when it is made anew (`bookFills`).
 */
async function addToTrades(tx: Transaction, lane: HeldLane): Promise<void> {
  await tx.query(
    `UPDATE trade t SET funding = CASE WHEN a.shared_symbols = 'net' THEN t.funding ELSE l.funding END, is_liquidation = t.is_liquidation OR l.liquidated
       FROM trade own JOIN account a ON a.id = own.account_id, LATERAL (
         SELECT coalesce(sum(e.amount) FILTER (WHERE e.type = 'FUNDING_FEE' AND (own.closed_at IS NULL OR e.at <= own.closed_at)), 0) AS funding,
                coalesce(bool_or(e.type = 'INSURANCE_CLEAR'), false) AS liquidated
           FROM ledger_entry e
          WHERE e.account_id = own.account_id AND e.symbol = own.symbol AND e.at >= own.opened_at
            AND e.at <= coalesce(own.closed_at + interval '10 seconds', 'infinity')) AS l
      WHERE t.id = own.id AND t.account_id = $1 AND (t.closed_at IS NULL OR t.closed_at > clock_timestamp() - interval '1 hour')`,
    [lane.accountId],
  )
}
