import type { FollowChange } from '@matic/contracts'
import type { NewFact } from '@matic/db'

export interface ToldFollow {
  readonly userId: string
  readonly followId: string
  /** The name of the strategy: what its follower knows it by. */
  readonly strategy: string
}

/** What happened to a follow, for its follower (contracts: the sentences of ACTIVITY). */
export function followFact({ userId, followId, strategy }: ToldFollow, change: FollowChange, more: Record<string, unknown> = {}): NewFact {
  return { userId, kind: 'follow-changed', entity: 'follow', entityId: followId, payload: { followId, strategy, change, ...more } }
}
