import type { Performance } from './figures.ts'

/** Where the labels begin; shown beside each label. Leverage is what 95 of 100 trades stay below. */
export const RISK_LIMITS = {
  minDays: 14,
  minTrades: 10,
  low: { drawdownPercent: 10, leverage: 3 },
  high: { drawdownPercent: 30, leverage: 10 },
} as const

export type RiskLabel = 'UNKNOWN' | 'LOW' | 'MEDIUM' | 'HIGH'

/** From the last 90 days, or as many as there are: high by any one sign, low only if every sign is; unknown while there is too little to tell. */
export function riskLabel(figures: Performance, days: number): RiskLabel {
  const { maxDrawdownPercent: drawdown, highLeverage, liquidations, trades } = figures
  const { minDays, minTrades, low, high } = RISK_LIMITS
  if (liquidations > 0 || drawdown?.gte(high.drawdownPercent) || highLeverage?.gte(high.leverage)) return 'HIGH'
  if (days < minDays || trades < minTrades || drawdown === null || highLeverage === null) return 'UNKNOWN'
  return drawdown.lt(low.drawdownPercent) && highLeverage.lt(low.leverage) ? 'LOW' : 'MEDIUM'
}
