import { sum } from '../metrics/exact.ts'
import { netPnl } from '../metrics/trade-figures.ts'
import type { TrackRecord } from '../record/read-rows.ts'
import type { Decimal } from 'decimal.js'
import { deepestFall, growthOf } from './figures.ts'

export interface MonthFigures {
  /** YYYY-MM, UTC. */
  readonly month: string
  readonly roiPercent: Decimal
  readonly pnl: Decimal
  readonly maxDrawdownPercent: Decimal
  readonly trades: number
  /** Net of fees and funding, of the trades that closed in the month. */
  readonly tradePnl: Decimal
}

/** Each UTC month with a row, oldest first. A stretch counts in the month it ends in. */
export function monthlyFigures({ steps, trades }: TrackRecord): MonthFigures[] {
  const tradesOf = Map.groupBy(trades, (trade) => monthOf(trade.closedAtMs))
  return [...Map.groupBy(steps, (step) => monthOf(step.toMs - 1))].map(([month, own]) => {
    const closed = tradesOf.get(month) ?? []
    return {
      month,
      roiPercent: growthOf(own).sub(1).mul(100),
      pnl: sum(own.map(({ pnl }) => pnl)),
      maxDrawdownPercent: (deepestFall(own) ?? sum([])).mul(100),
      trades: closed.length,
      tradePnl: sum(closed.map(netPnl)),
    }
  })
}

/** Civil calendar from a day count: the moment decides, not a clock. */
function monthOf(atMs: number): string {
  const days = Math.floor(atMs / 86_400_000) + 719_468
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return `${year}-${String(month).padStart(2, '0')}`
}
