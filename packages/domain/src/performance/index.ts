export { holdingBuckets, leverageBuckets, type Bucket } from './distributions.ts'
export {
  dailyGrowth,
  deepestFall,
  growthOf,
  performanceOf,
  recordDays,
  windowOf,
  SHARPE_MIN_DAYS,
  type DayGrowth,
  type Performance,
} from './figures.ts'
export { monthlyFigures, type MonthFigures } from './months.ts'
export { riskLabel } from './risk-label.ts'
