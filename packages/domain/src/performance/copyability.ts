import type { ReasonCode } from '@matic/contracts'

/** What the decision makes of one of the leader's signals on an account: a reason where it is not copied. */
export interface CopyOutcome {
  readonly copied: boolean
  readonly reason: ReasonCode | null
}

/** Of `signals` that would have opened something, how many would have been copied, and why the others not, most frequent first. */
export interface Copyability {
  readonly signals: number
  readonly copied: number
  readonly reasons: readonly { readonly reason: ReasonCode; readonly count: number }[]
}

export function copyability(outcomes: readonly CopyOutcome[]): Copyability {
  const refused = outcomes.flatMap(({ copied, reason }) => (copied || reason === null ? [] : [reason]))
  const reasons = [...Map.groupBy(refused, (reason) => reason)]
    .map(([reason, own]) => ({ reason, count: own.length }))
    .toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))
  return { signals: outcomes.length, copied: outcomes.filter(({ copied }) => copied).length, reasons }
}

/** Balances are looked for in whole steps of this many quote units. */
const STEP = 10
const HIGHEST = 10_000_000

/**
 * The smallest balance, in quote, at which at least `share` of 100 of what any balance can copy is copied; null where no balance copies
 * anything. `copiedAt` tells how many signals a balance copies; more money never copies fewer signals for want of size.
 */
export function smallestBalance(copiedAt: (balance: number) => number, share = 95): number | null {
  const most = copiedAt(HIGHEST)
  if (most === 0) return null
  const wanted = Math.ceil((most * share) / 100)
  let low = 0
  let high = HIGHEST / STEP
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (copiedAt(middle * STEP) >= wanted) high = middle
    else low = middle
  }
  return high * STEP
}
