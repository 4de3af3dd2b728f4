import { CERTIFIED_EXCHANGES } from '@matic/contracts'
import { createBinanceExchange } from './binance/exchange.ts'
import type { ExchangePort } from './port.ts'
import { createRequestBudget, type RequestLimit } from './request-budget.ts'
import { BITGET } from './readonly/bitget.ts'
import { BYBIT } from './readonly/bybit.ts'
import { createReadOnlyExchange } from './readonly/exchange.ts'
import { OKX } from './readonly/okx.ts'

export { createBinanceExchange, type BinanceOptions } from './binance/exchange.ts'
export type * from './port.ts'
export { createRequestBudget, type RequestLimit } from './request-budget.ts'

export interface ExchangesOptions {
  /** The venue, where PAPER trades. */
  venueUrl: string
  /** Epoch ms, ours. */
  clock: { now(): number }
  timings: { requestTimeoutMs: number; recvWindowMs: number; streamSilenceMs: number }
  /** What one address may ask of an exchange, by `exchangeKey`; anything where none stands. */
  requestLimits?: ReadonlyMap<string, RequestLimit>
}

/** Every exchange an account may name, by `exchangeKey`. Only certified ones trade; the others are asked about keys and balances. */
export function createExchanges({ venueUrl, clock, timings, requestLimits }: ExchangesOptions): ReadonlyMap<string, ExchangePort> {
  const shared = {
    clock,
    requestTimeoutMs: timings.requestTimeoutMs,
    recvWindowMs: timings.recvWindowMs,
    streamSilenceMs: timings.streamSilenceMs,
  }
  const budgetOf = (exchange: string) => {
    const limit = requestLimits?.get(exchange)
    return limit && createRequestBudget(limit)
  }
  const certified = (exchange: string) => CERTIFIED_EXCHANGES.includes(exchange)
  const ports: ExchangePort[] = [
    createBinanceExchange({ ...shared, exchange: 'PAPER', certified: certified('PAPER'), baseUrl: venueUrl, budget: budgetOf('PAPER') }),
  ]
  for (const demo of [false, true]) {
    const key = (exchange: string) => exchangeKey({ exchange, environment: demo ? 'DEMO' : 'LIVE' })
    ports.push(
      createBinanceExchange({
        ...shared,
        exchange: key('BINANCE'),
        certified: certified(key('BINANCE')),
        demo,
        budget: budgetOf(key('BINANCE')),
      }),
      createReadOnlyExchange(OKX, { ...shared, exchange: key('OKX'), demo }),
      createReadOnlyExchange(BITGET, { ...shared, exchange: key('BITGET'), demo }),
      createReadOnlyExchange(BYBIT, { ...shared, exchange: key('BYBIT'), demo }),
    )
  }
  return new Map(ports.map((port) => [port.exchange, port]))
}

/** The demo side of an exchange is an exchange of its own: other hosts, other keys. */
export function exchangeKey({ exchange, environment }: { exchange: string; environment: string }): string {
  return environment === 'DEMO' ? `${exchange}-DEMO` : exchange
}
