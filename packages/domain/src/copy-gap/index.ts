export { apportion } from './apportion.ts'
export { copyGap } from './copy-gap.ts'
export { joinLater, piecesOf, stepsOf, type TradePiece } from './steps.ts'
export { OWN_CAUSES, type CopyStep, type Gap, type GapInput, type GapParts, type LeaderStep, type OwnCause, type Ratio } from './types.ts'
