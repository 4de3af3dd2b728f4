import type { Fixed } from './fixed.ts'
import type { News } from './news.ts'

export type Side = 'BUY' | 'SELL'
export type PositionSide = 'BOTH' | 'LONG' | 'SHORT'
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTX' | 'GTE_GTC'
export type WorkingType = 'MARK_PRICE' | 'CONTRACT_PRICE'
export type OrderStatus = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED'
export type AlgoStatus = 'NEW' | 'CANCELED' | 'FINISHED' | 'REJECTED' | 'EXPIRED'
export type AlgoType = 'STOP' | 'STOP_MARKET' | 'TAKE_PROFIT' | 'TAKE_PROFIT_MARKET' | 'TRAILING_STOP_MARKET'

export interface Order {
  readonly id: number
  readonly ref: string
  readonly clientOrderId: string
  readonly symbol: string
  readonly side: Side
  readonly positionSide: PositionSide
  readonly type: 'MARKET' | 'LIMIT'
  /** What was asked for: differs from `type` for orders that a trigger made. */
  readonly origType: 'MARKET' | 'LIMIT' | 'LIQUIDATION' | AlgoType
  readonly timeInForce: TimeInForce
  readonly reduceOnly: boolean
  readonly closePosition: boolean
  /** The conditional order that made this one; 0 = none. */
  readonly algoId: number
  readonly stopPrice: Fixed
  readonly createdAt: number
  quantity: Fixed
  /** 0 for market orders. */
  price: Fixed
  status: OrderStatus
  executed: Fixed
  /** USDT. */
  executedQuote: Fixed
  updatedAt: number
  /** A market order told to fill in parts: what is left to come, and when. */
  parts: { at: number; quantity: Fixed }[]
  readonly tradeIds: number[]
}

export interface AlgoOrder {
  readonly id: number
  readonly ref: string
  readonly clientAlgoId: string
  readonly symbol: string
  readonly side: Side
  readonly positionSide: PositionSide
  readonly type: AlgoType
  readonly timeInForce: TimeInForce
  readonly reduceOnly: boolean
  readonly closePosition: boolean
  readonly workingType: WorkingType
  /** 0 with closePosition. */
  readonly quantity: Fixed
  /** Limit price of STOP and TAKE_PROFIT, else 0. */
  readonly price: Fixed
  /** 0 for trailing stops. */
  readonly triggerPrice: Fixed
  /** Trailing stops: 0 = active at once. */
  readonly activatePrice: Fixed
  /** Trailing stops: fraction of the extreme. */
  readonly callbackFraction: Fixed
  readonly createdAt: number
  status: AlgoStatus
  updatedAt: number
  triggeredAt: number
  actualOrderId: number
  /** Trailing stops: best price since activation; 0 = not active yet. */
  extreme: Fixed
}

export interface Trade {
  readonly id: number
  readonly orderId: number
  readonly symbol: string
  readonly side: Side
  readonly positionSide: PositionSide
  readonly quantity: Fixed
  readonly price: Fixed
  readonly realizedPnl: Fixed
  readonly fee: Fixed
  readonly maker: boolean
  readonly at: number
}

export type IncomeType = 'TRANSFER' | 'COMMISSION' | 'REALIZED_PNL' | 'FUNDING_FEE' | 'INSURANCE_CLEAR'

export interface Income {
  readonly id: number
  readonly type: IncomeType
  readonly amount: Fixed
  readonly symbol: string
  readonly tradeId: number
  readonly at: number
}

export interface Position {
  readonly symbol: string
  readonly side: PositionSide
  /** Base, negative when short. */
  quantity: Fixed
  /** Σ quantity × price of what is held, in 1e-16 USDT, with the sign of the quantity. */
  cost: bigint
  /** Money set aside for it in isolated margin. */
  isolatedWallet: Fixed
  updatedAt: number
  /** Marks between which nothing can be liquidated, so that it need not be looked at; not part of the state. */
  safe?: { readonly low: Fixed; readonly high: Fixed } | undefined
}

export interface SymbolSettings {
  leverage: number
  marginType: 'cross' | 'isolated'
}

