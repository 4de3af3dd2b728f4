import { Decimal } from 'decimal.js'

/** How much more than the leader's a follower's leverage may be before they are warned. */
const WARN_ABOVE = '1.25'

/** Quote where not said otherwise. */
export interface LeveragedPosition {
  readonly quantityBase: string
  readonly markPrice: string
  readonly marginMode: 'cross' | 'isolated' | null
  /** Held for it, with what was added by hand. */
  readonly margin: string | null
  /** Of the account. */
  readonly equity: string | null
}

/** What is held over what stands behind it: the margin of an isolated position, the account's whole equity else. Null where that is not known or gone. */
export function effectiveLeverage({ quantityBase, markPrice, marginMode, margin, equity }: LeveragedPosition): Decimal | null {
  const behind = marginMode === 'isolated' ? margin : equity
  if (behind === null || new Decimal(behind).lte(0)) return null
  return new Decimal(quantityBase).mul(markPrice).div(behind)
}

export interface LeverageGap {
  readonly leader: Decimal | null
  readonly follower: Decimal | null
  /** The follower's over the leader's. */
  readonly times: Decimal | null
  /** The follower is nearer to a liquidation than the leader: by more than a quarter more leverage. */
  readonly isWarning: boolean
}

export function leverageGap(leaders: LeveragedPosition, followers: LeveragedPosition): LeverageGap {
  const [leader, follower] = [effectiveLeverage(leaders), effectiveLeverage(followers)]
  const times = leader === null || follower === null || leader.isZero() ? null : follower.div(leader)
  return { leader, follower, times, isWarning: times?.gt(WARN_ABOVE) ?? false }
}
