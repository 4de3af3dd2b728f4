import { Decimal } from 'decimal.js'
import type { Objection } from './check-open.ts'

/** Taker fee kept free when margin is checked, as a fraction of notional. */
export const FEE_FRACTION = '0.0005'

/** All in quote currency. */
interface SizeToCheck {
  readonly notionalQuote: Decimal
  readonly marginQuote: Decimal
  /** Largest notional of one order; what is held already does not count. Null is no limit. */
  readonly maxNotionalQuote: string | null
  readonly availableQuote: Decimal
}

/** Limits that need the size: one order's notional, and the margin with its fee. */
export function checkSize({ notionalQuote, marginQuote, maxNotionalQuote, availableQuote }: SizeToCheck): Objection | undefined {
  if (maxNotionalQuote !== null && notionalQuote.gt(maxNotionalQuote))
    return { reason: 'MAX_NOTIONAL', numbers: { limitQuote: new Decimal(maxNotionalQuote).toFixed() } }
  const feeQuote = notionalQuote.mul(FEE_FRACTION)
  if (marginQuote.add(feeQuote).gt(availableQuote))
    return { reason: 'INSUFFICIENT_MARGIN', numbers: { feeQuote: feeQuote.toDecimalPlaces(8).toFixed() } }
  return undefined
}
