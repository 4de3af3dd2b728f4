export { checkOpen, type Objection } from './check-open.ts'
export { checkLosses, dailyLoss, peakFall, type AccountResult, type DailyLoss, type PeakFall } from './check-losses.ts'
export { checkSize, FEE_FRACTION } from './check-size.ts'
export { planProtection, type ProtectionPlan } from './plan-protection.ts'
