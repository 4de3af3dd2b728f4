import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { equityCurve, maxDrawdown, maxDrawdownOf, mergeEquity } from './equity-curve.ts'
import { sum } from './exact.ts'
import { dailyReturns, ratios } from './ratios.ts'
import { timeInMarketPercent } from './time-in-market.ts'
import { figuresBy, netPnl, tradeFigures } from './trade-figures.ts'
import type { ClosedTrade } from './trade-figures.ts'

/**
 * A second opinion that shares nothing with the code: whole numbers of 10^-18, fractions as (numerator, denominator), loops over everything
 * instead of running values.
 */
const SCALE = 10n ** 18n
const text = (units: bigint): string => `${units < 0n ? '-' : ''}${abs(units) / SCALE}.${(abs(units) % SCALE).toString().padStart(18, '0')}`
const abs = (value: bigint): bigint => (value < 0n ? -value : value)
const total = (values: readonly bigint[]): bigint => {
  let result = 0n
  for (const value of values) result += value
  return result
}
/** Does the decimal equal the fraction up to 10^-15 of it, and to 10^-15? */
function near(value: Decimal | null, top: bigint, bottom: bigint): boolean {
  if (value === null) return false
  const scaled = BigInt(value.mul(10n ** 30n).toFixed(0))
  const wanted = (top * 10n ** 30n) / bottom
  return abs(scaled - wanted) <= 10n ** 15n + abs(wanted) / 10n ** 15n
}

const amount = fc.bigInt({ min: -(10n ** 26n), max: 10n ** 26n })
const paid = fc.bigInt({ min: 0n, max: 10n ** 22n })
const START = Date.UTC(2026, 0, 5)
const trade = fc.record({
  gross: fc.oneof(amount, fc.constant(0n)),
  fees: paid,
  funding: fc.oneof(amount, fc.constant(0n)),
  openedAtMs: fc.integer({ min: START, max: START + 30 * 86_400_000 }),
  heldMs: fc.integer({ min: 1, max: 5 * 86_400_000 }),
  side: fc.constantFrom('LONG' as const, 'SHORT' as const),
  symbol: fc.constantFrom('BTC/USDT:USDT', 'ETH/USDT:USDT', 'SOL/USDT:USDT'),
})
type Drawn = typeof trade extends fc.Arbitrary<infer T> ? T : never

const closed = (drawn: Drawn): ClosedTrade => ({
  accountId: 'a',
  symbol: drawn.symbol,
  side: drawn.side,
  openedAtMs: drawn.openedAtMs,
  closedAtMs: drawn.openedAtMs + drawn.heldMs,
  grossPnl: new Decimal(text(drawn.gross)),
  fees: new Decimal(text(drawn.fees)),
  funding: new Decimal(text(drawn.funding)),
})
const net = ({ gross, fees, funding }: Drawn): bigint => gross - fees + funding

