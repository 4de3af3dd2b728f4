import { percentToFraction } from '@matic/contracts'
import { Decimal } from 'decimal.js'

/** Quote amounts are charged in steps of this, rounded in favour of the follower. */
const FEE_DECIMALS = 8
const DAYS_OF_YEAR = 365
/** After a month ends, so that its last trades are booked. */
const GRACE_MS = 15 * 60_000
/** How long the last settlement waits for positions that do not close. */
const LAST_WAIT_MS = 7 * 86_400_000

export interface FeeTerms {
  readonly profitSharePercent: string
  /** A year. */
  readonly managementPercent: string
}

/** What a follow came to, quote. */
export interface FeeBasis {
  /** Of all its trades that are over, since it began: gross less fees plus funding; and of what was handed over, as it was worth then. Deposits are not in it. */
  readonly profit: string
  /** The highest profit that a share was charged of; to begin with what an earlier follow of the same strategy was below its own, or 0. */
  readonly highWaterMark: string
  /** Copied equity times days, of the period alone. */
  readonly equityDays: string
}

export interface CopyFees {
  readonly profitShare: string
  readonly management: string
  readonly total: string
  readonly highWaterMark: string
}

/** The share of what profit has risen above its high-water mark, and the management fee by the day. A loss is made good before anything is shared again. */
export function copyFees(terms: FeeTerms, { profit, highWaterMark, equityDays }: FeeBasis): CopyFees {
  const risen = Decimal.max(0, new Decimal(profit).sub(highWaterMark))
  const profitShare = charged(risen.mul(percentToFraction(terms.profitSharePercent)))
  const yearly = Decimal.max(0, equityDays).mul(percentToFraction(terms.managementPercent))
  const management = charged(yearly.div(DAYS_OF_YEAR))
  return {
    profitShare: profitShare.toFixed(),
    management: management.toFixed(),
    total: profitShare.add(management).toFixed(),
    highWaterMark: Decimal.max(highWaterMark, profit).toFixed(),
  }
}

function charged(amount: Decimal): Decimal {
  return amount.toDecimalPlaces(FEE_DECIMALS, Decimal.ROUND_DOWN)
}

/** Epoch ms throughout. */
export interface FollowSpan {
  /** Where the last settlement ended, or when the follow began. */
  readonly fromMs: number
  /** The UTC month in which the unsettled time begins, such as 2026-11, and its end. */
  readonly month: { readonly name: string; readonly endMs: number }
  readonly stoppedAtMs: number | null
  /** It holds nothing and nothing of it is working. */
  readonly isFlat: boolean
}

export interface FeePeriod {
  /** UTC month such as 2026-11, or final. */
  readonly period: string
  readonly fromMs: number
  readonly toMs: number
}

/** The period that is settled next, one at a time however long nobody has settled; null while none is over. */
export function duePeriod({ fromMs, month, stoppedAtMs, isFlat }: FollowSpan, nowMs: number): FeePeriod | null {
  if (stoppedAtMs !== null && stoppedAtMs <= month.endMs) {
    if (!isFlat && nowMs < stoppedAtMs + LAST_WAIT_MS) return null
    return { period: 'final', fromMs, toMs: Math.max(fromMs, stoppedAtMs) }
  }
  if (nowMs < month.endMs + GRACE_MS) return null
  return { period: month.name, fromMs, toMs: month.endMs }
}
