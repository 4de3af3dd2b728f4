import type {
  Alert,
  AtrInterval,
  IntentKind,
  OrderLeg,
  OrderType,
  PositionDirection,
  ReasonCode,
  Rules,
  Side,
  SignalSource,
  TrailingStop,
} from '@matic/contracts'
import type { OrderPlan } from '../protection/plan.ts'
import type { AccountResult } from '../risk/check-losses.ts'
import type { MarketIndex } from '../symbols/resolve-market.ts'

/** The rules that hold for the account, and whether the bot is on. */
export interface DecisionSettings extends Rules {
  readonly isEnabled: boolean
}

export interface DecisionPosition {
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly side: PositionDirection
  readonly quantityBase: string
  /** Quote held for it, freed when it closes. */
  readonly margin: string | null
  readonly routeId: string | null
  /** Quote per base. */
  readonly entryPrice?: string | null
  /** It has several targets, a trailing stop or a stop that moves to its entry. */
  readonly hasPlan?: boolean
  /** Its owner has set stop or target by hand. */
  readonly ownProtection?: boolean
  /** In words for its owner, such as `your webhook ending in 4f2a`; left out where nobody is told. */
  readonly owner?: string | null
}

/** An opening order that is not over. */
export interface PendingOpen {
  readonly symbol: string
  readonly side: Side
  /** What is not filled yet, base. */
  readonly openBase: string
  /** Margin it will take that the account's figures do not know of yet, quote. */
  readonly reservedQuote: string
  readonly hasPlan?: boolean
  readonly routeId: string | null
  readonly owner?: string | null
}

/** held: one before it is missing, between these positions. late: the sender has moved on since. */
export type ChainBlock =
  | { readonly verdict: 'held'; readonly missingFrom: string; readonly missingTo: string }
  | { readonly verdict: 'late' }

/** The last time the account lost, as its cool-down counts it. */
export interface LastLoss {
  readonly atMs: number
}

/** FOLLOW: the source is another person's, and of the kind that listensTo says. Such a route touches only what it opened itself. */
export interface DecisionRoute {
  readonly id: string
  readonly sourceKind: 'WEBHOOK' | 'MANUAL' | 'FOLLOW'
  readonly listensTo?: 'WEBHOOK' | 'MANUAL' | 'ACCOUNT'
}

export interface DecisionInput {
  readonly signal: { readonly id: string; readonly source: SignalSource; readonly receivedAtMs: number }
  readonly alert: Alert
  readonly route: DecisionRoute
  readonly account: {
    readonly exchange: string
    readonly environment: 'PAPER' | 'DEMO' | 'LIVE'
    readonly isActive: boolean
    readonly keyStatus: string
    readonly certified: boolean
    readonly positionMode: 'ONE_WAY' | 'HEDGE'
    /** net: each route holds a share of its own, and positions are shares; else, and where left out, a market belongs to one route. */
    readonly sharedSymbols?: 'refuse' | 'net'
    /** What its exchange can trail by. */
    readonly trailing: 'none' | 'percent' | 'amount'
  }
  readonly settings: DecisionSettings
  /** Quote; null while the exchange has not been read. */
  readonly funds: { readonly equity: string; readonly available: string } | null
  /** Null while nothing is known of what trading has made of the account. */
  readonly result: AccountResult | null
  readonly lastLoss: LastLoss | null
  readonly positions: readonly DecisionPosition[]
  readonly pendingOpens: readonly PendingOpen[]
  /** Set where symbols are shared: what others hold or open of the market in hand. */
  readonly othersHere?: readonly (DecisionPosition | PendingOpen)[]
  readonly markets: MarketIndex
  /** Current mark, quote per base; null when none is known. */
  readonly markOf: (symbol: string) => string | null
  /** Average true range, quote per base; null when it is not known or old. */
  readonly rangeOf: (symbol: string, interval: AtrInterval, period: number) => string | null
  readonly killSwitch: boolean
  readonly entitled: boolean
  /** A close of the same source and ticker, sent later, was decided already: nothing may open any more. */
  readonly overtaken: boolean
  /** Set where its sender's chain of positions says that it may not open or reduce now. */
  readonly chain: ChainBlock | null
  readonly nowMs: number
}

/** One row of trade_order to be. Quantities base, prices quote per base, fractions of the entry price. */
export interface PlannedOrder {
  readonly cause: string
  /** Whose share it takes; left out where that is the deciding route's. */
  readonly routeId?: string
  readonly leg: OrderLeg
  readonly symbol: string
  readonly side: Side
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly type: OrderType
  readonly quantityBase: string | null
  readonly reduceFraction: string | null
  readonly price: string | null
  readonly reduceOnly: boolean
  readonly leverage: number | null
  readonly marginMode: 'cross' | 'isolated' | null
  readonly stopPrice: string | null
  readonly targetPrice: string | null
  readonly stopFraction: string | null
  readonly targetFraction: string | null
  readonly plan: OrderPlan | null
  readonly priority: number
  /** Waits for the close of the same decision. */
  readonly afterClose: boolean
  readonly expiresAtMs: number | null
}

/** Copies of a follow that were too small to order, so far. One side of a market at a time. */
export interface Gathered {
  readonly symbol: string
  readonly side: PositionDirection
  readonly quantityBase: string
}

export interface Decision {
  readonly outcome: 'ORDERS' | 'SKIPPED' | 'BLOCKED'
  readonly intent: IntentKind
  readonly reason: ReasonCode | null
  readonly numbers: Readonly<Record<string, string | number | boolean | null>>
  readonly symbol: string | null
  readonly orders: readonly PlannedOrder[]
  /** Working orders in these symbols are to be cancelled. */
  readonly cancelSymbols: readonly string[]
  /** What has gathered from now on in this market (null: in every one); without it nothing changes. */
  readonly gathered?: { readonly symbol: string | null; readonly kept: Gathered | null }
  /** What the position of this route, and what is opening of it, is to be protected by from now on. */
  readonly protection?: MovedProtection
}

/** Prices quote per base; a leg that is null stays as it is. */
export interface MovedProtection {
  readonly symbol: string
  readonly side: PositionDirection
  readonly stopPrice: string | null
  readonly target: { readonly price: string | null } | null
  readonly trailing: { readonly to: TrailingStop | null } | null
}
