import { expect, it } from 'vitest'
import { addressOf } from './address-of.ts'

it.each([
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['203.0.113.7', '203.0.113.7'],
  ['2001:db8::ffff:1', '2001:db8::ffff:1'],
  [undefined, ''],
])('%s is written %s', (ip, written) => {
  expect(addressOf({ ip })).toBe(written)
})
