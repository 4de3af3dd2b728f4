import { candleBetween, type Candle, intervals, type PriceKind } from '../../engine/candles.ts'
import { formatFixed, over } from '../../engine/fixed.ts'
import { type Market, markets } from '../../engine/markets.ts'
import { FUNDING_INTERVAL_MS, fundingRateAt } from '../../engine/prices.ts'
import { bookLevel, quoteAt } from '../../engine/quotes.ts'
import { WireError } from './errors.ts'
import { presentExchangeInfo } from './exchange-info.ts'
import type { Params } from './request.ts'
import { open, type Route, type RouteContext } from './route.ts'

export const marketRoutes: readonly Route[] = [
  open('GET /fapi/v1/ping', () => ({})),
  open('GET /fapi/v1/time', ({ nowMs }) => ({ serverTime: nowMs })),
  open('GET /fapi/v1/exchangeInfo', ({ nowMs }) => presentExchangeInfo(nowMs)),
  open('GET /fapi/v1/ticker/24hr', forOneOrAll(presentDay)),
  open('GET /fapi/v1/ticker/price', forOneOrAll(presentPrice)),
  open('GET /fapi/v2/ticker/price', forOneOrAll(presentPrice)),
  open('GET /fapi/v1/ticker/bookTicker', forOneOrAll(presentBest)),
  open('GET /fapi/v1/premiumIndex', forOneOrAll(presentPremium)),
  open('GET /fapi/v1/fundingRate', presentFundingRates),
  open('GET /fapi/v1/fundingInfo', () => []),
  open('GET /fapi/v1/klines', (context) => presentKlines(context, 'last')),
  open('GET /fapi/v1/markPriceKlines', (context) => presentKlines(context, 'mark')),
  open('GET /fapi/v1/indexPriceKlines', (context) => presentKlines(context, 'mark')),
  open('GET /fapi/v1/depth', presentDepth),
]

function forOneOrAll(present: (context: RouteContext, market: Market) => unknown) {
  return (context: RouteContext): unknown => {
    const market = context.params.optionalMarket()
    return market === undefined ? markets.map((one) => present(context, one)) : present(context, market)
  }
}

function presentPrice({ exchange, nowMs }: RouteContext, market: Market): unknown {
  return {
    symbol: market.symbol,
    price: formatFixed(quoteAt(exchange.state, market.symbol, nowMs).last, market.pricePrecision),
    time: nowMs,
  }
}

function presentBest({ exchange, nowMs }: RouteContext, market: Market): unknown {
  const quote = quoteAt(exchange.state, market.symbol, nowMs)
  const bid = bookLevel(market, quote, 'SELL', 0)
  const ask = bookLevel(market, quote, 'BUY', 0)
  return {
    symbol: market.symbol,
    bidPrice: formatFixed(bid.price, market.pricePrecision),
    bidQty: formatFixed(bid.quantity, market.quantityPrecision),
    askPrice: formatFixed(ask.price, market.pricePrecision),
    askQty: formatFixed(ask.quantity, market.quantityPrecision),
    time: nowMs,
    lastUpdateId: nowMs,
  }
}

function presentPremium({ exchange, nowMs }: RouteContext, market: Market): unknown {
  const next = (Math.floor(nowMs / FUNDING_INTERVAL_MS) + 1) * FUNDING_INTERVAL_MS
  const mark = formatFixed(quoteAt(exchange.state, market.symbol, nowMs).mark)
  return {
    symbol: market.symbol,
    markPrice: mark,
    indexPrice: mark,
    estimatedSettlePrice: mark,
    lastFundingRate: formatFixed(fundingRateAt(exchange.state.seed, market, next)),
    interestRate: '0.00010000',
    nextFundingTime: next,
    time: nowMs,
  }
}

const DAY_MS = 86_400_000

