export { canonicalJson, chainRoot, rowHash, verifyChain, type ChainFault, type ChainHead, type ChainVerdict, type Sha256 } from './chain.ts'
export { readRecord, type RecordedTrade, type TrackRecord, type ValueStep } from './read-rows.ts'
export type { RecordContent, RecordRow, TradeContent, ValueContent, VoidContent } from './types.ts'
export { valueStep } from './value-step.ts'
