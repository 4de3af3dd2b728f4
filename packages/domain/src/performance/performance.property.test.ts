import { RISK_RULE } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRecord, type RecordedTrade } from '../record/read-rows.ts'
import { valueStep } from '../record/value-step.ts'
import type { TradeContent } from '../record/types.ts'
import { holdingBuckets, leverageBuckets } from './distributions.ts'
import { dailyGrowth, deepestFall, growthOf, performanceOf, recordDays, windowOf } from './figures.ts'
import { monthlyFigures } from './months.ts'
import { riskLabel } from './risk-label.ts'

/** A second opinion on whole numbers of 10^-6, fractions as (top, bottom), every pair of moments looked at. */
const HOUR = 3_600_000
const DAY = 24 * HOUR
const START = Date.UTC(2026, 0, 30, 12)
const money = (units: bigint) => new Decimal(units.toString()).div(1_000_000)
type Fraction = readonly [bigint, bigint]
const times = (a: Fraction, b: Fraction): Fraction => [a[0] * b[0], a[1] * b[1]]
const less = (a: Fraction, b: Fraction) => a[0] * b[1] < b[0] * a[1]
const near = (value: Decimal | null | undefined, [top, bottom]: Fraction): boolean => {
  const wanted = new (Decimal.clone({ precision: 60 }))(top.toString()).div(bottom.toString())
  return value?.sub(wanted).abs().lte(wanted.abs().add(1).mul('1e-12')) ?? false
}

const move = fc.record({
  /** What the market made of the equity, and what came or went after that. */
  equity: fc.bigInt({ min: 100_000_000n, max: 900_000_000n }),
  flow: fc.oneof({ weight: 3, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: fc.bigInt({ min: -90_000_000n, max: 900_000_000n }) }),
  afterMs: fc.integer({ min: 1, max: 9 * HOUR }),
})
/** The account from 500 on, cut into stretches of 1 to 5 samples. */
const story = fc.record({
  moves: fc.array(move, { minLength: 1, maxLength: 40 }),
  cuts: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 40, maxLength: 40 }),
})
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

function told({ moves, cuts }: Story) {
  let atMs = START
  let deposits = 500_000_000n
  let before = 500_000_000n
  const growths: Fraction[] = []
  const samples = moves.map(({ equity, flow, afterMs }) => {
    atMs += afterMs
    deposits += flow
    // What came is there from the start.
    growths.push(flow > 0n ? [equity + flow, before + flow] : [equity, before])
    before = equity + flow
    return { atMs, equity: money(before), netDeposits: money(deposits) }
  })
  const steps = []
  const stretches: Fraction[][] = []
  let earlier = { atMs: START, equity: money(500_000_000n), netDeposits: money(500_000_000n) }
  for (let from = 0, cut = 0; from < samples.length; cut += 1) {
    const size = cuts[cut] ?? 1
    const step = valueStep(earlier, samples.slice(from, from + size))
    if (step) steps.push(step)
    stretches.push(growths.slice(from, from + size))
    earlier = samples[Math.min(from + size, samples.length) - 1] ?? earlier
    from += size
  }
  return { samples, steps, growths, stretches, pnl: money(before - deposits) }
}

