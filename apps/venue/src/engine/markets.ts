import { abs, fixed, type Fixed, times } from './fixed.ts'

/** One step of the leverage table: from which notional on, how much leverage, how much maintenance margin. */
export interface Bracket {
  readonly bracket: number
  readonly initialLeverage: number
  readonly notionalFloor: Fixed
  readonly notionalCap: Fixed
  readonly maintenanceFraction: Fixed
  /** Makes the maintenance margin continuous across brackets; USDT. */
  readonly cum: Fixed
}

export interface Market {
  readonly symbol: string
  readonly base: string
  readonly quote: 'USDT'
  readonly pricePrecision: number
  readonly quantityPrecision: number
  readonly tickSize: Fixed
  readonly minPrice: Fixed
  readonly maxPrice: Fixed
  readonly stepSize: Fixed
  readonly minQuantity: Fixed
  readonly maxQuantity: Fixed
  readonly marketMaxQuantity: Fixed
  readonly minNotional: Fixed
  readonly multiplierUp: Fixed
  readonly multiplierDown: Fixed
  readonly maxOrders: number
  readonly maxAlgoOrders: number
  readonly brackets: readonly Bracket[]
  readonly maxLeverage: number
  /** Simulated prices wander around this; quote per base. */
  readonly anchorPrice: number
  /** How much livelier than BTCUSDT. */
  readonly volatility: number
  /** Quote amount that one step of the simulated book holds. */
  readonly levelQuote: Fixed
  readonly onboardDate: number
}

/** [cap in USDT, leverage, maintenance margin in percent] per bracket. */
type Tier = readonly [cap: number, leverage: number, maintenancePercent: string]

const majors: readonly Tier[] = [
  [50_000, 125, '0.4'],
  [500_000, 100, '0.5'],
  [10_000_000, 50, '1'],
  [80_000_000, 20, '2.5'],
  [150_000_000, 10, '5'],
  [300_000_000, 5, '10'],
  [450_000_000, 4, '12.5'],
  [600_000_000, 3, '15'],
  [800_000_000, 2, '25'],
  [1_200_000_000, 1, '50'],
]

const large: readonly Tier[] = [
  [50_000, 100, '0.5'],
  [100_000, 75, '0.65'],
  [1_000_000, 50, '1'],
  [10_000_000, 20, '2.5'],
  [20_000_000, 10, '5'],
  [40_000_000, 5, '10'],
  [50_000_000, 4, '12.5'],
  [100_000_000, 2, '25'],
  [200_000_000, 1, '50'],
]

const middle: readonly Tier[] = [
  [10_000, 75, '0.65'],
  [100_000, 50, '1'],
  [1_000_000, 20, '2.5'],
  [3_000_000, 10, '5'],
  [6_000_000, 5, '10'],
  [8_000_000, 4, '12.5'],
  [15_000_000, 2, '25'],
  [30_000_000, 1, '50'],
]

interface Row {
  readonly symbol: string
  readonly price: readonly [tick: string, decimals: number, min: string, max: string]
  readonly lot: readonly [step: string, decimals: number, max: string, marketMax: string]
  readonly minNotional: string
  readonly tiers: readonly Tier[]
  readonly anchor: number
  readonly volatility: number
  readonly levelQuote: string
  readonly onboardDate: number
}

