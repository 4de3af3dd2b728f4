import fc from 'fast-check'
import { expect, it } from 'vitest'
import { copyability, smallestBalance } from './copyability.ts'

it('counts what would be copied and why the rest would not, the most frequent reason first', () => {
  const refused = (reason: 'BELOW_MINIMUM' | 'INSUFFICIENT_MARGIN') => ({ copied: false, reason })
  expect(
    copyability([
      refused('INSUFFICIENT_MARGIN'),
      { copied: true, reason: null },
      refused('BELOW_MINIMUM'),
      refused('BELOW_MINIMUM'),
      { copied: true, reason: 'LEVERAGE_CAPPED' },
    ]),
  ).toEqual({
    signals: 5,
    copied: 2,
    reasons: [
      { reason: 'BELOW_MINIMUM', count: 2 },
      { reason: 'INSUFFICIENT_MARGIN', count: 1 },
    ],
  })
})

it('finds the smallest balance that copies nearly all of what can be copied, by tens', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 30 }), (needs) => {
      const copiedAt = (balance: number) => needs.filter((need) => need <= balance).length
      let wanted = 10
      while (copiedAt(wanted) < Math.ceil((needs.length * 95) / 100)) wanted += 10
      expect(smallestBalance(copiedAt)).toBe(wanted)
    }),
  )
  expect(smallestBalance(() => 0)).toBeNull()
})
