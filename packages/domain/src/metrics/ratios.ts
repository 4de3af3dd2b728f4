import type { Decimal } from 'decimal.js'
import { Exact, sum } from './exact.ts'
import type { CurvePoint } from './equity-curve.ts'

/** Markets never close. */
const DAYS_PER_YEAR = 365
const DAY_MS = 86_400_000

export interface Ratios {
  /** Mean daily return over its standard deviation (n − 1), a year's worth; no interest subtracted. */
  readonly sharpe: Decimal | null
  /** The same over the deviation of losing days alone, all days counted. */
  readonly sortino: Decimal | null
}

/** Both null with fewer than two daily returns, or where nothing deviates. */
export function ratios(curve: readonly CurvePoint[]): Ratios {
  return ratiosOf(dailyReturns(curve))
}

/** Of daily returns, as fractions (0.01 is 1 %). */
export function ratiosOf(returns: readonly Decimal[]): Ratios {
  if (returns.length < 2) return { sharpe: null, sortino: null }
  const mean = sum(returns).div(returns.length)
  const squares = (values: readonly Decimal[]) => sum(values.map((value) => value.mul(value)))
  const deviation = squares(returns.map((value) => value.sub(mean)))
    .div(returns.length - 1)
    .sqrt()
  const downside = squares(returns.filter((value) => value.lt(0)))
    .div(returns.length)
    .sqrt()
  const yearly = (value: Decimal) => (value.isZero() ? null : mean.div(value).mul(new Exact(DAYS_PER_YEAR).sqrt()))
  return { sharpe: yearly(deviation), sortino: yearly(downside) }
}

/** Return of each UTC day on the day before, from the last value of each; a day without a sample had none. */
export function dailyReturns(curve: readonly CurvePoint[]): Decimal[] {
  const days = new Map<number, Decimal>()
  for (const { atMs, unitValue } of curve) if (unitValue !== null) days.set(Math.floor(atMs / DAY_MS), unitValue)
  const [first] = days.keys()
  const last = [...days.keys()].at(-1)
  if (first === undefined || last === undefined) return []
  const returns: Decimal[] = []
  let before = days.get(first) ?? new Exact(1)
  for (let day = first + 1; day <= last; day += 1) {
    const now = days.get(day) ?? before
    returns.push(now.div(before).sub(1).toDecimalPlaces(30))
    before = now
  }
  return returns
}
