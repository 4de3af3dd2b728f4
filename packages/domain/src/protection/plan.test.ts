import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { averageTrueRange } from './average-true-range.ts'
import { breakEvenStop, planAtEntry, targetQuantities } from './plan.ts'

const d = (text: string | number) => new Decimal(text)

describe('the quantities of several targets', () => {
  const of = (positionBase: string, open: { level: number; share: string }[], sharesOfAll: string) =>
    Object.fromEntries(
      [
        ...targetQuantities({
          positionBase: d(positionBase),
          open,
          sharesOfAll: d(sharesOfAll),
          stepBase: d('0.001'),
          minQuantityBase: d('0.001'),
        }),
      ].map(([level, quantity]) => [level, quantity.toFixed()]),
    )
  const [half, third] = [
    { level: 1, share: '0.5' },
    { level: 2, share: '0.3' },
  ]

  it.each([
    ['are their shares of the whole position', '1', [half, third], { 1: '0.5', 2: '0.3' }],
    ['grow while the open still fills', '0.4', [half, third], { 1: '0.2', 2: '0.12' }],
    ['stay what they were when one has filled', '0.5', [third], { 2: '0.3' }],
    ['shrink in proportion when part was closed by hand', '0.25', [third], { 2: '0.15' }],
    ['leave out what falls below the minimum', '0.003', [half, third], { 1: '0.001' }],
    ['are none when nothing is held', '0', [half, third], {}],
  ])('%s', (_name, position, open, quantities) => {
    expect(of(position, open, '0.8')).toEqual(quantities)
  })

  it('never come to more than is held, whichever of them have filled', () => {
    const share = fc.integer({ min: 1, max: 25 }).map((percent) => d(percent).div(100).toFixed())
    fc.assert(
      fc.property(
        fc.array(share, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.nat(15),
        (shares, thousandths, filled) => {
          const sharesOfAll = shares.reduce((sum, one) => sum.add(one), d(0))
          const open = shares
            .map((one, index) => ({ level: index + 1, share: one }))
            .filter(({ level }) => ((filled >> (level - 1)) & 1) === 0)
          const positionBase = d(thousandths).div(1000)
          const quantities = targetQuantities({ positionBase, open, sharesOfAll, stepBase: d('0.001'), minQuantityBase: d('0.001') })
          const sum = [...quantities.values()].reduce((total, quantity) => total.add(quantity), d(0))
          expect(sum.lte(positionBase)).toBe(true)
          expect([...quantities.values()].every((quantity) => quantity.mod('0.001').isZero() && quantity.gt(0))).toBe(true)
        },
      ),
    )
  })
})

it('a plan becomes prices at the entry, on the tick towards it', () => {
  const plan = {
    targets: [{ fraction: '0.0201', share: '0.5' }],
    breakEven: { afterTarget: 1, fraction: '0.01' },
    trailing: { percent: '1.5', activationFraction: '0.02' },
  }
  expect(planAtEntry(plan, { side: 'SHORT', entryPrice: d('100.03'), tickSize: d('0.1') })).toEqual({
    targets: [{ price: '98.1', share: '0.5' }],
    breakEven: { afterTarget: 1, price: '99.1' },
    trailing: { percent: '1.5', activationPrice: '98.1' },
  })
})

describe('the stop at break-even', () => {
  const base = {
    side: 'LONG' as const,
    entryPrice: d('100.03'),
    tickSize: d('0.1'),
    stopPrice: d('95'),
    markPrice: d('103'),
    targetsFilled: 0,
  }
  const at = (change: Partial<Parameters<typeof breakEvenStop>[0]>) =>
    breakEvenStop({ ...base, breakEven: { afterTarget: 1, price: '102' }, ...change })?.toFixed() ?? null

  it.each([
    ['goes to the entry, on the tick that loses nothing, at its profit', {}, '100.1'],
    ['waits for its profit', { markPrice: d('101.9') }, null],
    ['goes there when its target has filled', { markPrice: d('101'), targetsFilled: 1 }, '100.1'],
    ['waits while it would trigger at once', { markPrice: d('100'), targetsFilled: 1 }, null],
    ['never goes back', { stopPrice: d('101') }, null],
    ['waits while no price is known', { markPrice: null }, null],
    [
      'comes down for a short',
      { side: 'SHORT' as const, stopPrice: d('105'), markPrice: d('97'), breakEven: { afterTarget: null, price: '98' } },
      '100',
    ],
  ])('%s', (_name, change, stop) => {
    expect(at(change)).toBe(stop)
  })
})

describe('the average true range', () => {
  const candle = (high: number, low: number, close: number) => ({ high: String(high), low: String(low), close: String(close) })

  it('is Wilder’s: the plain mean first, then 1/period of each new range', () => {
    const candles = [candle(10, 8, 9), candle(11, 9, 10), candle(14, 12, 13), candle(13, 12, 12)]
    expect(averageTrueRange(candles.slice(0, 2), 2)?.toFixed()).toBe('2')
    expect(averageTrueRange(candles.slice(0, 3), 2)?.toFixed()).toBe('3')
    expect(averageTrueRange(candles, 2)?.toFixed()).toBe('2')
  })

  it('is not known of too few candles', () => {
    expect(averageTrueRange([candle(10, 8, 9)], 2)).toBeNull()
  })
})
