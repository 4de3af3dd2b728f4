import { Exact, sum } from '../metrics/exact.ts'
import { ratiosOf } from '../metrics/ratios.ts'
import { tradeFigures } from '../metrics/trade-figures.ts'
import type { RecordedTrade, TrackRecord, ValueStep } from '../record/read-rows.ts'
import type { Decimal } from 'decimal.js'

const DAY_MS = 86_400_000

/** Fewer daily returns than these say nothing about how steady they are. */
export const SHARPE_MIN_DAYS = 7

/** Of one window that ends with the record's last row. Percent of the value of a share; amounts quote. Null where there is nothing to say it from. */
export interface Performance {
  readonly roiPercent: Decimal | null
  readonly pnl: Decimal
  readonly maxDrawdownPercent: Decimal | null
  readonly sharpe: Decimal | null
  readonly winRatePercent: Decimal | null
  readonly profitFactor: Decimal | null
  readonly trades: number
  readonly liquidations: number
  readonly averageHoldMs: number | null
  /** Of the opened trades, what the account held over its equity: the middle one, and the one that 95 of 100 stay below. */
  readonly medianLeverage: Decimal | null
  readonly highLeverage: Decimal | null
}

/** Days since the record began, counted down. */
export function recordDays({ steps }: TrackRecord): number {
  const first = steps[0]
  const last = steps.at(-1)
  return first === undefined || last === undefined ? 0 : Math.floor((last.toMs - first.fromMs) / DAY_MS)
}

/** The rows of the last `days` days before the record's last: a stretch counts in the window that it ends in. */
export function windowOf(record: TrackRecord, days: number): TrackRecord {
  const last = record.steps.at(-1)
  if (last === undefined) return { steps: [], trades: record.trades }
  const fromMs = last.toMs - days * DAY_MS
  return {
    steps: record.steps.filter((step) => step.toMs > fromMs),
    trades: record.trades.filter((trade) => trade.closedAtMs > fromMs),
  }
}

export function performanceOf(record: TrackRecord): Performance {
  const { steps, trades } = record
  const figures = tradeFigures(trades.map((trade) => Object.assign({ accountId: '' }, trade, ofEquity(trades, trade))))
  const returns = dailyGrowth(steps).map(({ growth }) => growth.sub(1))
  const leverages = trades.flatMap(({ leverage }) => (leverage === null ? [] : [leverage])).toSorted((a, b) => a.cmp(b))
  return {
    roiPercent: steps.length === 0 ? null : growthOf(steps).sub(1).mul(100),
    pnl: sum(steps.map(({ pnl }) => pnl)),
    maxDrawdownPercent: deepestFall(steps)?.mul(100) ?? null,
    sharpe: returns.length < SHARPE_MIN_DAYS ? null : ratiosOf(returns).sharpe,
    winRatePercent: figures.winRate,
    profitFactor: figures.profitFactor,
    trades: trades.length,
    liquidations: trades.filter(({ isLiquidation }) => isLiquidation).length,
    averageHoldMs: figures.averageHoldMs,
    medianLeverage: quantile(leverages, 50),
    highLeverage: quantile(leverages, 95),
  }
}

/** Where the record tells of every trade what it made of the equity, that is what is won and lost: the same for whoever deposits in between. */
function ofEquity(all: readonly RecordedTrade[], { result }: RecordedTrade): Partial<RecordedTrade> {
  if (result === null || all.some((other) => other.result === null)) return {}
  const nothing = new Exact(0)
  return { grossPnl: result, fees: nothing, funding: nothing }
}

/** Rounded each step, or the digits would grow without end. */
export function growthOf(steps: readonly ValueStep[]): Decimal {
  return steps.reduce<Decimal>((value, step) => value.mul(step.growth).toDecimalPlaces(40), new Exact(1))
}

/** Deepest fall of the value from any moment to a later one, as a share of the higher value: within a stretch or across several. */
export function deepestFall(steps: readonly ValueStep[]): Decimal | null {
  if (steps.length === 0) return null
  let value: Decimal = new Exact(1)
  let highest: Decimal = value
  let deepest: Decimal = new Exact(0)
  for (const step of steps) {
    const fall = highest.sub(value.mul(step.low))
    // Divided only where it is deeper: a year has thousands of rows.
    if (fall.gt(deepest.mul(highest))) deepest = fall.div(highest)
    if (step.fall.gt(deepest)) deepest = step.fall
    const high = value.mul(step.high)
    if (high.gt(highest)) highest = high
    value = value.mul(step.growth).toDecimalPlaces(40)
    // All is lost: what comes in afterwards is measured from there.
    if (value.isZero()) value = highest = new Exact(1)
  }
  return deepest.toDecimalPlaces(18)
}

export interface DayGrowth {
  /** Start of the UTC day. */
  readonly dayMs: number
  readonly growth: Decimal
}

/** Growth of each UTC day from the first to the last; a day without a row stood still. */
export function dailyGrowth(steps: readonly ValueStep[]): DayGrowth[] {
  const days = Map.groupBy(steps, (step) => Math.floor((step.toMs - 1) / DAY_MS))
  const first = steps[0]
  const last = steps.at(-1)
  if (first === undefined || last === undefined) return []
  const growths: DayGrowth[] = []
  for (let day = Math.floor((first.toMs - 1) / DAY_MS); day <= Math.floor((last.toMs - 1) / DAY_MS); day += 1)
    growths.push({ dayMs: day * DAY_MS, growth: growthOf(days.get(day) ?? []) })
  return growths
}

/** The smallest value that at least this many of 100 do not exceed. */
function quantile(ascending: readonly Decimal[], percent: number): Decimal | null {
  return ascending[Math.max(0, Math.ceil((ascending.length * percent) / 100) - 1)] ?? null
}
