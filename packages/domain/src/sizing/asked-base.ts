import type { QuantityUnit } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { DecisionMarket } from '../symbols/resolve-market.ts'

interface Asked {
  readonly quantity: Decimal
  readonly unit: QuantityUnit
  /** Quote per base, above zero. */
  readonly price: Decimal
  /** Quote. */
  readonly equity: Decimal
  readonly leverage: number
  /** What is held of the market, base. */
  readonly heldBase: Decimal
  /** From the price to the stop, quote per base; null without a stop. */
  readonly stopDistance: Decimal | null
  readonly market: Pick<DecisionMarket, 'contractSize'>
}

/** The one place where an alert's quantity becomes base; `null` where its unit goes by a stop and there is none. */
export function askedBase({ quantity, unit, price, equity, leverage, heldBase, stopDistance, market }: Asked): Decimal | null {
  switch (unit) {
    case 'base':
      return quantity
    case 'contracts':
      return quantity.mul(market.contractSize ?? 1)
    case 'quote':
      return quantity.div(price)
    case 'margin':
      return quantity.mul(leverage).div(price)
    case 'percent-of-equity':
      return Decimal.max(0, equity).mul(quantity).div(100).mul(leverage).div(price)
    case 'percent-of-position':
      return heldBase.mul(quantity).div(100)
    case 'risk':
      return stopDistance === null || stopDistance.lte(0) ? null : quantity.div(stopDistance)
  }
}
