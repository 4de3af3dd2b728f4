import { RISK_RULE, type RiskLabel } from '@matic/contracts'
import type { Performance } from './figures.ts'

/** From the last days, or as many as there are: high by any one sign, low only if every sign is; unknown while there is too little to tell. */
export function riskLabel(figures: Performance, days: number): RiskLabel {
  const { maxDrawdownPercent: drawdown, highLeverage, liquidations, trades } = figures
  const { minDays, minTrades, low, high } = RISK_RULE
  if (liquidations > 0 || drawdown?.gte(high.drawdownPercent) || highLeverage?.gte(high.leverage)) return 'HIGH'
  if (days < minDays || trades < minTrades || drawdown === null || highLeverage === null) return 'UNKNOWN'
  return drawdown.lt(low.drawdownPercent) && highLeverage.lt(low.leverage) ? 'LOW' : 'MEDIUM'
}