export interface Account {
  readonly ref: string
  readonly index: number
  readonly apiKey: string
  readonly secret: string
  readonly createdAt: number
  revoked: boolean
  hedgeMode: boolean
  wallet: Fixed
  updatedAt: number
  readonly transfers: Set<string>
  readonly settings: Map<string, SymbolSettings>
  /** By `positionKey`; flat ones stay. */
  readonly positions: Map<string, Position>
  readonly orders: Map<number, Order>
  readonly algos: Map<number, AlgoOrder>
  readonly trades: Trade[]
  readonly incomes: Income[]
  /** Derived from the above. */
  readonly openOrders: Map<number, Order>
  readonly openAlgos: Map<number, AlgoOrder>
  /** Newest order by `symbol:clientOrderId`. */
  readonly byClientId: Map<string, Order>
  readonly byClientAlgoId: Map<string, AlgoOrder>
}

/** The other sides of every entry in the accounts' wallets: all of them and the wallets sum to zero. */
export interface House {
  deposits: Fixed
  fees: Fixed
  insurance: Fixed
  /** Counterparty of profits, losses and funding. */
  market: Fixed
}

export interface Pin {
  readonly from: number
  readonly mark: Fixed | null
}

/** What the tick looks at, per symbol. Derived. */
export interface Watch {
  readonly orders: Set<Order>
  readonly algos: Set<AlgoOrder>
  readonly holders: Set<Account>
}

export interface VenueState {
  readonly seed: number
  /** Last moment the ticks were looked at; not part of the hash. */
  clock: number
  lastCommandAt: number
  nextOrderId: number
  nextAlgoId: number
  nextTradeId: number
  nextIncomeId: number
  readonly house: House
  readonly accounts: Map<string, Account>
  readonly pins: Map<string, Pin[]>
  /** Derived. */
  readonly byApiKey: Map<string, Account>
  readonly watches: Map<string, Watch>
  /** Accounts whose news somebody listens to, by ref; like `news` no part of the state. */
  readonly heard: Set<string>
  /** What has happened to them since it was fetched last. */
  readonly news: News[]
}

export const DEFAULT_LEVERAGE = 20

export function createState(seed: number): VenueState {
  return {
    seed,
    clock: 0,
    lastCommandAt: 0,
    nextOrderId: 4_000_000_001,
    nextAlgoId: 1_000_000_000_000_001,
    nextTradeId: 500_000_001,
    nextIncomeId: 9_000_000_001,
    house: { deposits: 0n, fees: 0n, insurance: 0n, market: 0n },
    accounts: new Map(),
    pins: new Map(),
    byApiKey: new Map(),
    watches: new Map(),
    heard: new Set(),
    news: [],
  }
}

export function positionKey(symbol: string, side: PositionSide): string {
  return side === 'BOTH' ? symbol : `${symbol}:${side}`
}

export function positionOf(account: Account, symbol: string, side: PositionSide): Position {
  const key = positionKey(symbol, side)
  let position = account.positions.get(key)
  if (position === undefined) {
    position = { symbol, side, quantity: 0n, cost: 0n, isolatedWallet: 0n, updatedAt: 0 }
    account.positions.set(key, position)
  }
  return position
}

/** Base held, negative when short; reads without making a row. */
export function heldOf(account: Account, symbol: string, side: PositionSide): Fixed {
  return account.positions.get(positionKey(symbol, side))?.quantity ?? 0n
}

export function settingsOf(account: Account, symbol: string): Readonly<SymbolSettings> {
  return account.settings.get(symbol) ?? { leverage: DEFAULT_LEVERAGE, marginType: 'cross' }
}

export function watchOf(state: VenueState, symbol: string): Watch {
  let watch = state.watches.get(symbol)
  if (watch === undefined) {
    watch = { orders: new Set(), algos: new Set(), holders: new Set() }
    state.watches.set(symbol, watch)
  }
  return watch
}

export function isOpenOrder(order: Order): boolean {
  return order.status === 'NEW' || order.status === 'PARTIALLY_FILLED'
}
