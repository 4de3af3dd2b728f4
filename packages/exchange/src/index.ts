import { createBinanceExchange } from './binance/exchange.ts'
import type { ExchangePort } from './port.ts'

export { createBinanceExchange, type BinanceOptions } from './binance/exchange.ts'
export type * from './port.ts'

export interface ExchangesOptions {
  /** The venue, where PAPER trades. */
  venueUrl: string
  /** Epoch ms, ours. */
  clock: { now(): number }
  timings: { requestTimeoutMs: number; recvWindowMs: number }
}

/** Every exchange an account may name. Live ones refuse to trade until their conformance suite passes. */
export function createExchanges({ venueUrl, clock, timings }: ExchangesOptions): ReadonlyMap<string, ExchangePort> {
  const shared = { clock, requestTimeoutMs: timings.requestTimeoutMs, recvWindowMs: timings.recvWindowMs }
  return new Map([
    ['PAPER', createBinanceExchange({ ...shared, exchange: 'PAPER', certified: true, baseUrl: venueUrl })],
    ['BINANCE', createBinanceExchange({ ...shared, exchange: 'BINANCE', certified: false })],
  ])
}
