import type { ReasonCode } from '@matic/contracts'

/** One market's identity and filters as decisions need them. Quantities base, tick quote per base, minNotional quote. */
export interface DecisionMarket {
  readonly symbol: string
  readonly marketId: string
  readonly base: string
  readonly quote: string
  readonly tickSize: string
  readonly stepSize: string
  readonly minQuantity: string
  readonly maxQuantity: string | null
  readonly minNotional: string
  readonly maxLeverage: number
  readonly status: string
}

export type MarketIndex = ReadonlyMap<string, DecisionMarket>

/** Markets by bare name: BTCUSDT. */
export function indexMarkets(markets: readonly DecisionMarket[]): MarketIndex {
  return new Map(markets.flatMap((market) => [...new Set([market.marketId.toUpperCase(), `${market.base}${market.quote}`.toUpperCase()])].map((name) => [name, market] as const)))
}

export type Resolved = { readonly ok: true; readonly market: DecisionMarket } | { readonly ok: false; readonly reason: ReasonCode }

/**
 * The perpetual a ticker means: BTCUSDT.P, BTCUSDTPERP, BTC-USDT-SWAP and BTC/USDT:USDT name it themselves; a bare BTCUSDT is the
 * spot pair and means the perpetual only where the settings say so.
 */
export function resolveMarket(ticker: string, markets: MarketIndex, { spotTickerToPerp }: { spotTickerToPerp: boolean }): Resolved {
  const { name, isPerpetual } = bareName(ticker)
  const market = markets.get(name)
  if (market === undefined) return { ok: false, reason: 'SYMBOL_UNKNOWN' }
  if (!isPerpetual && !spotTickerToPerp) return { ok: false, reason: 'SPOT_TICKER_REFUSED' }
  return { ok: true, market }
}

/** Whether two ways of writing a symbol mean the same market: BTCUSDT, BTCUSDT.P, BTC/USDT:USDT. */
export function isSameSymbol(a: string, b: string): boolean {
  return bareName(a).name === bareName(b).name
}

function bareName(ticker: string): { name: string; isPerpetual: boolean } {
  const upper = ticker.trim().toUpperCase().replace(/^[A-Z]{2,12}:(?=[A-Z0-9]+(\.P|PERP)?$)/, '')
  const settled = /^([A-Z0-9]+)\/([A-Z0-9]+):\2$/.exec(upper)
  if (settled !== null) return { name: `${settled[1] ?? ''}${settled[2] ?? ''}`, isPerpetual: true }
  const swap = /^([A-Z0-9]+)[-_]([A-Z0-9]+)[-_](SWAP|PERP)$/.exec(upper)
  if (swap !== null) return { name: `${swap[1] ?? ''}${swap[2] ?? ''}`, isPerpetual: true }
  const marked = /^([A-Z0-9]+?)(\.P|\.PERP|PERP|\.PM)$/.exec(upper)
  if (marked !== null) return { name: marked[1] ?? upper, isPerpetual: true }
  return { name: upper.replaceAll(/[/_-]/g, ''), isPerpetual: false }
}