describe('the value of a share', () => {
  it('grows as the slow way says, whatever was paid in or out and however the time is cut', () => {
    fc.assert(
      fc.property(story, (drawn) => {
        const { steps, growths, pnl } = told(drawn)
        const figures = performanceOf(readRecord(steps))
        const product = growths.reduce(times, [1n, 1n])
        expect(near(figures.roiPercent, [(product[0] - product[1]) * 100n, product[1]])).toBe(true)
        expect(figures.pnl.toFixed()).toBe(pnl.toFixed())
      }),
    )
  })

  it('is not multiplied by a gain on what was paid into next to nothing', () => {
    const dust = { atMs: START, equity: money(100n), netDeposits: money(0n) }
    const paidIn = { atMs: START + HOUR, equity: money(1_010_000_000n), netDeposits: money(1_000_000_000n) }
    expect(Number(valueStep(dust, [paidIn])?.growth)).toBeCloseTo(1.01, 5)
  })

  it('falls by the worst product of growths between any two moments, within a stretch or across', () => {
    fc.assert(
      fc.property(story, (drawn) => {
        const { steps, growths } = told(drawn)
        let worst: Fraction = [1n, 1n]
        for (let from = 0; from < growths.length; from += 1) {
          let product: Fraction = [1n, 1n]
          for (const growth of growths.slice(from)) {
            product = times(product, growth)
            if (less(product, worst)) worst = product
          }
        }
        expect(near(deepestFall(readRecord(steps).steps), [worst[1] - worst[0], worst[1]])).toBe(true)
      }),
    )
  })

  it('grows by days and months to the same end, every day there once', () => {
    fc.assert(
      fc.property(story, (drawn) => {
        const { steps, growths, stretches, pnl } = told(drawn)
        const record = readRecord(steps)
        const product = growths.reduce(times, [1n, 1n])
        const days = dailyGrowth(record.steps)
        const ofDay = new Map<number, Fraction>()
        for (const [index, step] of steps.entries()) {
          const day = Math.floor((step.toMs - 1) / DAY) * DAY
          ofDay.set(day, (stretches[index] ?? []).reduce(times, ofDay.get(day) ?? [1n, 1n]))
        }
        for (const [index, { dayMs, growth }] of days.entries()) {
          expect(dayMs).toBe((days[0]?.dayMs ?? 0) + index * DAY)
          expect(near(growth, ofDay.get(dayMs) ?? [1n, 1n])).toBe(true)
        }
        expect([...ofDay.keys()].every((day) => days.some(({ dayMs }) => dayMs === day))).toBe(true)

        const months = monthlyFigures(record)
        const compounded = months.reduce((value, month) => value.mul(month.roiPercent.div(100).add(1)), new Decimal(1))
        expect(near(compounded, product)).toBe(true)
        expect(months.reduce((total, month) => total.add(month.pnl), new Decimal(0)).eq(pnl)).toBe(true)
        expect(months.map(({ month }) => month)).toEqual([
          ...new Set(steps.map((step) => new Date(step.toMs - 1).toISOString().slice(0, 7))),
        ])
      }),
    )
  })

  it('counts a stretch in the window it ends in', () => {
    fc.assert(
      fc.property(story, fc.integer({ min: 1, max: 10 }), (drawn, days) => {
        const record = readRecord(told(drawn).steps)
        const lastMs = record.steps.at(-1)?.toMs ?? 0
        const window = windowOf(record, days)
        expect(window.steps).toEqual(record.steps.filter(({ toMs }) => lastMs - toMs < days * DAY))
        expect(growthOf(window.steps).toFixed()).toBe(growthOf(record.steps.slice(-window.steps.length)).toFixed())
        expect(recordDays(record)).toBe(Math.floor((lastMs - START) / DAY))
      }),
    )
  })

  it('is gone when the account is, and what is paid in afterwards wins nothing back', () => {
    const at = (hours: number, equity: number, netDeposits: number) => ({
      atMs: START + hours * HOUR,
      equity: new Decimal(equity),
      netDeposits: new Decimal(netDeposits),
    })
    const lost = valueStep(at(0, 100, 100), [at(1, 120, 100), at(2, -5, 100), at(3, 95, 200)])
    expect(lost).toMatchObject({ growth: '0', high: '1.2', low: '0', fall: '1', pnl: '-105' })
    const after = valueStep(at(3, 95, 200), [at(4, 190, 200)])
    const record = readRecord([lost, after])
    const all = performanceOf(record)
    expect([all.roiPercent?.toNumber(), all.maxDrawdownPercent?.toNumber()]).toEqual([-100, 100])
    expect(performanceOf({ ...record, steps: record.steps.slice(1) }).roiPercent?.toNumber()).toBe(100)
  })

  it('says nothing where nothing is recorded', () => {
    const nothing = performanceOf(readRecord([]))
    expect([nothing.roiPercent, nothing.maxDrawdownPercent, nothing.sharpe, nothing.winRatePercent]).toEqual([null, null, null, null])
    expect(valueStep({ atMs: 0, equity: new Decimal(1), netDeposits: new Decimal(1) }, [])).toBeNull()
    expect(recordDays(readRecord([]))).toBe(0)
  })
})

