import { expect, it } from 'vitest'
import { shownAum } from './shown-aum.ts'

it.each([
  ['0', 0, '0'],
  ['12345.67', 1, '10000'],
  ['999.99', 4, '900'],
  ['399933.2', 40, '390000'],
  ['0.0456', 9, '0.045'],
])('%s of %d accounts is shown as %s', (aum, copiers, shown) => {
  expect(shownAum({ aum, copiers })).toBe(shown)
})
