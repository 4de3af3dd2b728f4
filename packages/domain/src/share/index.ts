export { applyShareFill, type Share, type ShareFill, type ShareMove } from './apply-share-fill.ts'
export { buildShares, type BuiltShares, type Funding, type SharesInput } from './build-shares.ts'
