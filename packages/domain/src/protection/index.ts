export { averageTrueRange, type RangeCandle } from './average-true-range.ts'
export { breakEvenStop, planAtEntry, targetQuantities, type OpenShare, type OrderPlan, type PositionPlan } from './plan.ts'
export { protectionPrices, type ProtectionInput, type ProtectionPrices, type ProtectionWish } from './prices.ts'
