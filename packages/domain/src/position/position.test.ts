import { Decimal } from 'decimal.js'
import { describe, expect, it } from 'vitest'
import { applyFill } from './apply-fill.ts'
import type { NetPosition } from './apply-fill.ts'
import { reduceQuantity } from './reduce-quantity.ts'

const d = (text: string) => new Decimal(text)
const flat: NetPosition = { side: 'LONG', quantityBase: d('0'), entryPrice: null }
const long: NetPosition = { side: 'LONG', quantityBase: d('2'), entryPrice: d('100') }
const short: NetPosition = { side: 'SHORT', quantityBase: d('2'), entryPrice: d('100') }

describe('a fill', () => {
  it.each([
    ['opens long', flat, 'buy', '1', '50', 'LONG', '1', '50', true, false],
    ['opens short', flat, 'sell', '1', '50', 'SHORT', '1', '50', true, false],
    ['adds and averages', long, 'buy', '2', '110', 'LONG', '4', '105', false, false],
    ['adds to a short', short, 'sell', '2', '110', 'SHORT', '4', '105', false, false],
    ['reduces and keeps the entry', long, 'sell', '1', '130', 'LONG', '1', '100', false, false],
    ['closes', long, 'sell', '2', '130', 'LONG', '0', undefined, false, true],
    ['turns the side at its own price', long, 'sell', '5', '130', 'SHORT', '3', '130', true, false],
    ['turns a short', short, 'buy', '3', '90', 'LONG', '1', '90', true, false],
  ] as const)('%s', (_name, before, side, quantity, price, newSide, left, entry, opened, closed) => {
    const effect = applyFill(before, { side, quantityBase: d(quantity), price: d(price) })
    expect([
      effect.position.side,
      effect.position.quantityBase.toFixed(),
      effect.position.entryPrice?.toFixed(),
      effect.opened,
      effect.closed,
    ]).toEqual([newSide, left, entry, opened, closed])
  })
})

describe('a reduction', () => {
  it.each([
    ['a fraction, floored to the step', '1', null, '0.333', '0.33'],
    ['a quantity', '1', '0.25', null, '0.25'],
    ['never more than is there', '1', '5', null, '1'],
    ['all of it where the rest could not be traded', '1', '0.96', null, '1'],
    ['nothing below a step', '1', '0.001', null, '0'],
    ['everything when nothing is said', '1', null, null, '1'],
  ] as const)('takes %s', (_name, position, quantity, fraction, expected) => {
    const taken = reduceQuantity({
      positionBase: d(position),
      quantityBase: quantity === null ? null : d(quantity),
      fraction: fraction === null ? null : d(fraction),
      stepBase: d('0.01'),
      minQuantityBase: d('0.05'),
    })
    expect(taken.toFixed()).toBe(expected)
  })
})