describe('figures of trades', () => {
  it('are what the slow way says, to the last digit', () => {
    fc.assert(
      fc.property(fc.array(trade, { maxLength: 40 }), (drawn) => {
        const figures = tradeFigures(drawn.map(closed))
        const results = drawn.map(net)
        const wins = results.filter((result) => result > 0n)
        const losses = results.filter((result) => result < 0n)
        expect(figures.totalPnl.toFixed(18)).toBe(text(total(results)))
        expect(figures.grossPnl.sub(figures.fees).add(figures.funding).eq(figures.totalPnl)).toBe(true)
        expect([figures.totalTrades, figures.profitableTrades, figures.losingTrades]).toEqual([drawn.length, wins.length, losses.length])
        expect(
          figures.winRate === null ? drawn.length === 0 : near(figures.winRate, BigInt(wins.length) * 100n, BigInt(drawn.length)),
        ).toBe(true)
        expect(figures.profitFactor === null ? losses.length === 0 : near(figures.profitFactor, total(wins), abs(total(losses)))).toBe(true)
        expect(figures.averageWin === null ? wins.length === 0 : near(figures.averageWin, total(wins), BigInt(wins.length) * SCALE)).toBe(
          true,
        )
        expect(
          figures.averageLoss === null ? losses.length === 0 : near(figures.averageLoss, total(losses), BigInt(losses.length) * SCALE),
        ).toBe(true)
        const largest = wins.find((win) => wins.every((other) => other <= win))
        const worst = losses.find((loss) => losses.every((other) => other >= loss))
        expect(figures.largestWin?.toFixed(18)).toBe(largest === undefined ? undefined : text(largest))
        expect(figures.largestLoss?.toFixed(18)).toBe(worst === undefined ? undefined : text(worst))
      }),
    )
  })

  it('add up over any grouping', () => {
    fc.assert(
      fc.property(fc.array(trade, { minLength: 1, maxLength: 40 }), (drawn) => {
        const trades = drawn.map(closed)
        const whole = tradeFigures(trades)
        for (const keyOf of [
          (one: ClosedTrade) => one.symbol,
          (one: ClosedTrade) => one.side,
          (one: ClosedTrade) => String(one.closedAtMs % 7),
        ]) {
          const groups = figuresBy(trades, keyOf)
          expect(sum(groups.map((group) => group.totalPnl)).eq(whole.totalPnl)).toBe(true)
          expect(groups.reduce((count, group) => count + group.totalTrades, 0)).toBe(drawn.length)
          expect(groups.map((group) => group.key)).toEqual([...new Set(trades.map(keyOf))].toSorted())
        }
      }),
    )
  })

  it('fall by the largest distance between any result and a later one', () => {
    fc.assert(
      fc.property(fc.array(trade, { maxLength: 40 }), (drawn) => {
        const results = drawn.map(net)
        let deepest = 0n
        for (let from = 0; from <= results.length; from += 1)
          for (let to = from; to <= results.length; to += 1) {
            const fall = -total(results.slice(from, to))
            if (fall > deepest) deepest = fall
          }
        expect(maxDrawdownOf(drawn.map(closed).map(netPnl)).toFixed(18)).toBe(text(deepest))
      }),
    )
  })
})

const worth = fc.bigInt({ min: 10n ** 18n, max: 10n ** 24n })
const samples = fc.array(
  fc.record({
    equity: worth,
    moved: fc.oneof({ weight: 4, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 10n ** 22n }) }),
    afterMs: fc.integer({ min: 1, max: 86_400_000 }),
  }),
  { minLength: 1, maxLength: 30 },
)
type Samples = typeof samples extends fc.Arbitrary<infer T> ? T : never

/** Deposits add to the equity they come with. */
function history(drawn: Samples): { atMs: number; equity: bigint; netDeposits: bigint; gain: bigint }[] {
  let atMs = START
  let netDeposits = drawn[0]?.equity ?? 0n
  return drawn.map(({ equity, moved, afterMs }, index) => {
    atMs += afterMs
    const came = index === 0 ? 0n : moved
    netDeposits += came
    return { atMs, equity: equity + came, netDeposits, gain: equity }
  })
}
const curveOf = (points: ReturnType<typeof history>) =>
  equityCurve(
    points.map(({ atMs, equity, netDeposits }) => ({
      atMs,
      equity: new Decimal(text(equity)),
      netDeposits: new Decimal(text(netDeposits)),
    })),
  )

describe('the equity curve', () => {
  it('leaves deposits out of profit and drawdown', () => {
    fc.assert(
      fc.property(samples, (drawn) => {
        const points = history(drawn)
        const curve = curveOf(points)
        const pnls = points.map(({ equity, netDeposits }) => equity - netDeposits)
        expect(curve.map(({ pnl }) => pnl.toFixed(18))).toEqual(pnls.map(text))
        let deepest = 0n
        for (const [index, pnl] of pnls.entries())
          for (const earlier of [0n, ...pnls.slice(0, index)]) if (earlier - pnl > deepest) deepest = earlier - pnl
        expect(maxDrawdown(curve).amount.toFixed(18)).toBe(text(deepest))
      }),
    )
  })

  it('falls in percent as the worst product of returns between two moments', () => {
    fc.assert(
      fc.property(samples, (drawn) => {
        const points = history(drawn)
        // Each return as a fraction: what it became without what came, over what it was.
        const returns = points.slice(1).map((point, index) => [point.gain, points[index]?.equity ?? 1n] as const)
        let worst: readonly [bigint, bigint] = [1n, 1n]
        for (let from = 0; from < returns.length; from += 1) {
          let product: readonly [bigint, bigint] = [1n, 1n]
          for (const [top, bottom] of returns.slice(from)) {
            product = [product[0] * top, product[1] * bottom]
            if (product[0] * worst[1] < worst[0] * product[1]) worst = product
          }
        }
        const percent = maxDrawdown(curveOf(points)).percent
        expect(near(percent, (worst[1] - worst[0]) * 100n, worst[1])).toBe(true)
      }),
    )
  })

  it('of several accounts is the sum of the latest of each', () => {
    fc.assert(
      fc.property(fc.array(samples, { minLength: 1, maxLength: 3 }), (accounts) => {
        const histories = accounts.map(history)
        const merged = mergeEquity(
          histories.map((points) =>
            points.map(({ atMs, equity, netDeposits }) => ({
              atMs,
              equity: new Decimal(text(equity)),
              netDeposits: new Decimal(text(netDeposits)),
            })),
          ),
        )
        const moments = [...new Set(histories.flat().map(({ atMs }) => atMs))].toSorted((a, b) => a - b)
        expect(merged.map(({ atMs }) => atMs)).toEqual(moments)
        for (const { atMs, equity, netDeposits } of merged) {
          const latest = histories.flatMap((points) => points.filter((point) => point.atMs <= atMs).slice(-1))
          expect(equity.toFixed(18)).toBe(text(total(latest.map((point) => point.equity))))
          expect(netDeposits.toFixed(18)).toBe(text(total(latest.map((point) => point.netDeposits))))
        }
      }),
    )
  })
})

