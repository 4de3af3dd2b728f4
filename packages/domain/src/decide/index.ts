export { decide } from './decide.ts'
export type { Decision, DecisionInput, DecisionPosition, DecisionSettings, PendingOpen, PlannedOrder } from './types.ts'
