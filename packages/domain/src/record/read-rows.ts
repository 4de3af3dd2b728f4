import type { PositionDirection } from '@matic/contracts'
import { Exact } from '../metrics/exact.ts'
import type { TradeContent, ValueContent } from './types.ts'
import type { Decimal } from 'decimal.js'

/** A stretch of time; see ValueContent for what its factors are of. */
export interface ValueStep {
  readonly fromMs: number
  readonly toMs: number
  readonly growth: Decimal
  readonly high: Decimal
  readonly low: Decimal
  readonly fall: Decimal
  readonly pnl: Decimal
  readonly equity: Decimal
  readonly netDeposits: Decimal
}

export interface RecordedTrade {
  readonly tradeId: string
  readonly symbol: string
  readonly side: PositionDirection
  readonly openedAtMs: number
  readonly closedAtMs: number
  readonly grossPnl: Decimal
  readonly fees: Decimal
  readonly funding: Decimal
  readonly isLiquidation: boolean
  readonly leverage: Decimal | null
  /** Net, over the equity when it was opened; null where that is not known. */
  readonly result: Decimal | null
}

export interface TrackRecord {
  readonly steps: readonly ValueStep[]
  /** By the moment of closing; of a corrected trade the last word. */
  readonly trades: readonly RecordedTrade[]
}

/** What the contents of a chain come to. Contents that are none of ours count for nothing. */
export function readRecord(contents: readonly unknown[]): TrackRecord {
  const steps: ValueStep[] = []
  const trades = new Map<string, RecordedTrade>()
  for (const content of contents) {
    if (!isContent(content)) continue
    if (content.kind === 'value') steps.push(stepOf(content))
    else if (content.kind === 'trade') trades.set(content.tradeId, tradeOf(content))
    else trades.delete(content.tradeId)
  }
  return { steps, trades: [...trades.values()].toSorted((a, b) => a.closedAtMs - b.closedAtMs) }
}

type Amounts = 'pnl' | 'equity' | 'netDeposits' | 'entryBase' | 'grossPnl' | 'fees' | 'funding'
type Shown<Content> = Omit<Content, Amounts> & Partial<Pick<Content, Amounts & keyof Content>>

function isContent(content: unknown): content is Shown<ValueContent> | Shown<TradeContent> | { kind: 'void'; tradeId: string } {
  return (
    typeof content === 'object' && content !== null && 'kind' in content && ['value', 'trade', 'void'].some((kind) => kind === content.kind)
  )
}

/** Sealed amounts count as 0 for who cannot see them. */
function stepOf({ fromMs, toMs, growth, high, low, fall, pnl = '0', equity = '0', netDeposits = '0' }: Shown<ValueContent>): ValueStep {
  return {
    fromMs,
    toMs,
    growth: new Exact(growth),
    high: new Exact(high),
    low: new Exact(low),
    fall: new Exact(fall),
    pnl: new Exact(pnl),
    equity: new Exact(equity),
    netDeposits: new Exact(netDeposits),
  }
}

function tradeOf({ grossPnl = '0', fees = '0', funding = '0', leverage, result = null, ...trade }: Shown<TradeContent>): RecordedTrade {
  const { tradeId, symbol, side, openedAtMs, closedAtMs, isLiquidation } = trade
  return {
    tradeId,
    symbol,
    side,
    openedAtMs,
    closedAtMs,
    isLiquidation,
    grossPnl: new Exact(grossPnl),
    fees: new Exact(fees),
    funding: new Exact(funding),
    leverage: leverage === null ? null : new Exact(leverage),
    result: result === null ? null : new Exact(result),
  }
}