function presentDay({ exchange, nowMs }: RouteContext, market: Market): unknown {
  const startMs = Math.floor((nowMs - DAY_MS) / 60_000) * 60_000
  const day = dayOf(exchange.state, market.symbol, startMs, nowMs)
  const price = (value: bigint): string => formatFixed(value, market.pricePrecision)
  return {
    symbol: market.symbol,
    priceChange: price(day.close - day.open),
    priceChangePercent: formatFixed(over(day.close - day.open, day.open) * 100n, 3),
    weightedAvgPrice: price(day.volumeBase === 0n ? day.close : over(day.volumeQuote, day.volumeBase)),
    lastPrice: price(day.close),
    lastQty: formatFixed(market.minQuantity, market.quantityPrecision),
    openPrice: price(day.open),
    highPrice: price(day.high),
    lowPrice: price(day.low),
    volume: formatFixed(day.volumeBase, market.quantityPrecision),
    quoteVolume: formatFixed(day.volumeQuote, 2),
    openTime: startMs,
    closeTime: nowMs,
    firstId: 1,
    lastId: day.trades,
    count: day.trades,
  }
}

function dayOf(state: RouteContext['exchange']['state'], symbol: string, startMs: number, nowMs: number): Candle {
  return candleBetween(state, symbol, { startMs, endMs: nowMs, untilMs: nowMs }, 'last')
}

function presentKlines({ candles, params, nowMs }: RouteContext, kind: PriceKind): unknown {
  const interval = params.text('interval')
  if (intervals[interval] === undefined) throw new WireError(-1120, 'Invalid interval.')
  const market = params.optional('symbol') === undefined && params.optional('pair') !== undefined ? pairOf(params) : params.market()
  const found = candles.read({
    symbol: market.symbol,
    interval,
    kind,
    limit: limitOf(params, 500, 1500),
    startMs: params.integer('startTime'),
    endMs: params.integer('endTime'),
    nowMs,
  })
  const price = (value: bigint): string => formatFixed(value, kind === 'mark' ? 8 : market.pricePrecision)
  return found.map((one) => [
    one.startMs,
    price(one.open),
    price(one.high),
    price(one.low),
    price(one.close),
    kind === 'mark' ? '0' : formatFixed(one.volumeBase, market.quantityPrecision),
    one.endMs - 1,
    kind === 'mark' ? '0' : formatFixed(one.volumeQuote, 5),
    one.trades,
    kind === 'mark' ? '0' : formatFixed(one.volumeBase / 2n, market.quantityPrecision),
    kind === 'mark' ? '0' : formatFixed(one.volumeQuote / 2n, 5),
    '0',
  ])
}

function pairOf(params: Params): Market {
  const market = markets.find((one) => one.symbol === params.optional('pair'))
  if (market === undefined) throw new WireError(-1121, 'Invalid symbol.')
  return market
}

function presentFundingRates({ exchange, params, nowMs }: RouteContext): unknown {
  const market = params.optionalMarket() ?? markets[0]
  if (market === undefined) return []
  const limit = limitOf(params, 100, 1000)
  const last = Math.floor(Math.min(params.integer('endTime') ?? nowMs, nowMs) / FUNDING_INTERVAL_MS)
  const since = params.integer('startTime')
  const first = since === undefined ? last - limit + 1 : Math.ceil(since / FUNDING_INTERVAL_MS)
  return Array.from({ length: Math.max(0, Math.min(limit, last - first + 1)) }, (_, index) => {
    const fundingTime = (first + index) * FUNDING_INTERVAL_MS
    return {
      symbol: market.symbol,
      fundingTime,
      fundingRate: formatFixed(fundingRateAt(exchange.state.seed, market, fundingTime)),
      markPrice: formatFixed(quoteAt(exchange.state, market.symbol, fundingTime).mark),
    }
  })
}

function presentDepth({ exchange, params, nowMs }: RouteContext): unknown {
  const market = params.market()
  const quote = quoteAt(exchange.state, market.symbol, nowMs)
  const levels = (side: 'BUY' | 'SELL') =>
    Array.from({ length: limitOf(params, 20, 100) }, (_, index) => {
      const level = bookLevel(market, quote, side, index)
      return [formatFixed(level.price, market.pricePrecision), formatFixed(level.quantity, market.quantityPrecision)]
    })
  return { lastUpdateId: nowMs, E: nowMs, T: nowMs, bids: levels('SELL'), asks: levels('BUY') }
}

function limitOf(params: Params, standard: number, most: number): number {
  return Math.min(Math.max(params.integer('limit') ?? standard, 1), most)
}
