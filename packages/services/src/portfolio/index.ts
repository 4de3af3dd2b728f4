export { getHistory } from './get-history.ts'
export { getMetrics } from './get-metrics.ts'
export { getPortfolio } from './get-portfolio.ts'
