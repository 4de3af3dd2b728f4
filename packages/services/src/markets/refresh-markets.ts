import type { ExchangePort } from '@matic/exchange/port'
import type { ServiceContext } from '../context.ts'

/** Stores an exchange's markets as it lists them now; one that is no longer listed is HALTED. The highest leverage seen stays: it is told to key holders only. @returns how many, or nothing when it did not answer */
export async function refreshMarkets({
  ctx,
  exchange,
  port,
}: {
  ctx: ServiceContext
  exchange: string
  port: ExchangePort
}): Promise<number | undefined> {
  const loaded = await port.loadMarkets()
  if (!loaded.ok) {
    ctx.log.warn({ exchange, code: loaded.failure.code }, 'markets could not be read')
    return undefined
  }
  const markets = loaded.value
  const changed = await ctx.db.query<{ symbol: string }>(
    `INSERT INTO market AS m (exchange, symbol, market_id, base, quote, tick_size, step_size, min_quantity, max_quantity, min_notional, max_leverage, contract_size, status, updated_at)
     SELECT $1, s, i, b, q, t, st, mi, ma, mn, l, c, CASE WHEN a THEN 'TRADING' ELSE 'HALTED' END, clock_timestamp()
       FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[], $11::int[], $12::numeric[], $13::bool[])
         AS x(s, i, b, q, t, st, mi, ma, mn, l, c, a)
      ORDER BY s
     ON CONFLICT (exchange, symbol) DO UPDATE SET market_id = excluded.market_id, tick_size = excluded.tick_size, step_size = excluded.step_size, min_quantity = excluded.min_quantity,
       max_quantity = excluded.max_quantity, min_notional = excluded.min_notional, max_leverage = greatest(m.max_leverage, excluded.max_leverage), contract_size = excluded.contract_size,
       status = excluded.status, updated_at = excluded.updated_at
       WHERE (m.market_id, m.tick_size, m.step_size, m.min_quantity, m.min_notional, m.status)
             IS DISTINCT FROM (excluded.market_id, excluded.tick_size, excluded.step_size, excluded.min_quantity, excluded.min_notional, excluded.status)
          OR excluded.max_leverage > m.max_leverage
     RETURNING symbol`,
    [
      exchange,
      markets.map((market) => market.symbol),
      markets.map((market) => market.marketId),
      markets.map((market) => market.base),
      markets.map((market) => market.quote),
      markets.map((market) => market.tickSize),
      markets.map((market) => market.stepSize),
      markets.map((market) => market.minQuantity),
      markets.map((market) => market.maxQuantity),
      markets.map((market) => market.minNotional),
      markets.map((market) => market.maxLeverage),
      markets.map((market) => market.contractSize),
      markets.map((market) => market.active),
    ],
  )
  const gone = await ctx.db.query<{ symbol: string }>(
    `UPDATE market SET status = 'HALTED', updated_at = clock_timestamp() WHERE exchange = $1 AND status <> 'HALTED' AND NOT symbol = ANY($2::text[]) RETURNING symbol`,
    [exchange, markets.map((market) => market.symbol)],
  )
  if (changed.length + gone.length > 0) ctx.bus.publish('invalidate', { kind: 'markets', ids: [exchange] })
  return markets.length
}
