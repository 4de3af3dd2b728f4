import type { DryOrder } from '@matic/contracts'
import type { PlannedOrder } from '@matic/domain'
import type { z } from 'zod'

export function dryOrder(order: PlannedOrder): z.infer<typeof DryOrder> {
  const { leg, side, type, symbol, quantityBase, reduceFraction, price, leverage, reduceOnly } = order
  const { stopPrice, targetPrice, stopFraction, targetFraction } = order
  return {
    leg,
    side,
    type,
    symbol,
    quantityBase,
    reduceFraction,
    price,
    leverage,
    reduceOnly,
    stopPrice,
    targetPrice,
    stopFraction,
    targetFraction,
  }
}
