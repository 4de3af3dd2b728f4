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
export function protectionPrices({ side, entryPrice, tickSize, wish }: ProtectionInput): ProtectionPrices {
  const against = side === 'LONG' ? -1 : 1
  const stop = wish.stopPrice ?? fromEntry(entryPrice, wish.stopFraction, against)
  const target = wish.targetPrice ?? fromEntry(entryPrice, wish.targetFraction, -against)
  return {
    stopPrice: stop && onTick(stop, tickSize, side === 'LONG' ? Decimal.ROUND_UP : Decimal.ROUND_DOWN),
    targetPrice: target && onTick(target, tickSize, side === 'LONG' ? Decimal.ROUND_DOWN : Decimal.ROUND_UP),
  }
}

function fromEntry(entryPrice: Decimal, fraction: Decimal | null, direction: number): Decimal | null {
  if (fraction === null) return null
  return entryPrice.mul(fraction.mul(direction).add(1))
}

function onTick(price: Decimal, tickSize: Decimal, rounding: Decimal.Rounding): Decimal | null {
  const rounded = price.div(tickSize).toDecimalPlaces(0, rounding).mul(tickSize)
  return rounded.gt(0) ? rounded : null
}
