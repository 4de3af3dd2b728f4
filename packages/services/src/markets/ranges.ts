import type { AtrInterval } from '@matic/contracts'
import type { Queryable } from '@matic/db'

export const INTERVAL_MS: Readonly<Record<AtrInterval, number>> = { '15m': 900_000, '1h': 3_600_000, '4h': 14_400_000, '1d': 86_400_000 }

export type RangeOf = (symbol: string, interval: AtrInterval, period: number) => string | null

/** Average true ranges by exchange. One that has missed a whole candle is not known. */
export async function loadRanges(db: Queryable, exchanges: readonly string[]): Promise<ReadonlyMap<string, RangeOf>> {
  if (exchanges.length === 0) return new Map()
  const rows = await db.query<{ exchange: string; symbol: string; interval: AtrInterval; period: number; range: string; ageMs: number }>(
    `SELECT exchange, symbol, interval, period, range, (extract(epoch FROM clock_timestamp() - closed_at) * 1000)::float8 AS "ageMs"
       FROM market_range WHERE exchange = ANY($1)`,
    [exchanges],
  )
  const known = new Map(
    rows
      .filter((row) => row.ageMs < 2 * INTERVAL_MS[row.interval])
      .map((row) => [`${row.exchange} ${row.symbol} ${row.interval} ${row.period}`, row.range]),
  )
  return new Map(
    exchanges.map((exchange) => [exchange, (symbol, interval, period) => known.get(`${exchange} ${symbol} ${interval} ${period}`) ?? null]),
  )
}