const trade = (id: number, given: Partial<TradeContent> = {}): TradeContent => ({
  kind: 'trade',
  tradeId: `trade ${id}`,
  symbol: 'BTC/USDT:USDT',
  side: 'LONG',
  openedAtMs: START,
  closedAtMs: START + id * HOUR,
  entryBase: '1',
  entryPrice: '100',
  exitPrice: '110',
  grossPnl: '10',
  fees: '1',
  funding: '0',
  isLiquidation: false,
  leverage: '2',
  ...given,
})

describe('the trades of a record', () => {
  it('are each as last corrected, and gone where they were none', () => {
    const { trades } = readRecord([
      trade(2),
      trade(1),
      trade(2, { funding: '-3' }),
      trade(3),
      { kind: 'void', tradeId: 'trade 1' },
      { kind: 'x' },
    ])
    expect(trades.map(({ tradeId, funding }) => [tradeId, funding.toFixed()])).toEqual([
      ['trade 2', '-3'],
      ['trade 3', '0'],
    ])
  })

  it('fall into one bucket each', () => {
    const shape = fc.record({ hours: fc.integer({ min: 0, max: 400 }), leverage: fc.option(fc.integer({ min: 0, max: 50 })) })
    fc.assert(
      fc.property(fc.array(shape, { maxLength: 30 }), (drawn) => {
        const { trades } = readRecord(
          drawn.map(({ hours, leverage }, id) =>
            trade(id, { closedAtMs: START + hours * HOUR, leverage: leverage === null ? null : String(leverage) }),
          ),
        )
        const holding = holdingBuckets(trades)
        expect(holding.reduce((total, bucket) => total + bucket.trades, 0)).toBe(drawn.length)
        expect(holding.at(-1)?.trades).toBe(drawn.filter(({ hours }) => hours >= 168).length)
        const leverage = leverageBuckets(trades)
        expect(leverage.reduce((total, bucket) => total + bucket.trades, 0)).toBe(drawn.filter((one) => one.leverage !== null).length)
        expect(leverage[1]?.trades).toBe(drawn.filter((one) => one.leverage === 1).length)
      }),
    )
  })

  it('say how high the leverage is: half stay below the middle one, 95 of 100 below the high one', () => {
    const figures = performanceOf(readRecord(Array.from({ length: 100 }, (_, index) => trade(index, { leverage: String(index + 1) }))))
    expect([figures.medianLeverage?.toNumber(), figures.highLeverage?.toNumber()]).toEqual([50, 95])
  })
})

describe('the risk label', () => {
  const figures = (given: { drawdown?: number; leverage?: number; liquidations?: number; trades?: number }) => {
    const { steps, trades } = readRecord([])
    const own: RecordedTrade[] = [...trades]
    return {
      ...performanceOf({ steps, trades: own }),
      maxDrawdownPercent: new Decimal(given.drawdown ?? 1),
      highLeverage: new Decimal(given.leverage ?? 1),
      liquidations: given.liquidations ?? 0,
      trades: given.trades ?? 50,
    }
  }
  it('is high by one sign, low by all of them, and open while there is too little to tell', () => {
    expect(riskLabel(figures({}), 90)).toBe('LOW')
    expect(riskLabel(figures({ drawdown: RISK_RULE.low.drawdownPercent }), 90)).toBe('MEDIUM')
    expect(riskLabel(figures({ leverage: RISK_RULE.low.leverage }), 90)).toBe('MEDIUM')
    expect(riskLabel(figures({ drawdown: RISK_RULE.high.drawdownPercent }), 90)).toBe('HIGH')
    expect(riskLabel(figures({ leverage: RISK_RULE.high.leverage }), 90)).toBe('HIGH')
    expect(riskLabel(figures({ liquidations: 1 }), 90)).toBe('HIGH')
    expect(riskLabel(figures({}), RISK_RULE.minDays - 1)).toBe('UNKNOWN')
    expect(riskLabel(figures({ trades: RISK_RULE.minTrades - 1 }), 90)).toBe('UNKNOWN')
    expect(riskLabel(figures({ liquidations: 1 }), 1)).toBe('HIGH')
  })
})
