import { Decimal } from 'decimal.js'

/** Prices of a candle that has closed, quote per base. */
export interface RangeCandle {
  readonly high: string
  readonly low: string
  readonly close: string
}

/**
 * Wilder's average true range, as TradingView's `ta.atr`: the first range is high − low, the first average is plain, every later one takes
 * 1/period of the new range.
 * @param candles oldest first
 * @returns quote per base; null where there are fewer candles than the period
 */
export function averageTrueRange(candles: readonly RangeCandle[], period: number): Decimal | null {
  if (candles.length < period) return null
  const ranges = candles.map((candle, index) => trueRange(candle, candles[index - 1]))
  const first = ranges
    .slice(0, period)
    .reduce((sum, range) => sum.add(range), new Decimal(0))
    .div(period)
  return ranges.slice(period).reduce(
    (average, range) =>
      average
        .mul(period - 1)
        .add(range)
        .div(period),
    first,
  )
}

function trueRange({ high, low }: RangeCandle, before: RangeCandle | undefined): Decimal {
  const range = new Decimal(high).sub(low)
  if (before === undefined) return range
  return Decimal.max(range, new Decimal(high).sub(before.close).abs(), new Decimal(low).sub(before.close).abs())
}
