export { copySteps, type CopyStep } from './copy-steps.ts'
export {
  balanceWindow,
  copyability,
  copyAlone,
  minimumBalance,
  opens,
  type BalanceWindow,
  type Copier,
  type Copyability,
  type Opening,
} from './copyability.ts'
export { decideFollow } from './decide-follow.ts'
export { leverageGap, type LeverageGap, type LeveragedPosition } from './leverage-gap.ts'
export { leaderMove, type LeaderMove } from './leader-move.ts'
export { copyFees, duePeriod, type CopyFees, type FeeBasis, type FeePeriod, type FeeTerms } from './fees.ts'
export { worthOfHandedOver, type GivenUp, type HandedOverWorth } from './handed-over.ts'
export type { FollowTerms, LeaderBook } from './types.ts'
export { isBindingChange, termsNews } from './terms-news.ts'
export { attachedBy } from './detached.ts'
