import type { PositionDirection, Side } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { Exact } from '../metrics/exact.ts'

/** One execution as the exchange booked it. Amounts: base; price quote per base; fee in feeCurrency, positive is paid. */
export interface TradeFill {
  readonly tradeId: string
  readonly side: Side
  readonly quantityBase: Decimal
  readonly price: Decimal
  readonly fee: Decimal
  readonly feeCurrency: string
  readonly routeId: string | null
  readonly isLiquidation: boolean
  /** Of an open where routes share symbols: all of it is its route's, whatever others hold on the other side. */
  readonly opens?: boolean
  readonly atMs: number
}

/** Flat to flat. Prices are averages; grossPnl is quote before fees; closedAtMs null while it is open. */
export interface BuiltTrade {
  readonly firstTradeId: string
  readonly side: PositionDirection
  readonly routeId: string | null
  readonly openedAtMs: number
  readonly closedAtMs: number | null
  readonly entryBase: Decimal
  readonly entryPrice: Decimal
  readonly exitBase: Decimal
  readonly exitPrice: Decimal | null
  readonly grossPnl: Decimal
  readonly fees: Decimal
  readonly feeCurrency: string
  readonly isLiquidation: boolean
}

/**
 * Trades of one (account, symbol) out of its fills, starting flat. A fill that crosses zero ends one trade and begins the next,
 * its fee shared by quantity. Any split of the same fills gives the same trades.
 */
export function buildTrades(fills: readonly TradeFill[]): BuiltTrade[] {
  const trades: BuiltTrade[] = []
  let open: OpenTrade | undefined

  for (const fill of fills.toSorted(inOrder)) {
    let rest = fill.quantityBase
    while (rest.gt(0)) {
      open ??= begin(fill)
      const room = open.grows(fill.side) ? rest : Decimal.min(rest, open.sizeBase())
      open.take(fill, room)
      rest = rest.sub(room)
      if (!open.sizeBase().isZero()) continue
      trades.push(open.result(fill.atMs))
      open = undefined
    }
  }
  if (open) trades.push(open.result(null))
  return trades
}

/** What the open trade at the end still holds, signed: long above zero. */
export function netQuantity(fills: readonly TradeFill[]): Decimal {
  return fills.reduce((sum, fill) => (fill.side === 'buy' ? sum.add(fill.quantityBase) : sum.sub(fill.quantityBase)), new Decimal(0))
}

interface OpenTrade {
  grows(side: Side): boolean
  sizeBase(): Decimal
  take(fill: TradeFill, quantityBase: Decimal): void
  result(closedAtMs: number | null): BuiltTrade
}

function begin(first: TradeFill): OpenTrade {
  const side: PositionDirection = first.side === 'buy' ? 'LONG' : 'SHORT'
  let entryBase: Decimal = new Exact(0)
  let entryQuote: Decimal = new Exact(0)
  let exitBase: Decimal = new Exact(0)
  let exitQuote: Decimal = new Exact(0)
  let fees: Decimal = new Exact(0)
  let isLiquidation = false

  return {
    grows: (fillSide) => fillSide === first.side,
    sizeBase: () => entryBase.sub(exitBase),
    take(fill, quantityBase) {
      const quote = new Exact(quantityBase).mul(fill.price)
      if (fill.side === first.side) {
        entryBase = entryBase.add(quantityBase)
        entryQuote = entryQuote.add(quote)
      } else {
        exitBase = exitBase.add(quantityBase)
        exitQuote = exitQuote.add(quote)
      }
      fees = fees.add(new Exact(fill.fee).mul(quantityBase).div(fill.quantityBase))
      isLiquidation ||= fill.isLiquidation
    },
    result(closedAtMs) {
      const entryPrice = entryQuote.div(entryBase)
      const exitPrice = exitBase.isZero() ? null : exitQuote.div(exitBase)
      // Once flat nothing needs dividing.
      const made = exitQuote.sub(exitBase.eq(entryBase) ? entryQuote : exitBase.mul(entryPrice))
      return {
        firstTradeId: first.tradeId,
        side,
        routeId: first.routeId,
        openedAtMs: first.atMs,
        closedAtMs,
        entryBase,
        entryPrice,
        exitBase,
        exitPrice,
        grossPnl: side === 'LONG' ? made : made.neg(),
        fees,
        feeCurrency: first.feeCurrency,
        isLiquidation,
      }
    },
  }
}

/** By time, then by the exchange's trade id, which counts up. */
export function inOrder(a: Pick<TradeFill, 'tradeId' | 'atMs'>, b: Pick<TradeFill, 'tradeId' | 'atMs'>): number {
  return a.atMs - b.atMs || a.tradeId.length - b.tradeId.length || a.tradeId.localeCompare(b.tradeId)
}
