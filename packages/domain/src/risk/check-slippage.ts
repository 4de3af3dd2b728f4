import type { PositionDirection } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { Objection } from './check-open.ts'

interface Slippage {
  readonly direction: PositionDirection
  /** What the sender saw, quote per base; null where it does not say. */
  readonly signalPrice: string | null
  readonly price: Decimal
  readonly limitPercent: string | null
}

/** An entry that would be made at a much worse price than the alert was sent at. A better price is no harm. */
export function checkSlippage({ direction, signalPrice, price, limitPercent }: Slippage): Objection | undefined {
  if (signalPrice === null || limitPercent === null || new Decimal(signalPrice).lte(0)) return undefined
  const moved = price.sub(signalPrice).mul(direction === 'LONG' ? 1 : -1)
  const percent = moved.div(signalPrice).mul(100)
  if (percent.lte(limitPercent)) return undefined
  const numbers = {
    price: price.toFixed(),
    signalPrice: new Decimal(signalPrice).toFixed(),
    slippagePercent: percent.toDecimalPlaces(3).toFixed(),
    limitPercent: new Decimal(limitPercent).toFixed(),
  }
  return { reason: 'SLIPPAGE', numbers }
}
