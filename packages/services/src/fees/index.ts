export { readFollowFees, readStrategyFees } from './read-fees.ts'
export { settleFees } from './settle-fees.ts'
