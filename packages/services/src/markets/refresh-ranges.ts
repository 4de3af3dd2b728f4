import { ATR_INTERVALS, type AtrInterval } from '@matic/contracts'
import { averageTrueRange } from '@matic/domain'
import type { ExchangePort } from '@matic/exchange/port'
import type { ServiceContext } from '../context.ts'
import { INTERVAL_MS } from './ranges.ts'

/** Markets read in one round, so that prices and orders are never kept waiting. */
const BATCH = 20
/** Candles the average runs in over, as a multiple of its period. */
const RUN_IN = 10
const CANDLES_MAX = 500

interface Wanted {
  symbol: string
  interval: AtrInterval
  period: number
}

/**
 * Reads candles for the markets whose average true range the rules measure by and whose last candle has closed since, some a round.
 * @returns true when there is more to do
 */
export async function refreshRanges({
  ctx,
  exchange,
  port,
}: {
  ctx: ServiceContext
  exchange: string
  port: ExchangePort
}): Promise<boolean> {
  const wanted = await due(ctx, exchange)
  for (const one of wanted) await refreshOne({ ctx, exchange, port, ...one })
  return wanted.length === BATCH
}

async function due(ctx: ServiceContext, exchange: string): Promise<Wanted[]> {
  return ctx.db.query<Wanted>(
    `WITH asked AS (
       SELECT DISTINCT coalesce(r.overrides->>'atrInterval', b.atr_interval) AS interval, coalesce((r.overrides->>'atrPeriod')::int, b.atr_period) AS period
         FROM account a JOIN bot_settings b ON b.user_id = a.user_id LEFT JOIN account_rules r ON r.account_id = a.id
        WHERE a.exchange = $1 AND a.is_active AND a.deleted_at IS NULL AND coalesce(r.overrides->>'stopMode', b.stop_mode) = 'atr')
     SELECT m.symbol, asked.interval, asked.period
       FROM market m CROSS JOIN asked
       JOIN unnest($2::text[], $3::float8[]) AS span(interval, ms) ON span.interval = asked.interval
       LEFT JOIN market_range g ON g.exchange = m.exchange AND g.symbol = m.symbol AND g.interval = asked.interval AND g.period = asked.period
      WHERE m.exchange = $1 AND m.status = 'TRADING' AND (g.closed_at IS NULL OR g.closed_at <= clock_timestamp() - make_interval(secs => span.ms / 1000))
      ORDER BY g.closed_at NULLS FIRST, m.symbol LIMIT $4`,
    [exchange, ATR_INTERVALS, ATR_INTERVALS.map((interval) => INTERVAL_MS[interval]), BATCH],
  )
}

async function refreshOne(input: Wanted & { ctx: ServiceContext; exchange: string; port: ExchangePort }): Promise<void> {
  const { ctx, exchange, port, symbol, interval, period } = input
  const spanMs = INTERVAL_MS[interval]
  const answer = await port.fetchCandles({ symbol, interval, limit: Math.min(CANDLES_MAX, RUN_IN * period + 1) })
  if (!answer.ok) return ctx.log.warn({ exchange, symbol, interval, code: answer.failure.code }, 'candles could not be read')
  const nowMs = ctx.clock.now()
  const closed = answer.value.filter((candle) => candle.startMs + spanMs <= nowMs)
  const last = closed.at(-1)
  const range = averageTrueRange(closed, period)
  if (last === undefined || range === null) return
  await ctx.db.query(
    `INSERT INTO market_range AS g (exchange, symbol, interval, period, range, closed_at) VALUES ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000))
     ON CONFLICT (exchange, symbol, interval, period) DO UPDATE SET range = excluded.range, closed_at = greatest(g.closed_at, excluded.closed_at)`,
    [exchange, symbol, interval, period, range.toDecimalPlaces(18).toFixed(), last.startMs + spanMs],
  )
}
