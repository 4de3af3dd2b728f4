import type { PositionDirection } from '@matic/contracts'

/**
 * What a track record says. Decimals are strings, so that a row reads the same for ever. Amounts are quote, prices quote per base,
 * moments milliseconds since 1970.
 */
export type RecordContent = ValueContent | TradeContent | VoidContent

/** Of rows whose amounts are sealed (`publicContent`); left out of those from before. */
interface Sealed {
  readonly v?: 2
  /** Hashed with the amounts; 32 hex digits. */
  readonly salt?: string
}

/** One stretch of time of the net value of a share. Factors are of the value at the stretch's beginning: growth 1.02 is a rise of 2 %. */
export interface ValueContent extends Sealed {
  readonly kind: 'value'
  readonly fromMs: number
  readonly toMs: number
  /** Value at the end, highest and lowest in between. */
  readonly growth: string
  readonly high: string
  readonly low: string
  /** Deepest fall from a value to a later one within the stretch, as a share of the higher (0.1 is 10 %). */
  readonly fall: string
  /** Made in the stretch, deposits left out. */
  readonly pnl: string
  readonly equity: string
  readonly netDeposits: string
}

/** A closed trade as it was known. A later row of the same trade corrects the one before it. */
export interface TradeContent extends Sealed {
  readonly kind: 'trade'
  readonly tradeId: string
  readonly symbol: string
  readonly side: PositionDirection
  readonly openedAtMs: number
  readonly closedAtMs: number
  readonly entryBase: string
  readonly entryPrice: string
  readonly exitPrice: string
  readonly grossPnl: string
  readonly fees: string
  readonly funding: string
  readonly isLiquidation: boolean
  /** Everything bought in, at its price, over the equity when it was opened; null where that is not known. */
  readonly leverage: string | null
  /** Net of fees and funding, over the equity when it was opened (0.01 is 1 %); null where that is not known. */
  readonly result?: string | null
}

/** A trade that turned out not to be one: its fills belong to another. */
export interface VoidContent {
  readonly kind: 'void'
  readonly tradeId: string
}

/** One row of a chain. `number` counts from 1; hashes are lower-case hex. */
export interface RecordRow {
  readonly number: number
  readonly content: unknown
  readonly previousHash: string
  readonly hash: string
}