/** Whole-number square root, rounded down. */
function root(value: bigint): bigint {
  let low = 0n
  let high = 1n
  while (high * high <= value) high *= 2n
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (middle * middle <= value) low = middle
    else high = middle
  }
  return low
}

describe('Sharpe and Sortino', () => {
  it('are the textbook’s, from the last value of each day', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 500, max: 1_500 }), { minLength: 3, maxLength: 40 }), (values) => {
        const curve = equityCurve(
          values.flatMap((value, day) => [
            // Noise within the day is not seen.
            { atMs: START + day * 86_400_000, equity: new Decimal(700), netDeposits: new Decimal(1_000) },
            { atMs: START + day * 86_400_000 + 1_000, equity: new Decimal(value), netDeposits: new Decimal(1_000) },
          ]),
        )
        const one = 10n ** 40n
        const returns = values.slice(1).map((value, index) => (BigInt(value) * one) / BigInt(values[index] ?? 1) - one)
        const count = BigInt(returns.length)
        const mean = total(returns) / count
        const deviation = root(total(returns.map((value) => (value - mean) ** 2n)) / (count - 1n))
        const downside = root(total(returns.map((value) => (value < 0n ? value ** 2n : 0n))) / count)
        const year = root(365n * one * one)
        const { sharpe, sortino } = ratios(curve)
        // A spread of rounding errors alone is none.
        if (deviation > 10n ** 20n) expect(near(sharpe, mean * year, deviation * one)).toBe(true)
        if (downside > 10n ** 20n) expect(near(sortino, mean * year, downside * one)).toBe(true)
        if (downside === 0n) expect(sortino).toBeNull()
      }),
    )
  })

  it('need two returns and something that deviates', () => {
    const at = (day: number, equity: number) => ({
      atMs: START + day * 86_400_000,
      equity: new Decimal(equity),
      netDeposits: new Decimal(100),
    })
    expect(ratios(equityCurve([at(0, 100), at(1, 110)]))).toEqual({ sharpe: null, sortino: null })
    expect(ratios(equityCurve([at(0, 100), at(1, 100), at(2, 100)]))).toEqual({ sharpe: null, sortino: null })
    expect(dailyReturns(equityCurve([at(0, 100), at(3, 110)])).map(Number)).toEqual([0, 0, 0.1])
  })
})

it('time in the market is the share of moments in which something was open', () => {
  const span = fc.record({ fromMs: fc.integer({ min: -20, max: 120 }), lasts: fc.integer({ min: 0, max: 60 }) })
  fc.assert(
    fc.property(fc.array(span, { maxLength: 12 }), (spans) => {
      const given = spans.map(({ fromMs, lasts }) => ({ fromMs, toMs: fromMs + lasts }))
      let covered = 0
      for (let moment = 0; moment < 100; moment += 1) if (given.some(({ fromMs, toMs }) => fromMs <= moment && moment < toMs)) covered += 1
      expect(timeInMarketPercent(given, { fromMs: 0, toMs: 100 })?.toNumber()).toBe(covered)
    }),
  )
  expect(timeInMarketPercent([], { fromMs: 5, toMs: 5 })).toBeNull()
})