const rows: readonly Row[] = [
  {
    symbol: 'BTCUSDT',
    price: ['0.1', 2, '556.8', '4529764'],
    lot: ['0.001', 3, '1000', '120'],
    minNotional: '100',
    tiers: majors,
    anchor: 65_000,
    volatility: 1,
    levelQuote: '2000000',
    onboardDate: 1569398400000,
  },
  {
    symbol: 'ETHUSDT',
    price: ['0.01', 2, '39.86', '306177'],
    lot: ['0.001', 3, '10000', '2000'],
    minNotional: '20',
    tiers: majors,
    anchor: 3_200,
    volatility: 1.15,
    levelQuote: '1000000',
    onboardDate: 1574841600000,
  },
  {
    symbol: 'SOLUSDT',
    price: ['0.01', 4, '0.42', '6857'],
    lot: ['0.01', 2, '1000000', '80000'],
    minNotional: '5',
    tiers: large,
    anchor: 150,
    volatility: 1.35,
    levelQuote: '400000',
    onboardDate: 1600066800000,
  },
  {
    symbol: 'BNBUSDT',
    price: ['0.01', 3, '6.6', '100000'],
    lot: ['0.01', 2, '100000', '2000'],
    minNotional: '5',
    tiers: large,
    anchor: 600,
    volatility: 1.05,
    levelQuote: '400000',
    onboardDate: 1581318000000,
  },
  {
    symbol: 'XRPUSDT',
    price: ['0.0001', 4, '0.0143', '100000'],
    lot: ['0.1', 1, '10000000', '2000000'],
    minNotional: '5',
    tiers: large,
    anchor: 2.2,
    volatility: 1.3,
    levelQuote: '400000',
    onboardDate: 1569398400000,
  },
  {
    symbol: 'DOGEUSDT',
    price: ['0.00001', 6, '0.00244', '30'],
    lot: ['1', 0, '50000000', '30000000'],
    minNotional: '5',
    tiers: large,
    anchor: 0.18,
    volatility: 1.5,
    levelQuote: '300000',
    onboardDate: 1594364400000,
  },
  {
    symbol: 'ADAUSDT',
    price: ['0.0001', 5, '0.0174', '100000'],
    lot: ['1', 0, '2000000', '300000'],
    minNotional: '5',
    tiers: large,
    anchor: 0.65,
    volatility: 1.4,
    levelQuote: '200000',
    onboardDate: 1580454000000,
  },
  {
    symbol: 'AVAXUSDT',
    price: ['0.001', 4, '0.156', '100000'],
    lot: ['1', 0, '200000', '50000'],
    minNotional: '5',
    tiers: middle,
    anchor: 30,
    volatility: 1.45,
    levelQuote: '150000',
    onboardDate: 1600758000000,
  },
  {
    symbol: 'LINKUSDT',
    price: ['0.001', 3, '0.198', '100000'],
    lot: ['0.01', 2, '200000', '20000'],
    minNotional: '20',
    tiers: large,
    anchor: 16,
    volatility: 1.4,
    levelQuote: '200000',
    onboardDate: 1579158000000,
  },
  {
    symbol: 'DOTUSDT',
    price: ['0.001', 3, '0.038', '100000'],
    lot: ['0.1', 1, '1000000', '80000'],
    minNotional: '5',
    tiers: middle,
    anchor: 5.5,
    volatility: 1.4,
    levelQuote: '150000',
    onboardDate: 1597906800000,
  },
  {
    symbol: 'LTCUSDT',
    price: ['0.01', 2, '3.61', '100000'],
    lot: ['0.001', 3, '10000', '5000'],
    minNotional: '20',
    tiers: large,
    anchor: 90,
    volatility: 1.2,
    levelQuote: '200000',
    onboardDate: 1576638000000,
  },
  {
    symbol: 'BCHUSDT',
    price: ['0.01', 2, '13.93', '100000'],
    lot: ['0.001', 3, '10000', '850'],
    minNotional: '20',
    tiers: large,
    anchor: 450,
    volatility: 1.25,
    levelQuote: '200000',
    onboardDate: 1569398400000,
  },
  {
    symbol: 'TRXUSDT',
    price: ['0.00001', 5, '0.00132', '20000'],
    lot: ['1', 0, '10000000', '5000000'],
    minNotional: '5',
    tiers: middle,
    anchor: 0.26,
    volatility: 0.9,
    levelQuote: '150000',
    onboardDate: 1578985200000,
  },
  {
    symbol: 'NEARUSDT',
    price: ['0.001', 4, '0.042', '20000'],
    lot: ['1', 0, '1000000', '100000'],
    minNotional: '5',
    tiers: middle,
    anchor: 4.2,
    volatility: 1.6,
    levelQuote: '120000',
    onboardDate: 1602658800000,
  },
  {
    symbol: 'ATOMUSDT',
    price: ['0.001', 3, '0.045', '100000'],
    lot: ['0.01', 2, '100000', '20000'],
    minNotional: '5',
    tiers: middle,
    anchor: 6.5,
    volatility: 1.35,
    levelQuote: '120000',
    onboardDate: 1581058800000,
  },
  {
    symbol: 'UNIUSDT',
    price: ['0.001', 4, '0.024', '20000'],
    lot: ['1', 0, '100000', '30000'],
    minNotional: '5',
    tiers: middle,
    anchor: 9,
    volatility: 1.5,
    levelQuote: '120000',
    onboardDate: 1600412400000,
  },
  {
    symbol: 'APTUSDT',
    price: ['0.001', 5, '0.036', '100000'],
    lot: ['0.1', 1, '500000', '50000'],
    minNotional: '5',
    tiers: middle,
    anchor: 7,
    volatility: 1.6,
    levelQuote: '120000',
    onboardDate: 1666076400000,
  },
  {
    symbol: 'ARBUSDT',
    price: ['0.0001', 6, '0.0094', '10000'],
    lot: ['0.1', 1, '5000000', '600000'],
    minNotional: '5',
    tiers: middle,
    anchor: 0.6,
    volatility: 1.6,
    levelQuote: '120000',
    onboardDate: 1679558400000,
  },
  {
    symbol: '1000PEPEUSDT',
    price: ['0.0000001', 7, '0.0000119', '200'],
    lot: ['1', 0, '100000000', '30000000'],
    minNotional: '5',
    tiers: middle,
    anchor: 0.011,
    volatility: 1.8,
    levelQuote: '150000',
    onboardDate: 1683276000000,
  },
  {
    symbol: 'SUIUSDT',
    price: ['0.0001', 6, '0.0037', '20000'],
    lot: ['0.1', 1, '8000000', '600000'],
    minNotional: '5',
    tiers: large,
    anchor: 3.2,
    volatility: 1.6,
    levelQuote: '200000',
    onboardDate: 1683072000000,
  },
]

