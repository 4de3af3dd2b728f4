import type { EquitySample } from '../metrics/equity-curve.ts'
import { Exact } from '../metrics/exact.ts'
import type { Decimal } from 'decimal.js'
import type { ValueContent } from './types.ts'

const PLACES = 18

/**
 * What became of the value of a share from `before` to the last of `samples`, oldest first. Of money that came or went between two samples what
 * came counts as there from the earlier one and what went until the later one: it changes nothing, and nobody's gain on what came is told as one on the
 * little that was there before. An account that is worth nothing has lost all of its value (growth 0); money put
 * into an empty account starts anew at the value it had.
 */
export function valueStep(before: EquitySample, samples: readonly EquitySample[]): ValueContent | null {
  const last = samples.at(-1)
  if (last === undefined) return null
  let value: Decimal = new Exact(1)
  let high = value
  let low = value
  let fall: Decimal = new Exact(0)
  let earlier = before

  for (const sample of samples) {
    value = value.mul(growthBetween(earlier, sample)).toDecimalPlaces(40)
    high = Exact.max(high, value)
    low = Exact.min(low, value)
    if (high.gt(0)) fall = Exact.max(fall, high.sub(value).div(high))
    earlier = sample
  }
  const pnl = new Exact(last.equity).sub(last.netDeposits).sub(new Exact(before.equity).sub(before.netDeposits))
  return {
    kind: 'value',
    fromMs: before.atMs,
    toMs: last.atMs,
    growth: text(value),
    high: text(high),
    low: text(low),
    fall: text(fall),
    pnl: text(pnl),
    equity: text(last.equity),
    netDeposits: text(last.netDeposits),
  }
}

function growthBetween(earlier: EquitySample, later: EquitySample): Decimal {
  if (earlier.equity.lte(0)) return new Exact(1)
  const moved = new Exact(later.netDeposits).sub(earlier.netDeposits)
  const [came, went] = [Exact.max(moved, 0), Exact.max(moved.neg(), 0)]
  return Exact.max(went.add(later.equity).div(came.add(earlier.equity)), 0)
}

const text = (value: Decimal): string => value.toDecimalPlaces(PLACES).toFixed()
