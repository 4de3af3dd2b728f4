import type { Alert, IntentKind, OrderLeg, OrderType, PositionDirection, ReasonCode, Side, SizingMode } from '@matic/contracts'
import type { MarketIndex } from '../symbols/resolve-market.ts'

/** Rules as stored: percent columns are percent, amounts quote. */
export interface DecisionSettings {
  readonly isEnabled: boolean
  readonly sizingMode: SizingMode
  readonly equityPercent: string
  readonly fixedQuote: string
  readonly maxPositions: number
  readonly defaultLeverage: number
  readonly maxLeverage: number
  readonly marginMode: 'cross' | 'isolated'
  readonly stopLossPercent: string | null
  readonly takeProfitPercent: string | null
  readonly allowedSymbols: readonly string[]
  readonly blacklistedSymbols: readonly string[]
  readonly maxNotional: string | null
  readonly maxSignalAgeSeconds: number
  readonly spotTickerToPerp: boolean
}

export interface DecisionPosition {
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly side: PositionDirection
  readonly quantityBase: string
  /** Quote held for it, freed when it closes. */
  readonly margin: string | null
  readonly routeId: string | null
}

/** An opening order that is not over. */
export interface PendingOpen {
  readonly symbol: string
  readonly side: Side
  /** What is not filled yet, base. */
  readonly openBase: string
  /** Margin it will take that the account's figures do not know of yet, quote. */
  readonly reservedQuote: string
  readonly routeId: string | null
}

export interface DecisionInput {
  readonly signal: { readonly id: string; readonly source: 'WEBHOOK' | 'MANUAL' | 'TEST'; readonly receivedAtMs: number }
  readonly alert: Alert
  readonly route: { readonly id: string; readonly sourceKind: 'WEBHOOK' | 'MANUAL' }
  readonly account: {
    readonly exchange: string
    readonly environment: 'PAPER' | 'DEMO' | 'LIVE'
    readonly isActive: boolean
    readonly keyStatus: string
    readonly certified: boolean
    readonly positionMode: 'ONE_WAY' | 'HEDGE'
  }
  readonly settings: DecisionSettings
  /** Quote; null while the exchange has not been read. */
  readonly funds: { readonly equity: string; readonly available: string } | null
  readonly positions: readonly DecisionPosition[]
  readonly pendingOpens: readonly PendingOpen[]
  readonly markets: MarketIndex
  /** Current mark, quote per base; null when none is known. */
  readonly markOf: (symbol: string) => string | null
  readonly killSwitch: boolean
  readonly entitled: boolean
  /** A close of the same source and ticker, sent later, was decided already: nothing may open any more. */
  readonly overtaken: boolean
  readonly nowMs: number
}

/** One row of trade_order to be. Quantities base, prices quote per base, fractions of the entry price. */
export interface PlannedOrder {
  readonly cause: string
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
  readonly priority: number
  /** Waits for the close of the same decision. */
  readonly afterClose: boolean
  readonly expiresAtMs: number | null
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
}
