import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { copyFees, duePeriod } from './fees.ts'

const money = fc.integer({ min: -5_000_000, max: 5_000_000 }).map((cents) => new Decimal(cents).div(100))
const percent = fc.integer({ min: 0, max: 5_000 }).map((hundredths) => new Decimal(hundredths).div(100).toFixed())

describe('the profit share', () => {
  test('of all periods together is never more than its percent of the highest profit there was', () => {
    fc.assert(
      fc.property(fc.array(money, { minLength: 1, maxLength: 24 }), percent, (changes, profitSharePercent) => {
        let [profit, highest, mark, shared] = [new Decimal(0), new Decimal(0), '0', new Decimal(0)]
        for (const change of changes) {
          profit = profit.add(change)
          const before = mark
          const fees = copyFees(
            { profitSharePercent, managementPercent: '0' },
            { profit: profit.toFixed(), highWaterMark: mark, equityDays: '0' },
          )
          mark = fees.highWaterMark
          highest = Decimal.max(highest, profit)
          shared = shared.add(fees.profitShare)
          if (profit.lte(before)) expect(fees.profitShare).toBe('0')
        }
        const most = highest.mul(profitSharePercent).div(100)
        expect(shared.lte(most)).toBe(true)
        expect(most.sub(shared).lt(new Decimal(changes.length).mul('0.00000001'))).toBe(true)
      }),
    )
  })

  it('waits until a loss is made good: 100, then 40, then 150 at 10 % are 10, 0 and 5', () => {
    const terms = { profitSharePercent: '10', managementPercent: '0' }
    const shares = [
      ['100', '0'],
      ['40', '100'],
      ['150', '100'],
    ].map(([profit = '', highWaterMark = '']) => copyFees(terms, { profit, highWaterMark, equityDays: '0' }).profitShare)
    expect(shares).toEqual(['10', '0', '5'])
  })
})

describe('the management fee', () => {
  it('is the percent of a year on what was copied: 2 % of 10,000 over 73 days is 40', () => {
    const fees = copyFees({ profitSharePercent: '20', managementPercent: '2' }, { profit: '-5', highWaterMark: '0', equityDays: '730000' })
    expect(fees).toEqual({ profitShare: '0', management: '40', total: '40', highWaterMark: '0' })
  })
})

describe('a period', () => {
  const at = (text: string) => Date.parse(`${text}Z`)
  const september = { name: '2026-09', endMs: at('2026-10-01T00:00') }
  const october = { name: '2026-10', endMs: at('2026-11-01T00:00') }
  const begun = { fromMs: at('2026-09-20T12:00'), month: september, stoppedAtMs: null, isFlat: false }
  const settled = { ...begun, fromMs: september.endMs, month: october }

  it('is a UTC month that is over, the oldest first', () => {
    expect(duePeriod(begun, at('2026-10-01T00:14'))).toBeNull()
    expect(duePeriod(begun, at('2026-11-21T00:00'))).toEqual({ period: '2026-09', fromMs: begun.fromMs, toMs: september.endMs })
    expect(duePeriod(settled, at('2026-11-21T00:00'))).toMatchObject({ period: '2026-10', toMs: october.endMs })
    expect(duePeriod(settled, at('2026-10-21T00:00'))).toBeNull()
  })

  it('of a follow that stopped is settled once it holds nothing, and months before it first', () => {
    const stoppedAtMs = at('2026-10-05T00:00')
    expect(duePeriod({ ...begun, stoppedAtMs }, at('2026-10-05T00:01'))).toMatchObject({ period: '2026-09' })
    const last = { ...settled, stoppedAtMs }
    expect(duePeriod(last, at('2026-10-05T00:01'))).toBeNull()
    expect(duePeriod({ ...last, isFlat: true }, at('2026-10-05T00:01'))).toMatchObject({ period: 'final', toMs: stoppedAtMs })
    expect(duePeriod(last, at('2026-10-13T00:00'))).toMatchObject({ period: 'final' })
  })
})
