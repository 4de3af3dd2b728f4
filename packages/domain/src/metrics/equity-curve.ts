import type { Decimal } from 'decimal.js'
import { Exact } from './exact.ts'

/** What an account was worth at a moment, quote. Net deposits are all that ever came in less all that went out. */
export interface EquitySample {
  readonly atMs: number
  readonly equity: Decimal
  readonly netDeposits: Decimal
}

/** `pnl` is equity without deposits, `drawdown` (zero or below) its distance from the highest so far; percent of the highest unit value. */
export interface CurvePoint extends EquitySample {
  readonly pnl: Decimal
  readonly drawdown: Decimal
  readonly drawdownPercent: Decimal | null
  /** Worth of one unit that began at 1, as funds reckon: deposits buy units and move nothing. Null while nothing is invested. */
  readonly unitValue: Decimal | null
}

/**
 * The curve of an account, oldest first, starting from `pnl` 0. Money that came or went between two samples counts as moved at the later one.
 */
export function equityCurve(samples: readonly EquitySample[]): CurvePoint[] {
  const points: CurvePoint[] = []
  let highestPnl = new Exact(0)
  let unitValue: Decimal | null = null
  let highestUnit: Decimal | null = null
  let before: EquitySample | undefined

  for (const sample of samples) {
    const pnl = new Exact(sample.equity).sub(sample.netDeposits)
    highestPnl = Exact.max(highestPnl, pnl)
    unitValue = nextUnitValue(unitValue, before, sample)
    highestUnit = unitValue === null ? null : Exact.max(highestUnit ?? unitValue, unitValue)
    points.push({
      ...sample,
      pnl,
      drawdown: pnl.sub(highestPnl),
      drawdownPercent: unitValue === null || highestUnit === null ? null : unitValue.div(highestUnit).sub(1).mul(100).toDecimalPlaces(18),
      unitValue,
    })
    before = sample
  }
  return points
}

/** Rounded each step: ratios of ratios would grow a digit at a time for ever. */
function nextUnitValue(value: Decimal | null, before: EquitySample | undefined, now: EquitySample): Decimal | null {
  if (before === undefined || value === null || before.equity.lte(0)) return now.equity.gt(0) ? new Exact(1) : null
  const moved = new Exact(now.netDeposits).sub(before.netDeposits)
  const grown = new Exact(now.equity).sub(moved).div(before.equity)
  return grown.lte(0) ? null : value.mul(grown).toDecimalPlaces(40)
}

export interface Drawdown {
  /** Quote, zero or above. */
  readonly amount: Decimal
  /** Null where nothing was ever invested. */
  readonly percent: Decimal | null
}

export function maxDrawdown(curve: readonly CurvePoint[]): Drawdown {
  const percents = curve.flatMap((point) => (point.drawdownPercent === null ? [] : [point.drawdownPercent]))
  return {
    amount: curve.reduce<Decimal>((deepest, point) => Exact.max(deepest, point.drawdown.neg()), new Exact(0)),
    percent: percents.length === 0 ? null : Exact.min(...percents).abs(),
  }
}

/** Deepest fall of the running total of these results, quote, zero or above. */
export function maxDrawdownOf(results: readonly Decimal[]): Decimal {
  let total = new Exact(0)
  let highest = new Exact(0)
  let deepest = new Exact(0)
  for (const result of results) {
    total = total.add(result)
    highest = Exact.max(highest, total)
    deepest = Exact.max(deepest, highest.sub(total))
  }
  return deepest
}

/**
 * Several accounts as one: at each moment the sum of what each was worth last. An account counts from its first sample on, with its
 * deposits, so that it joins without a gain.
 */
export function mergeEquity(accounts: readonly (readonly EquitySample[])[]): EquitySample[] {
  const moments = accounts
    .flatMap((samples, account) => samples.map((sample) => ({ account, sample })))
    .toSorted((a, b) => a.sample.atMs - b.sample.atMs)
  const last = new Map<number, EquitySample>()
  const merged: EquitySample[] = []
  for (const { account, sample } of moments) {
    last.set(account, sample)
    const point = {
      atMs: sample.atMs,
      equity: [...last.values()].reduce<Decimal>((total, one) => total.add(one.equity), new Exact(0)),
      netDeposits: [...last.values()].reduce<Decimal>((total, one) => total.add(one.netDeposits), new Exact(0)),
    }
    if (merged.at(-1)?.atMs === sample.atMs) merged.pop()
    merged.push(point)
  }
  return merged
}
