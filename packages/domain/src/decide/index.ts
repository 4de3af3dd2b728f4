export { decide } from './decide.ts'
export type {
  ChainBlock,
  Decision,
  DecisionInput,
  Gathered,
  DecisionPosition,
  DecisionSettings,
  LastLoss,
  MovedProtection,
  PendingOpen,
  PlannedOrder,
} from './types.ts'
export { shareMeant, takesAll } from './share-scope.ts'
