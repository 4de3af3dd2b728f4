export { copyTarget, leaderExits, type CopyMove, type LeaderExit } from './copy-target.ts'
export { repairDoubt } from './repair-doubt.ts'
export { DRIFT_CAUSES, judgeDrift, reductionPercent, type Drift, type DriftCause } from './judge-drift.ts'
