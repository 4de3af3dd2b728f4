import type { PortfolioMetrics, TradeFilter } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { Exact } from '@matic/domain'

const QUOTE = 'USDT'

interface Row {
  type: 'COMMISSION' | 'FUNDING_FEE'
  currency: string
  total: string
}

/** Every fee and funding payment in the accounts' ledgers, whether its trade is over or not. */
export async function bookedCosts(
  db: Queryable,
  { symbol, from, to }: TradeFilter,
  accounts: readonly { id: string }[],
): Promise<NonNullable<PortfolioMetrics['booked']>> {
  const rows = await db.query<Row>(
    `SELECT type, currency, sum(amount) AS total FROM ledger_entry
      WHERE account_id = ANY($1::uuid[]) AND type IN ('COMMISSION', 'FUNDING_FEE') AND ($2::text IS NULL OR symbol = $2)
        AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at < $4)
      GROUP BY type, currency ORDER BY currency`,
    [accounts.map(({ id }) => id), symbol ?? null, from ?? null, to ?? null],
  )
  const inQuote = (type: Row['type']) => new Exact(rows.find((row) => row.type === type && row.currency === QUOTE)?.total ?? 0)
  return {
    fees: paid(inQuote('COMMISSION')),
    funding: inQuote('FUNDING_FEE').toFixed(),
    feesElsewhere: rows
      .filter(({ type, currency }) => type === 'COMMISSION' && currency !== QUOTE)
      .map(({ currency, total }) => ({ currency, amount: paid(new Exact(total)) })),
  }
}

/** The ledger writes what was paid below zero; nothing is no -0. */
function paid(amount: InstanceType<typeof Exact>): string {
  return amount.isZero() ? '0' : amount.neg().toFixed()
}
