import { percentToFraction, type Rules } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { Objection } from './check-open.ts'

/** What trading has made of an account. A result is equity less net deposits, quote: money put in or taken out does not move it. */
export interface AccountResult {
  readonly result: string
  readonly netDeposits: string
  /** The highest so far. */
  readonly peakResult: string | null
  /** What the UTC day began with. */
  readonly dayResult: string | null
}

export interface DailyLoss {
  /** Above zero is a loss. */
  readonly lossQuote: Decimal
  readonly limitQuote: Decimal | null
}

export interface PeakFall {
  readonly percent: Decimal
  readonly peakQuote: Decimal
}

/** Realised and unrealised loss of the UTC day, and what may be lost of the equity it began with. */
export function dailyLoss({ result, netDeposits, dayResult }: AccountResult, limitPercent: string | null): DailyLoss | null {
  if (dayResult === null) return null
  const began = Decimal.max(0, new Decimal(dayResult).add(netDeposits))
  return {
    lossQuote: new Decimal(dayResult).sub(result),
    limitQuote: limitPercent === null ? null : began.mul(percentToFraction(limitPercent)),
  }
}

/** Fall from the highest equity, as if today's net deposits had been there all along. Percent, never below zero. */
export function peakFall({ result, netDeposits, peakResult }: AccountResult): PeakFall | null {
  if (peakResult === null) return null
  const peakQuote = new Decimal(peakResult).add(netDeposits)
  const fall = Decimal.max(0, new Decimal(peakResult).sub(result))
  if (fall.isZero()) return { percent: fall, peakQuote }
  return { percent: peakQuote.lte(0) ? new Decimal(100) : fall.div(peakQuote).mul(100), peakQuote }
}

/** The breakers: a day that has lost enough, an account too far below its best. They stop opens alone. */
export function checkLosses(
  rules: Pick<Rules, 'dailyLossPercent' | 'maxDrawdownPercent'>,
  result: AccountResult | null,
): Objection | undefined {
  if (result === null) return undefined
  const day = dailyLoss(result, rules.dailyLossPercent)
  if (day?.limitQuote && day.lossQuote.gt(0) && day.lossQuote.gte(day.limitQuote)) {
    const numbers = { lossQuote: money(day.lossQuote), limitQuote: money(day.limitQuote) }
    return { reason: 'DAILY_LOSS', numbers }
  }
  const fall = peakFall(result)
  if (fall && rules.maxDrawdownPercent !== null && fall.percent.gte(rules.maxDrawdownPercent)) {
    const numbers = {
      drawdownPercent: fall.percent.toDecimalPlaces(2).toFixed(),
      limitPercent: new Decimal(rules.maxDrawdownPercent).toFixed(),
    }
    return { reason: 'DRAWDOWN', numbers: { ...numbers, peakQuote: money(fall.peakQuote) } }
  }
  return undefined
}

function money(amount: Decimal): string {
  return amount.toDecimalPlaces(2, Decimal.ROUND_UP).toFixed()
}
