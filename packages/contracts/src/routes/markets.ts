import { z } from 'zod'
import { defineRoute } from '../http.ts'
import { DecimalString } from '../units.ts'

export const MarketView = z.object({
  exchange: z.string(),
  symbol: z.string(),
  marketId: z.string(),
  base: z.string(),
  quote: z.string(),
  tickSize: DecimalString,
  stepSize: DecimalString,
  minQuantity: DecimalString,
  minNotional: DecimalString,
  maxLeverage: z.number().int(),
  status: z.string(),
})
export type MarketView = z.infer<typeof MarketView>

const SymbolParam = z.object({ symbol: z.string().min(3).max(40) })

export const listMarkets = defineRoute({
  method: 'GET',
  path: '/api/markets',
  policy: 'public',
  summary: 'Markets that can be traded.',
  response: z.array(MarketView),
})

export const getMarket = defineRoute({
  method: 'GET',
  path: '/api/markets/:symbol',
  policy: 'public',
  summary: 'One market, by BTCUSDT, BTCUSDT.P or BTC/USDT:USDT (slashes encoded).',
  params: SymbolParam,
  response: MarketView,
  errors: ['MARKET_NOT_FOUND'],
})

export const Ticker = z.object({ symbol: z.string(), markPrice: DecimalString, at: z.string() })

export const getTicker = defineRoute({
  method: 'GET',
  path: '/api/markets/:symbol/ticker',
  policy: 'public',
  summary: 'Last mark price.',
  params: SymbolParam,
  response: Ticker,
  errors: ['MARKET_NOT_FOUND', 'EXCHANGE_UNAVAILABLE'],
})

export const KLINE_INTERVALS = ['1m', '5m', '15m', '1h', '4h', '1d'] as const

/** time is the candle's start, UTC seconds. */
export const Kline = z.object({
  time: z.number().int(),
  open: DecimalString,
  high: DecimalString,
  low: DecimalString,
  close: DecimalString,
  volume: DecimalString,
})
export type Kline = z.infer<typeof Kline>

export const getKlines = defineRoute({
  method: 'GET',
  path: '/api/markets/:symbol/klines',
  policy: 'public',
  summary: 'Candles, oldest first.',
  params: SymbolParam,
  query: z.object({ interval: z.enum(KLINE_INTERVALS).default('1m'), limit: z.coerce.number().int().min(1).max(1000).default(300) }),
  response: z.array(Kline),
  errors: ['MARKET_NOT_FOUND', 'EXCHANGE_UNAVAILABLE'],
})
