export { decideFollow } from './decide-follow.ts'
export type { FollowTerms, LeaderBook } from './types.ts'
