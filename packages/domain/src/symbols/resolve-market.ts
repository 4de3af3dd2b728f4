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
  /** Base in one contract; 1 where it is not said. */
  readonly contractSize?: string
  readonly status: string
}

export type MarketIndex = ReadonlyMap<string, DecisionMarket>

/** Markets by bare name: BTCUSDT. */
export function indexMarkets(markets: readonly DecisionMarket[]): MarketIndex {
  return new Map(markets.flatMap((market) => namesOf(market).map((name) => [name, market] as const)))
}

function namesOf({ marketId, base, quote }: DecisionMarket): string[] {
  return [...new Set([marketId.toUpperCase(), `${base}${quote}`.toUpperCase()])]
}

export interface Resolved {
  readonly market: DecisionMarket
  /** The ticker is the spot pair's: it means the perpetual only where the settings say so. */
  readonly isSpotTicker: boolean
}

/**
 * The perpetual a ticker means: BTCUSDT.P, BTCUSDTPERP, BTC-USDT-SWAP and BTC/USDT:USDT name it themselves, a bare BTCUSDT is the spot pair.
 * @returns `null` for what is no market here
 */
export function resolveMarket(ticker: string, markets: MarketIndex): Resolved | null {
  const { name, isPerpetual } = bareName(ticker)
  const market = markets.get(name)
  return market === undefined ? null : { market, isSpotTicker: !isPerpetual }
}

/** Whether two ways of writing a symbol mean the same market: BTCUSDT, BTCUSDT.P, BTC/USDT:USDT. */
export function isSameSymbol(a: string, b: string): boolean {
  return bareName(a).name === bareName(b).name
}

function bareName(ticker: string): { name: string; isPerpetual: boolean } {
  const upper = ticker.trim().toUpperCase()
  const settled = /^([A-Z0-9]+)\/([A-Z0-9]+):\2$/.exec(upper)
  if (settled !== null) return { name: `${settled[1] ?? ''}${settled[2] ?? ''}`, isPerpetual: true }
  // What is left of a colon can only be the exchange.
  const plain = upper.slice(upper.indexOf(':') + 1).replaceAll(/[/_-]/g, '')
  const marked = /^([A-Z0-9]+?)(\.P|\.PERP|\.PM|PERP|SWAP)$/.exec(plain)
  return marked === null ? { name: plain, isPerpetual: false } : { name: marked[1] ?? plain, isPerpetual: true }
}
