import type { Market } from 'ccxt'
import type { Row } from '../binance/fields.ts'
import type { ExchangeBalance, ExchangePosition, ProbedAccount } from '../port.ts'
import type { ReadResponse, RequestInit } from '../transport.ts'
import type { VerdictRow } from '../verdicts/row.ts'

/** As much of CCXT's client as every venue here shares. */
export interface BaseClient {
  options: Record<string, unknown>
  markets_by_id?: Record<string, Market[]> | undefined
  loadMarkets(reload?: boolean): Promise<unknown>
  setMarketsFromExchange(other: unknown): unknown
}

/** What a client is built with, the same for every venue. */
export interface ClientSettings {
  readonly enableRateLimit: false
  readonly timeout: number
  readonly fetchImplementation: (url: string, init: RequestInit) => Promise<ReadResponse>
  readonly enableLastHttpResponse: false
  readonly enableLastJsonResponse: false
  readonly enableLastResponseHeaders: false
  readonly apiKey?: string
  readonly secret?: string
  readonly password?: string
  readonly options: Record<string, unknown>
}

export type ProbeOfVenue = Omit<ProbedAccount, 'clockOffsetMs' | 'openPositions' | 'equity'>

/** How one exchange is asked what a key may do and an account holds. Every call is CCXT's own, signed as for an order. */
export interface ReadOnlyVenue<Client extends BaseClient> {
  readonly verdicts: readonly VerdictRow[]
  build(settings: ClientSettings, demo: boolean): Client
  /** Exchange clock, epoch ms. */
  serverTime(client: Client): Promise<number>
  key(client: Client): Promise<ProbeOfVenue>
  balance(client: Client): Promise<ExchangeBalance>
  /** Rows of open positions as the exchange writes them. */
  positionRows(client: Client): Promise<readonly Row[]>
  /** `market` is undefined where the exchange lists a position in a market it does not describe. */
  position(row: Row, market: Market | undefined): ExchangePosition
  marketIdOf(row: Row): string
}

/** No key rights told. */
export const NOTHING_TOLD: ProbeOfVenue['permissions'] = { read: null, trade: null, futures: null, withdraw: null, transfer: null }

/** An account's own id, written as a number or as text. */
export function uidOf(value: unknown): string | null {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? String(value) : null
}

/** A list as exchanges write it in one text: `1.1.1.1,2.2.2.2`. */
export function listInText(text: unknown): string[] {
  return typeof text === 'string' ? text.split(/[\s,|]+/).filter((part) => part !== '') : []
}
