export { decide } from './decide.ts'
export type { Decision, DecisionInput, DecisionPosition, DecisionSettings, LastLoss, PendingOpen, PlannedOrder } from './types.ts'
