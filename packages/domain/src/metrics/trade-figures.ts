import type { PositionDirection } from '@matic/contracts'
import type { Decimal } from 'decimal.js'
import { Exact, sum } from './exact.ts'

/** A trade that is over. Amounts in quote: gross is the price result, fees are paid, funding above zero was received. */
export interface ClosedTrade {
  readonly accountId: string
  readonly symbol: string
  readonly side: PositionDirection
  readonly openedAtMs: number
  readonly closedAtMs: number
  readonly grossPnl: Decimal
  readonly fees: Decimal
  readonly funding: Decimal
}

/** Amounts in quote, net of fees and funding unless they say otherwise; winRate in percent. Null where there is nothing to divide by. */
export interface TradeFigures {
  readonly totalPnl: Decimal
  readonly grossPnl: Decimal
  readonly fees: Decimal
  readonly funding: Decimal
  readonly totalTrades: number
  readonly profitableTrades: number
  readonly losingTrades: number
  readonly winRate: Decimal | null
  /** What was won over what was lost; null when nothing was lost. */
  readonly profitFactor: Decimal | null
  readonly averageWin: Decimal | null
  /** Zero or below, as largestLoss. */
  readonly averageLoss: Decimal | null
  readonly largestWin: Decimal | null
  readonly largestLoss: Decimal | null
  readonly averagePnl: Decimal | null
  readonly averageHoldMs: number | null
}

export function netPnl({ grossPnl, fees, funding }: Pick<ClosedTrade, 'grossPnl' | 'fees' | 'funding'>): Decimal {
  return new Exact(grossPnl).sub(fees).add(funding)
}

/** A trade that made exactly nothing counts as a trade and as neither won nor lost. */
export function tradeFigures(trades: readonly ClosedTrade[]): TradeFigures {
  const results = trades.map(netPnl)
  const wins = results.filter((result) => result.gt(0))
  const losses = results.filter((result) => result.lt(0))
  const totalPnl = sum(results)
  const lost = sum(losses)
  const mean = (values: readonly Decimal[]) => (values.length === 0 ? null : sum(values).div(values.length))
  return {
    totalPnl,
    grossPnl: sum(trades.map((trade) => trade.grossPnl)),
    fees: sum(trades.map((trade) => trade.fees)),
    funding: sum(trades.map((trade) => trade.funding)),
    totalTrades: trades.length,
    profitableTrades: wins.length,
    losingTrades: losses.length,
    winRate: trades.length === 0 ? null : new Exact(wins.length).mul(100).div(trades.length),
    profitFactor: lost.isZero() ? null : sum(wins).div(lost.abs()),
    averageWin: mean(wins),
    averageLoss: mean(losses),
    largestWin: wins.length === 0 ? null : Exact.max(...wins),
    largestLoss: losses.length === 0 ? null : Exact.min(...losses),
    averagePnl: mean(results),
    averageHoldMs:
      trades.length === 0 ? null : trades.reduce((total, trade) => total + (trade.closedAtMs - trade.openedAtMs), 0) / trades.length,
  }
}

export interface FigureGroup extends TradeFigures {
  readonly key: string
}

/** Figures of each group, by key in ascending order. */
export function figuresBy(trades: readonly ClosedTrade[], keyOf: (trade: ClosedTrade) => string): FigureGroup[] {
  return [...Map.groupBy(trades, keyOf)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, own]) => Object.assign({ key }, tradeFigures(own)))
}