const bySymbol: ReadonlyMap<string, Market> = new Map(rows.map((row) => [row.symbol, toMarket(row)]))

export const markets: readonly Market[] = [...bySymbol.values()]

export function findMarket(symbol: string): Market | undefined {
  return bySymbol.get(symbol)
}

/** For symbols that were checked before. */
export function marketOf(symbol: string): Market {
  const market = bySymbol.get(symbol)
  if (market === undefined) throw new Error(`No such market: ${symbol}`)
  return market
}

/** USDT. Notional in USDT, of either sign. */
export function maintenanceMargin(market: Market, notional: Fixed): Fixed {
  const size = abs(notional)
  const bracket = market.brackets.find((one) => size < one.notionalCap) ?? market.brackets.at(-1)
  if (bracket === undefined) return 0n
  return times(size, bracket.maintenanceFraction) - bracket.cum
}

/** Largest position notional that this leverage may hold; USDT. */
export function notionalLimit(market: Market, leverage: number): Fixed {
  let limit = 0n
  for (const bracket of market.brackets) if (bracket.initialLeverage >= leverage) limit = bracket.notionalCap
  return limit
}

function toMarket(row: Row): Market {
  const [tick, pricePrecision, minPrice, maxPrice] = row.price
  const [step, quantityPrecision, maxQuantity, marketMax] = row.lot
  return {
    symbol: row.symbol,
    base: row.symbol.slice(0, -'USDT'.length),
    quote: 'USDT',
    pricePrecision,
    quantityPrecision,
    tickSize: fixed(tick),
    minPrice: fixed(minPrice),
    maxPrice: fixed(maxPrice),
    stepSize: fixed(step),
    minQuantity: fixed(step),
    maxQuantity: fixed(maxQuantity),
    marketMaxQuantity: fixed(marketMax),
    minNotional: fixed(row.minNotional),
    multiplierUp: fixed('1.05'),
    multiplierDown: fixed('0.95'),
    maxOrders: 200,
    maxAlgoOrders: 100,
    brackets: toBrackets(row.tiers),
    maxLeverage: row.tiers[0]?.[1] ?? 1,
    anchorPrice: row.anchor,
    volatility: row.volatility,
    levelQuote: fixed(row.levelQuote),
    onboardDate: row.onboardDate,
  }
}

function toBrackets(tiers: readonly Tier[]): readonly Bracket[] {
  let floor = 0n
  let cum = 0n
  let previous = 0n
  return tiers.map(([cap, initialLeverage, percent], index) => {
    const maintenanceFraction = fixed(percent) / 100n
    cum += times(floor, maintenanceFraction - previous)
    const bracket: Bracket = {
      bracket: index + 1,
      initialLeverage,
      notionalFloor: floor,
      notionalCap: fixed(String(cap)),
      maintenanceFraction,
      cum,
    }
    floor = bracket.notionalCap
    previous = maintenanceFraction
    return bracket
  })
}
