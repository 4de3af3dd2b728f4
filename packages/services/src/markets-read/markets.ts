import { AppError, type MarketView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { plain } from '../plain.ts'

interface MarketRow extends MarketView {
  markPrice: string | null
  markAt: Date | null
}

const COLUMNS = `exchange, symbol, market_id AS "marketId", base, quote, tick_size AS "tickSize", step_size AS "stepSize", min_quantity AS "minQuantity",
  min_notional AS "minNotional", max_leverage AS "maxLeverage", status, mark_price AS "markPrice", mark_at AS "markAt"`

/** The venue everybody can trade at. */
export const HOME_EXCHANGE = 'PAPER'

export async function listMarkets({ db }: { db: Queryable }): Promise<MarketView[]> {
  const rows = await db.query<MarketRow>(`SELECT ${COLUMNS} FROM market ORDER BY exchange, symbol`)
  return rows.map(viewOf)
}

/**
 * By BTC/USDT:USDT, BTCUSDT, BTCUSDT.P or BINANCE:BTCUSDT.P.
 * @throws AppError MARKET_NOT_FOUND
 */
export async function findMarket({
  db,
  symbol,
  exchange = HOME_EXCHANGE,
}: {
  db: Queryable
  symbol: string
  exchange?: string
}): Promise<MarketView & { mark: { price: string; at: Date } | null }> {
  const asked = symbol.trim().toUpperCase()
  const marketId = asked.replace(/^[A-Z0-9_]+:(?=[A-Z0-9.]+$)/, '').replace(/(\.P|PERP)$/, '')
  const [row] = await db.query<MarketRow>(
    `SELECT ${COLUMNS} FROM market WHERE exchange = $1 AND (symbol = $2 OR market_id = $3) ORDER BY symbol = $2 DESC LIMIT 1`,
    [exchange, asked, marketId],
  )
  if (!row) throw new AppError('MARKET_NOT_FOUND', `${symbol.slice(0, 40)} is not a market here`)
  return { ...viewOf(row), mark: row.markPrice === null || row.markAt === null ? null : { price: plain(row.markPrice), at: row.markAt } }
}

function viewOf(row: MarketRow): MarketView {
  const { markPrice: _price, markAt: _at, ...view } = row
  return {
    ...view,
    tickSize: plain(row.tickSize),
    stepSize: plain(row.stepSize),
    minQuantity: plain(row.minQuantity),
    minNotional: plain(row.minNotional),
  }
}
