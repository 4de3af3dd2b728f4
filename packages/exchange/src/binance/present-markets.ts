import type { MarketInterface } from 'ccxt'
import { Decimal } from 'decimal.js'
import type { Candle, MarketInfo } from '../port.ts'
import { count, listOf, plain, type Row, rowsOf, text } from './fields.ts'

/** Brackets are told to key holders only; until one has asked, what every perpetual allows. */
const LEVERAGE_WITHOUT_BRACKETS = 20

const QUOTE = 'USDT'

/** What we trade: perpetuals in USDT. */
export const isTraded = (market: MarketInterface | undefined): market is TradedMarket =>
  market?.swap === true && market.linear === true && market.quote === QUOTE && market.settle === QUOTE

type TradedMarket = MarketInterface & { readonly id: string; readonly base: string; readonly quote: string }

export function presentMarket(market: TradedMarket, maxLeverage: number | undefined): MarketInfo {
  const { limits, precision } = market
  return {
    symbol: market.symbol,
    marketId: market.id,
    base: market.base,
    quote: market.quote,
    tickSize: numeral(precision.price),
    stepSize: numeral(precision.amount),
    minQuantity: numeral(limits.amount?.min),
    maxQuantity: limits.market?.max === undefined ? null : numeral(limits.market.max),
    minNotional: numeral(limits.cost?.min),
    maxLeverage: maxLeverage ?? LEVERAGE_WITHOUT_BRACKETS,
    contractSize: numeral(market.contractSize ?? 1),
    active: market.active !== false,
  }
}

/** Highest leverage by market id. */
export function presentBrackets(rows: readonly Row[]): ReadonlyMap<string, number> {
  return new Map(
    rows.map((row) => [text(row, 'symbol'), Math.max(...rowsOf(row['brackets']).map((bracket) => count(bracket, 'initialLeverage')))]),
  )
}

/** @throws Unreadable */
export function presentCandle(value: unknown): Candle {
  const [start, open, high, low, close, volume] = listOf(value)
  return {
    startMs: Number(plain(start, 'start')),
    open: plain(open, 'open'),
    high: plain(high, 'high'),
    low: plain(low, 'low'),
    close: plain(close, 'close'),
    volume: plain(volume, 'volume'),
  }
}

function numeral(value: number | undefined): string {
  return new Decimal(value ?? 0).toFixed()
}
