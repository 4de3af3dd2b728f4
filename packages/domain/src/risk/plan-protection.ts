import { percentToFraction } from '@matic/contracts'
import type { PositionDirection } from '@matic/contracts'
import type { Decimal } from 'decimal.js'
import type { DecisionInput, PlannedOrder } from '../decide/types.ts'
import type { Objection } from './check-open.ts'

export type ProtectionPlan = Pick<PlannedOrder, 'stopPrice' | 'targetPrice' | 'stopFraction' | 'targetFraction'>

/**
 * Stop and target: the alert's prices win, else percent of the entry price from the settings.
 * @param price reference for the entry, quote per base
 * @returns an objection where a price is on the wrong side of it
 */
export function planProtection(
  { alert, settings }: Pick<DecisionInput, 'alert' | 'settings'>,
  direction: PositionDirection,
  price: Decimal,
): ProtectionPlan | Objection {
  const { stopLoss, takeProfit } = alert
  const against = (text: string) => (direction === 'LONG' ? price.gt(text) : price.lt(text))
  const along = (text: string) => (direction === 'LONG' ? price.lt(text) : price.gt(text))
  if (stopLoss !== null && !against(stopLoss))
    return { reason: 'STOP_WRONG_SIDE', numbers: { stopPrice: stopLoss, price: price.toFixed() } }
  if (takeProfit !== null && !along(takeProfit))
    return { reason: 'TARGET_WRONG_SIDE', numbers: { targetPrice: takeProfit, price: price.toFixed() } }
  return {
    stopPrice: stopLoss,
    targetPrice: takeProfit,
    stopFraction: stopLoss === null ? fraction(settings.stopLossPercent) : null,
    targetFraction: takeProfit === null ? fraction(settings.takeProfitPercent) : null,
  }
}

function fraction(percent: string | null): string | null {
  return percent === null ? null : percentToFraction(percent).toFixed()
}
