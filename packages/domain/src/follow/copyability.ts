import type { Alert, FollowSettings, ForcedSettings, Side, StrategySource } from '@matic/contracts'
import type { Decision, DecisionInput, DecisionSettings } from '../decide/types.ts'
import { decideFollow } from './decide-follow.ts'
import type { LeaderBook } from './types.ts'

/** An opening of the leader as it was. */
export interface Opening {
  readonly signalId: string
  readonly atMs: number
  readonly alert: Alert
  readonly leader: LeaderBook
  /** What the leader opened, base; null where it is not to be known. */
  readonly leaderBase: string | null
  readonly side: Side
  /** Quote per base at that time; null where it is not known: then today's. */
  readonly price: string | null
}

/** Who would copy: an account of which only the rules and the market count, not what it holds or has done. */
export interface Copier extends Pick<DecisionInput, 'markets' | 'markOf' | 'rangeOf'> {
  readonly settings: FollowSettings
  readonly forced: ForcedSettings
  readonly rules: DecisionSettings
  readonly listensTo: StrategySource
  readonly account: Pick<DecisionInput['account'], 'exchange' | 'positionMode' | 'trailing'>
}

export interface Copyability {
  readonly total: number
  readonly copyable: number
  /** Of the copyable, those made smaller or larger to fit. */
  readonly fitted: { readonly capped: number; readonly shrunk: number; readonly roundedUp: number }
  /** Most frequent first. */
  readonly byReason: readonly { readonly reason: string; readonly count: number }[]
}

/** What an opening is copied as on an account that holds nothing but `equity`, quote. Pure. */
export function copyAlone(opening: Opening, copier: Copier, equity: string): Decision {
  const { settings, forced, rules, listensTo, account, markets, rangeOf } = copier
  const { price } = opening
  const input: DecisionInput = {
    signal: { id: opening.signalId, source: listensTo, receivedAtMs: opening.atMs },
    alert: opening.alert,
    route: { id: 'follow', sourceKind: 'FOLLOW', listensTo },
    account: { ...account, environment: 'PAPER', isActive: true, keyStatus: 'VALID', certified: true },
    settings: { ...rules, isEnabled: true },
    funds: { equity, available: equity },
    result: null,
    lastLoss: null,
    positions: [],
    pendingOpens: [],
    markets,
    markOf: price === null ? copier.markOf : () => price,
    rangeOf,
    killSwitch: false,
    entitled: true,
    overtaken: false,
    chain: null,
    nowMs: opening.atMs,
  }
  return decideFollow(
    input,
    { state: 'ACTIVE', strategyState: 'PUBLISHED', settings, forced, lastLossMs: null, detached: [] },
    opening.leader,
  )
}

export function opens({ orders }: Decision): boolean {
  return orders.some(({ leg }) => leg === 'open')
}

/** How many of these openings a balance copies, each for itself, and why not the others. */
export function copyability(openings: readonly Opening[], copier: Copier, equity: string): Copyability {
  const decisions = openings.map((opening) => copyAlone(opening, copier, equity))
  const copied = decisions.filter(opens)
  const fitted = (how: string) => copied.filter(({ numbers }) => numbers['fitted'] === how).length
  const refused = decisions.filter((decision) => !opens(decision)).map(({ reason, outcome }) => reason ?? outcome)
  return {
    total: openings.length,
    copyable: copied.length,
    fitted: { capped: fitted('CAPPED'), shrunk: fitted('SHRUNK'), roundedUp: fitted('ROUNDED_UP') },
    byReason: [...Map.groupBy(refused, (reason) => reason)]
      .map(([reason, own]) => ({ reason, count: own.length }))
      .toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
  }
}

/** Balances are looked for in whole steps of this many quote units, up to the highest. */
export const BALANCE_STEP = 10
const STEPS_MAX = 1_000_000

/** Balances that copy an opening, quote, both among them. No end: limits of one's own never stop a large one. */
export interface BalanceWindow {
  readonly low: number
  readonly high: number
}

type Fit = 'too-small' | 'copied' | 'too-large' | 'never'

const TOO_SMALL: ReadonlySet<string | null> = new Set(['SIZE_ZERO', 'BELOW_MINIMUM', 'GATHERING', 'INSUFFICIENT_MARGIN'])
const TOO_LARGE: ReadonlySet<string | null> = new Set(['MAX_NOTIONAL', 'ABOVE_MAXIMUM'])

/** Which balances copy the opening, by bisection over the decision; null where none does. */
export function balanceWindow(opening: Opening, copier: Copier): BalanceWindow | null {
  const fitAt = (steps: number): Fit => {
    const decision = copyAlone(opening, copier, String(steps * BALANCE_STEP))
    if (opens(decision)) return 'copied'
    if (TOO_SMALL.has(decision.reason)) return 'too-small'
    return TOO_LARGE.has(decision.reason) ? 'too-large' : 'never'
  }
  const low = firstWhere((steps) => fitAt(steps) !== 'too-small', { from: 1, to: STEPS_MAX })
  if (low === null || fitAt(low) !== 'copied') return null
  if (fitAt(STEPS_MAX) === 'copied') return { low: low * BALANCE_STEP, high: Infinity }
  const beyond = firstWhere((steps) => fitAt(steps) !== 'copied', { from: low, to: STEPS_MAX }) ?? STEPS_MAX
  return { low: low * BALANCE_STEP, high: (beyond - 1) * BALANCE_STEP }
}

/** Null where it does not hold at the end; once it holds it does so from there on. */
function firstWhere(holds: (steps: number) => boolean, { from, to }: { from: number; to: number }): number | null {
  if (holds(from)) return from
  if (!holds(to)) return null
  let [low, high] = [from, to]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}

export interface MinimumBalance {
  /** What the balance that copies most copies. */
  readonly atMost: number
  /** Quote; null where no balance copies anything. */
  readonly balanceQuote: number | null
}

/**
 * The smallest balance that copies at least `share` of 100 of what the best balance copies: at it they are copied, a step below they are not.
 * @param windows of the openings that a balance copies
 * @param copiedAt how many a balance copies
 */
export function minimumBalance(windows: readonly BalanceWindow[], copiedAt: (balance: number) => number, share: number): MinimumBalance {
  const candidates = windows
    .map(({ low }) => ({ low, copied: windows.filter((one) => one.low <= low && low <= one.high).length }))
    .toSorted((a, b) => a.low - b.low)
  const atMost = Math.max(0, ...candidates.map(({ copied }) => copied))
  if (atMost === 0) return { atMost, balanceQuote: null }
  const wanted = Math.ceil((atMost * share) / 100)
  let balance = candidates.find(({ low, copied }) => copied >= wanted && copiedAt(low) >= wanted)?.low
  if (balance === undefined) return { atMost, balanceQuote: null }
  // Rounding to the step of the market lets a size through now and then that a little more would not.
  while (balance > BALANCE_STEP && copiedAt(balance - BALANCE_STEP) >= wanted) balance -= BALANCE_STEP
  return { atMost, balanceQuote: balance }
}
