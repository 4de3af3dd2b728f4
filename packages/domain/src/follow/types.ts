import type { DetachCause, PositionDirection, FollowSettings, FollowState, ForcedSettings, StrategyState } from '@matic/contracts'
import type { Decision, DecisionPosition, Gathered, PendingOpen, PlannedOrder } from '../decide/types.ts'

/** A market that a follow is out of while its leader is in. */
export interface Detached {
  readonly symbol: string
  /** What the follower held. */
  readonly side: PositionDirection
  readonly cause: DetachCause
}

/** What a follow was agreed to be. */
export interface FollowTerms {
  readonly state: FollowState
  readonly strategyState: StrategyState
  readonly settings: FollowSettings
  readonly forced: ForcedSettings
  /** When the last losing trade of this follow ended, epoch ms; null where there is none to count. */
  readonly lastLossMs: number | null
  /** Where copies that are too small are kept until they are enough. */
  readonly gathered?: readonly Gathered[]
  /** What ended without the leader, who was still in. */
  readonly detached?: readonly Detached[]
}

/** The leader's account as the signal found it, and what it makes of the signal. */
export interface LeaderBook {
  /** The leader's own route of the source; null where their account has none. */
  readonly routeId: string | null
  /** Quote; null while it has not been read. */
  readonly equity: string | null
  readonly positions: readonly DecisionPosition[]
  readonly pendingOpens: readonly PendingOpen[]
  readonly decision:
    | (Pick<Decision, 'outcome' | 'reason'> & {
        readonly orders: readonly Pick<PlannedOrder, 'leg' | 'symbol' | 'quantityBase' | 'leverage'>[]
      })
    | null
}
