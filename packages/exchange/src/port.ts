import type { RequestBudget, Turns } from './request-budget.ts'
import type { AccountProbe, DecimalString, OrderType, ReasonCode, Side } from '@matic/contracts'

export type { OrderKind, RequestBudget, Turns } from './request-budget.ts'

/** Opened credentials; live in a worker's memory only, never logged. */
export interface Credentials {
  readonly apiKey: string
  readonly secret: string
  readonly passphrase?: string
}

export interface AccountHandle {
  readonly accountId: string
  readonly credentials: Credentials
  /** ONE_WAY | HEDGE as last read. */
  readonly positionMode: 'ONE_WAY' | 'HEDGE'
  /** Where an address may ask only so much: what was taken for the things that are asked with it. */
  readonly turns?: Turns | undefined
}

/** What a key may do, and whose it is. */
export interface ProbedAccount extends AccountProbe {
  /** The exchange's own id of the account, the same for each of its keys; null where it is not told. */
  readonly uid: string | null
}

/** Filters of one market. Steps and limits are base quantity; tick is quote per base; minNotional quote. */
export interface MarketInfo {
  readonly symbol: string
  readonly marketId: string
  readonly base: string
  readonly quote: string
  readonly tickSize: DecimalString
  readonly stepSize: DecimalString
  readonly minQuantity: DecimalString
  readonly maxQuantity: DecimalString | null
  readonly minNotional: DecimalString
  readonly maxLeverage: number
  readonly contractSize: DecimalString
  readonly active: boolean
}

/** What is sent for one order. quantityBase is null only with closePosition. */
export interface OrderRequest {
  readonly clientOrderId: string
  readonly symbol: string
  readonly side: Side
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly type: OrderType
  readonly quantityBase: DecimalString | null
  readonly price: DecimalString | null
  readonly triggerPrice: DecimalString | null
  readonly reduceOnly: boolean
  /** How far a trailing stop lets the price come back, percent; its triggerPrice is where it begins, null at once. */
  readonly callbackPercent?: DecimalString | null
  /** Trigger order that closes whatever is there; stop-market and take-profit-market only. Without it they reduce by their quantity. */
  readonly closePosition: boolean
}

/** Pins signature time and its validity, so that an expired owner's request is refused by the exchange itself. */
export interface Signing {
  /** Exchange clock, epoch ms. */
  readonly timestampMs: number
  readonly recvWindowMs: number
}

export type ExchangeOrderStatus = 'open' | 'partial' | 'filled' | 'canceled' | 'expired' | 'rejected'

export interface ExchangeOrder {
  readonly clientOrderId: string
  /** Of a trigger that has fired: the order that it made, which its fills name. */
  readonly exchangeOrderId: string
  readonly symbol: string
  readonly side: Side
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly type: OrderType
  readonly status: ExchangeOrderStatus
  readonly quantityBase: DecimalString | null
  readonly filledBase: DecimalString
  readonly averagePrice: DecimalString | null
  readonly price: DecimalString | null
  readonly triggerPrice: DecimalString | null
  /** Of a trailing stop: how far it lets the price come back, percent; its triggerPrice is where it begins. Null where that is not told. */
  readonly callbackPercent?: DecimalString | null
  readonly reduceOnly: boolean
  readonly closePosition: boolean
  /** True for orders of the conditional (algo) service. */
  readonly isTrigger: boolean
  readonly updatedAtMs: number
}

export interface ExchangePosition {
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly side: 'LONG' | 'SHORT'
  readonly quantityBase: DecimalString
  readonly entryPrice: DecimalString
  readonly markPrice: DecimalString
  readonly liquidationPrice: DecimalString | null
  readonly leverage: number | null
  readonly marginMode: 'cross' | 'isolated' | null
  readonly margin: DecimalString | null
  readonly unrealizedPnl: DecimalString
}

/** Quote currency amounts. */
export interface ExchangeBalance {
  readonly walletBalance: DecimalString
  readonly available: DecimalString
  readonly unrealizedPnl: DecimalString
  readonly equity: DecimalString
  readonly marginUsed: DecimalString
}

/** What one request tells of an account. */
export interface AccountLook {
  readonly balance: ExchangeBalance
  /** No position is open. */
  readonly isFlat: boolean
}

export interface ExchangeFill {
  readonly tradeId: string
  readonly exchangeOrderId: string
  readonly symbol: string
  readonly side: Side
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly quantityBase: DecimalString
  readonly price: DecimalString
  readonly fee: DecimalString
  readonly feeCurrency: string
  readonly realizedPnl: DecimalString | null
  readonly atMs: number
}

export interface ExchangeIncome {
  readonly venueId: string
  readonly type: 'TRANSFER' | 'COMMISSION' | 'FUNDING_FEE' | 'REALIZED_PNL' | 'INSURANCE_CLEAR' | 'OTHER'
  readonly amount: DecimalString
  readonly currency: string
  readonly symbol: string | null
  readonly atMs: number
}

/** startMs is the candle's open, epoch ms. */
export interface Candle {
  readonly startMs: number
  readonly open: DecimalString
  readonly high: DecimalString
  readonly low: DecimalString
  readonly close: DecimalString
  readonly volume: DecimalString
}

/**
 * What a failed call means. `execution`: did the order provably not happen? `retryable`: could another try work?
 * `verdict` names the row of the verdict table that decided.
 */
export interface ExchangeFailure {
  readonly verdict: 'ADOPT' | 'REJECTED' | 'MOOT' | 'NO_OP' | 'CLOCK' | 'BACK_OFF' | 'OVERLOAD' | 'AUTH' | 'NOT_FOUND' | 'UNKNOWN'
  readonly execution: 'not-sent' | 'refused' | 'unknown'
  readonly retryable: boolean
  /** Raw exchange code such as -2019, an HTTP status, or a transport name. */
  readonly code: string
  /** Scrubbed of addresses, keys and signatures. */
  readonly text: string
  readonly reason: ReasonCode
  readonly retryAfterMs: number | null
}

