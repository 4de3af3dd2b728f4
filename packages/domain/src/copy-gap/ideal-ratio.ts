import { percentToFraction, type FollowSettings } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { copySize } from '../follow/size-copy.ts'
import { Exact } from '../metrics/exact.ts'
import type { Ratio } from './types.ts'

interface Opening {
  /** What the decision wrote down; empty where there was none. */
  readonly numbers: Readonly<Record<string, unknown>>
  /** As they were when the leader opened. */
  readonly settings: FollowSettings
  /** What the leader opened, base, and for how much, quote. */
  readonly leaderBase: Decimal
  readonly leaderQuote: Decimal
  /** Quote; null where it is not known. */
  readonly equity: string | null
  readonly leaderEquity: string | null
  readonly leaderLeverage: number | null
}

/**
 * What a follow's settings make of one base of its leader's: as the decision sized it before rounding and limits, else by the settings of that
 * time at the leader's price. Null where it cannot be told.
 */
export function idealRatio(opening: Opening): Ratio | null {
  const { numbers, leaderBase } = opening
  const wanted = positive(numbers['askedBase']) ?? positive(numbers['wantedBase'])
  const byLeader = numbers['ratio'] !== undefined || numbers['grownBy'] !== undefined
  if (wanted !== null) return { numerator: wanted, denominator: (byLeader ? positive(numbers['leaderBase']) : null) ?? leaderBase }
  const ratio = positive(numbers['ratio'])
  if (ratio !== null) return { numerator: ratio, denominator: new Exact(1) }
  return bySettings(opening)
}

function bySettings({ numbers, settings, leaderBase, leaderQuote, equity, leaderEquity, leaderLeverage }: Opening): Ratio | null {
  const own = equity === null ? null : new Decimal(equity)
  const size = copySize({
    sizing: settings.sizing,
    leaderBase,
    leaderEquity: leaderEquity === null ? null : new Decimal(leaderEquity),
    equity: own ?? new Decimal(0),
    price: leaderQuote.div(leaderBase),
  })
  if (!size.ok) return null
  const leverage = positive(numbers['leverage']) ?? settings.leverage ?? leaderLeverage
  const { quantity, unit } = size
  switch (unit) {
    case 'base':
      return settings.sizing.mode === 'equity-to-equity' && own === null ? null : { numerator: quantity, denominator: leaderBase }
    case 'quote':
      return { numerator: quantity, denominator: leaderQuote }
    case 'margin':
      return leverage === null ? null : { numerator: quantity.mul(leverage), denominator: leaderQuote }
    case 'percent-of-equity':
      return leverage === null || own === null
        ? null
        : { numerator: Decimal.max(0, own).mul(percentToFraction(quantity)).mul(leverage), denominator: leaderQuote }
    default:
      return null
  }
}

function positive(value: unknown): Decimal | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  const number = new Exact(value)
  return number.gt(0) ? number : null
}
