import type { MonthView, RecordPortrait, SharePoint } from '@matic/contracts'
import { dailyGrowth, Exact, holdingBuckets, leverageBuckets, monthlyFigures, type MonthFigures, type TrackRecord } from '@matic/domain'
import type { Decimal } from 'decimal.js'

/** Younger records are drawn row by row: a line of two points tells nothing. */
const BY_DAY_FROM = 5

/** What the leader's page draws. */
export function portraitOf(record: TrackRecord): RecordPortrait {
  return {
    curve: curveOf(record),
    months: monthlyFigures(record).map(monthView),
    leverage: leverageBuckets(record.trades),
    holding: holdingBuckets(record.trades),
  }
}

function curveOf({ steps }: TrackRecord): SharePoint[] {
  const [first] = steps
  if (first === undefined) return []
  const days = dailyGrowth(steps)
  const points =
    days.length < BY_DAY_FROM
      ? steps.map(({ toMs, growth }) => ({ atMs: toMs, growth }))
      : days.map(({ dayMs, growth }) => ({ atMs: dayMs + 86_400_000, growth }))
  let value: Decimal = new Exact(1)
  let highest = value
  return [{ atMs: first.fromMs, growth: new Exact(1) }, ...points].map(({ atMs, growth }) => {
    value = value.mul(growth).toDecimalPlaces(40)
    highest = Exact.max(highest, value)
    const fall = value.sub(highest).div(highest).mul(100)
    return { at: new Date(atMs).toISOString(), value: text(value, 8), drawdownPercent: text(fall, 6) }
  })
}

function monthView({ month, roiPercent, pnl, maxDrawdownPercent, trades }: MonthFigures): MonthView {
  return { month, roiPercent: text(roiPercent, 6), pnl: text(pnl, 18), maxDrawdownPercent: text(maxDrawdownPercent, 6), trades }
}

const text = (value: Decimal, places: number): string => value.toDecimalPlaces(places).toFixed()