export type ExchangeResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: ExchangeFailure }

/** One private stream that stands. */
export interface UserStream {
  /** The exchange has answered on it lately. */
  isHealthy(): boolean
  /** `ended` is called for this too. */
  close(): void
}

export interface UserStreamListener {
  /** Something happened to the account. Never what: only a reading is believed. */
  news(): void
  /** Once; nothing is heard any more, for whatever reason (a code). What happened from here on must be read. */
  ended(why: string): void
}

/**
 * The one way to an exchange. Every method answers a result and throws only on a broken assumption.
 * Nothing here retries: whoever calls decides what a failure means.
 */
export interface ExchangePort {
  readonly exchange: string
  readonly capabilities: ExchangeCapabilities
  /** What may be asked from this address. Orders are taken out of it before they are written ahead, everything else when it leaves. */
  readonly budget?: RequestBudget | undefined

  /** Exchange clock minus ours in ms, measured with the round trip halved. */
  measureClock(): Promise<ExchangeResult<{ offsetMs: number; errorMs: number }>>
  loadMarkets(): Promise<ExchangeResult<readonly MarketInfo[]>>
  /** Marks of all markets by unified symbol. */
  fetchMarks(): Promise<ExchangeResult<{ atMs: number; marks: Readonly<Record<string, DecimalString>> }>>
  fetchCandles(input: { symbol: string; interval: string; limit: number }): Promise<ExchangeResult<readonly Candle[]>>

  createOrder(account: AccountHandle, order: OrderRequest, signing: Signing): Promise<ExchangeResult<ExchangeOrder>>
  cancelOrder(
    account: AccountHandle,
    order: { symbol: string; clientOrderId: string; isTrigger: boolean },
    signing?: Signing,
  ): Promise<ExchangeResult<null>>
  /** NOT_FOUND is a negative answer; any other failure says nothing about the order. */
  findOrder(
    account: AccountHandle,
    order: { symbol: string; clientOrderId: string; isTrigger: boolean },
  ): Promise<ExchangeResult<ExchangeOrder>>
  /** Plain and conditional orders together. */
  fetchOpenOrders(account: AccountHandle, symbol?: string): Promise<ExchangeResult<readonly ExchangeOrder[]>>
  /** Open positions only; flat ones are left out. */
  fetchPositions(account: AccountHandle): Promise<ExchangeResult<readonly ExchangePosition[]>>
  fetchBalance(account: AccountHandle): Promise<ExchangeResult<ExchangeBalance>>
  /** One request: enough to see whether an account that held nothing still is as it was. */
  lookIn(account: AccountHandle): Promise<ExchangeResult<AccountLook>>
  /** Own fills of a symbol since a time, oldest first, at most 1,000. */
  fetchFills(account: AccountHandle, input: { symbol: string; sinceMs: number }): Promise<ExchangeResult<readonly ExchangeFill[]>>
  /** Exchange order ids of what the exchange itself took from a symbol since a time: liquidation and deleveraging, which fills do not tell apart. */
  fetchForcedOrders(account: AccountHandle, input: { symbol: string; sinceMs: number }): Promise<ExchangeResult<readonly string[]>>
  fetchIncome(account: AccountHandle, input: { sinceMs: number }): Promise<ExchangeResult<readonly ExchangeIncome[]>>

  /** "Already so" answers count as done. */
  setLeverage(account: AccountHandle, input: { symbol: string; leverage: number }): Promise<ExchangeResult<null>>
  setMarginMode(account: AccountHandle, input: { symbol: string; marginMode: 'cross' | 'isolated' }): Promise<ExchangeResult<null>>
  /** Quote currency into an isolated position, or (below zero) out of it. Never repeated on its own: each call moves money. */
  changeMargin(
    account: AccountHandle,
    input: { symbol: string; positionSide: 'BOTH' | 'LONG' | 'SHORT'; amount: DecimalString },
  ): Promise<ExchangeResult<null>>
  fetchPositionMode(account: AccountHandle): Promise<ExchangeResult<'ONE_WAY' | 'HEDGE'>>

  /** What the key may do and how the account is set, for the account doctor. AUTH: the key is not taken. */
  probeAccount(account: AccountHandle): Promise<ExchangeResult<ProbedAccount>>

  /** Listens to what happens to the account, on one connection, until it ends. Only where `capabilities.userStream` says so. */
  openUserStream(account: AccountHandle, listener: UserStreamListener): Promise<ExchangeResult<UserStream>>

  /** Forget a client built for credentials that changed. */
  forget(accountId: string): void
  close(): Promise<void>
}

/** What the exchange really supports. An order whose protection it cannot hold is refused, never sent bare. */
export interface ExchangeCapabilities {
  /** The conformance suite passes; otherwise opens are refused VENUE_NOT_CERTIFIED. */
  readonly certified: boolean
  readonly attachedProtection: boolean
  /** It tells an account's owner what happens the moment it happens. */
  readonly userStream: boolean
  /** Stop and target that close whatever is there, without a quantity. */
  readonly closePositionTriggers: boolean
  readonly reduceOnlyInHedgeMode: boolean
  readonly trailing: 'none' | 'percent' | 'amount'

  readonly clientOrderIdUniqueness: 'open-orders' | 'always'
  readonly clientOrderIdMaxLength: number
  readonly maxRecvWindowMs: number
  /** Default fees as fractions of notional. */
  readonly takerFeeFraction: DecimalString
  readonly makerFeeFraction: DecimalString
}
