export { copyTarget, leaderExits, type CopyMove, type LeaderExit } from './copy-target.ts'
export { repairDoubt } from './repair-doubt.ts'
export { DRIFT_CAUSES, judgeDrift, reductionPercent, type Drift, type DriftCause } from './judge-drift.ts'
export { judgeTopUp, TOP_UP_WINDOW_MS, type OpeningMove, type TopUp } from './judge-top-up.ts'
