export { decide } from './decide.ts'
export type {
  ChainBlock,
  Decision,
  DecisionInput,
  DecisionPosition,
  DecisionSettings,
  LastLoss,
  PendingOpen,
  PlannedOrder,
} from './types.ts'
