import type { PositionDirection } from '@matic/contracts'
import { Decimal } from 'decimal.js'

/** What an opening order asked for: prices win over fractions (0.05 is 5 % of the entry price); all null is no protection. */
export interface ProtectionWish {
  readonly stopPrice: Decimal | null
  readonly targetPrice: Decimal | null
  readonly stopFraction: Decimal | null
  readonly targetFraction: Decimal | null
}

/** Trigger prices in quote per base, on the market's tick. */
export interface ProtectionPrices {
  readonly stopPrice: Decimal | null
  readonly targetPrice: Decimal | null
}

export interface ProtectionInput {
  readonly side: PositionDirection
  readonly entryPrice: Decimal
  readonly tickSize: Decimal
  readonly wish: ProtectionWish
}

/**
 * Stop and target of a position. Prices off the tick are rounded towards the entry: a stop never risks more than was asked, a
 * target is never further away than was asked. A price that comes to zero or less is none.
 */
export function protectionPrices({ wish, ...entry }: ProtectionInput): ProtectionPrices {
  const { side, tickSize } = entry
  const given = (price: Decimal, direction: Direction) => onTick(price, tickSize, roundingOf(side, direction))
  const fromEntry = (fraction: Decimal | null, direction: Direction) =>
    fraction === null ? null : priceFromEntry({ ...entry, fraction, direction })
  return {
    stopPrice: wish.stopPrice ? given(wish.stopPrice, 'against') : fromEntry(wish.stopFraction, 'against'),
    targetPrice: wish.targetPrice ? given(wish.targetPrice, 'along') : fromEntry(wish.targetFraction, 'along'),
  }
}

/** The way the position wants the price to go, or the other. */
type Direction = 'along' | 'against'

/** A fraction of the entry price away from it, on the tick towards the entry; null where that comes to zero or less. */
export function priceFromEntry({
  side,
  entryPrice,
  tickSize,
  fraction,
  direction,
}: Omit<ProtectionInput, 'wish'> & { readonly fraction: Decimal; readonly direction: Direction }): Decimal | null {
  const sign = (side === 'LONG') === (direction === 'along') ? 1 : -1
  return onTick(entryPrice.mul(fraction.mul(sign).add(1)), tickSize, roundingOf(side, direction))
}

function roundingOf(side: PositionDirection, direction: Direction): Decimal.Rounding {
  return (side === 'LONG') === (direction === 'along') ? Decimal.ROUND_DOWN : Decimal.ROUND_UP
}

function onTick(price: Decimal, tickSize: Decimal, rounding: Decimal.Rounding): Decimal | null {
  const rounded = price.div(tickSize).toDecimalPlaces(0, rounding).mul(tickSize)
  return rounded.gt(0) ? rounded : null
}
