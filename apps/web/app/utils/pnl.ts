import type { PositionView } from '@matic/contracts'
import { Decimal } from 'decimal.js'

export interface LivePosition {
  readonly position: PositionView
  readonly mark: Decimal | null
  /** Quote currency, exact. */
  readonly pnl: Decimal | null
  /** Percent of the margin held. */
  readonly pnlPercent: Decimal | null
  /** Quote currency at mark. */
  readonly notional: Decimal | null
  /** Percent the mark may still move before liquidation. */
  readonly liquidationDistance: Decimal | null
}

/** A position at the newest mark: (mark − entry) × size, turned round for shorts. */
export function atMark(position: PositionView, newestMark: string | undefined): LivePosition {
  const markText = newestMark ?? position.markPrice
  if (markText === null) return { position, mark: null, pnl: null, pnlPercent: null, notional: null, liquidationDistance: null }

  const mark = new Decimal(markText)
  const direction = position.side === 'LONG' ? 1 : -1
  const pnl = mark.minus(position.entryPrice).times(position.size).times(direction)
  const margin = marginOf(position)
  const liquidation = position.liquidationPrice === null ? null : new Decimal(position.liquidationPrice)
  return {
    position,
    mark,
    pnl,
    pnlPercent: margin === null || margin.isZero() ? null : pnl.div(margin).times(100),
    notional: mark.times(position.size),
    liquidationDistance: liquidation === null || mark.isZero() ? null : mark.minus(liquidation).abs().div(mark).times(100),
  }
}

/** As the exchange says it; until it was read, what the leverage asks for at entry. */
function marginOf({ margin, entryPrice, size, leverage }: PositionView): Decimal | null {
  if (margin !== null) return new Decimal(margin)
  return leverage === null ? null : new Decimal(entryPrice).times(size).div(leverage)
}

/** Quote currency, of what is known. */
export function totalNotional(positions: readonly LivePosition[]): Decimal {
  return positions.reduce((sum, { notional }) => sum.plus(notional ?? 0), new Decimal(0))
}

/** Sum of what is known; null where one is not. */
export function totalPnl(positions: readonly LivePosition[]): Decimal | null {
  let total = new Decimal(0)
  for (const { pnl } of positions) {
    if (pnl === null) return null
    total = total.plus(pnl)
  }
  return total
}
