import { BLANK_ALERT, type Alert } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deriveIntent } from './derive-intent.ts'

const nothing: Alert = { ...BLANK_ALERT, ticker: 'BTCUSDT.P' }
const held = (side: 'LONG' | 'SHORT', quantity: string) => ({ side, quantityBase: new Decimal(quantity) })

describe('from previous position, position and side', () => {
  test.each([
    ['flat → long', { action: 'buy', marketPosition: 'long', previousMarketPosition: 'flat' }, null, 'open', 'LONG'],
    ['flat → short', { action: 'sell', marketPosition: 'short', previousMarketPosition: 'flat' }, null, 'open', 'SHORT'],
    ['long → flat', { action: 'close', marketPosition: 'flat', previousMarketPosition: 'long' }, held('LONG', '1'), 'close', 'LONG'],
    ['long → short', { action: 'sell', marketPosition: 'short', previousMarketPosition: 'long' }, held('LONG', '1'), 'reverse', 'SHORT'],
    ['short → long', { action: 'buy', marketPosition: 'long', previousMarketPosition: 'short' }, held('SHORT', '1'), 'reverse', 'LONG'],
    ['long → long, buy', { action: 'buy', marketPosition: 'long', previousMarketPosition: 'long' }, held('LONG', '1'), 'add', 'LONG'],
    [
      'long → long, sell',
      { action: 'sell', marketPosition: 'long', previousMarketPosition: 'long', quantity: '0.5' },
      held('LONG', '1'),
      'reduce',
      'LONG',
    ],
    [
      'short → short, buy',
      { action: 'buy', marketPosition: 'short', previousMarketPosition: 'short', quantity: '0.5' },
      held('SHORT', '1'),
      'reduce',
      'SHORT',
    ],
    ['plain buy while short', { action: 'buy' }, held('SHORT', '1'), 'reverse', 'LONG'],
    ['plain sell while long', { action: 'sell' }, held('LONG', '1'), 'reverse', 'SHORT'],
    [
      'short → short, sell',
      { action: 'sell', marketPosition: 'short', previousMarketPosition: 'short' },
      held('SHORT', '1'),
      'add',
      'SHORT',
    ],
    [
      'flat → long while long already',
      { action: 'buy', marketPosition: 'long', previousMarketPosition: 'flat' },
      held('LONG', '1'),
      'none',
      'LONG',
    ],
    [
      'short → long while long already',
      { action: 'buy', marketPosition: 'long', previousMarketPosition: 'short' },
      held('LONG', '1'),
      'none',
      'LONG',
    ],
    ['long → long, sell, while flat', { action: 'sell', marketPosition: 'long', quantity: '0.5' }, null, 'none', 'LONG'],
    [
      'long → long, smaller, no action',
      { marketPosition: 'long', previousMarketPosition: 'long', marketPositionSize: '1', previousMarketPositionSize: '4' },
      held('LONG', '4'),
      'reduce',
      'LONG',
    ],
    [
      'long → long, sell to nothing',
      { action: 'sell', marketPosition: 'long', marketPositionSize: '0', previousMarketPositionSize: '4' },
      held('LONG', '4'),
      'close',
      'LONG',
    ],
    [
      'long → long, sell, no smaller',
      { action: 'sell', marketPosition: 'long', marketPositionSize: '4', previousMarketPositionSize: '4' },
      held('LONG', '4'),
      'none',
      'LONG',
    ],
    ['close-long while short', { action: 'close-long' }, held('SHORT', '1'), 'none', 'LONG'],
  ] as const)('%s', (_name, alert, position, kind, direction) => {
    expect(deriveIntent({ ...nothing, ...alert }, position)).toMatchObject({ kind, direction })
  })

  test('a reduce takes the same share of ours as the sender took of theirs', () => {
    const alert: Alert = {
      ...nothing,
      action: 'sell',
      marketPosition: 'long',
      previousMarketPosition: 'long',
      marketPositionSize: '3',
      previousMarketPositionSize: '4',
      quantity: '1',
    }
    expect(deriveIntent(alert, held('LONG', '10')).reduceFraction?.toFixed()).toBe('0.25')
  })

  test('a reversal opens the new size, not the size of the order', () => {
    const alert: Alert = {
      ...nothing,
      action: 'sell',
      marketPosition: 'short',
      previousMarketPosition: 'long',
      marketPositionSize: '2',
      previousMarketPositionSize: '3',
      quantity: '5',
    }
    expect(deriveIntent(alert, held('LONG', '3')).quantityBase?.toFixed()).toBe('2')
    expect(deriveIntent({ ...alert, marketPositionSize: null }, held('LONG', '3')).quantityBase?.toFixed()).toBe('2')
  })
})

test('an add brings no more than what is missing', () => {
  const alert: Alert = {
    ...nothing,
    action: 'buy',
    marketPosition: 'long',
    previousMarketPosition: 'long',
    marketPositionSize: '3',
    quantity: '2',
  }
  expect(deriveIntent(alert, held('LONG', '2.5'))).toMatchObject({ kind: 'add', quantityBase: new Decimal('0.5') })
  expect(deriveIntent(alert, held('LONG', '3')).kind).toBe('none')
  expect(deriveIntent(alert, held('LONG', '30'), { sizesCompare: false })).toMatchObject({ kind: 'add', quantityBase: new Decimal('2') })
})

test("without sizes a strategy's reversal opens what its order leaves after our position is gone", () => {
  const alert: Alert = { ...nothing, action: 'buy', marketPosition: 'long', quantity: '3' }
  expect(deriveIntent(alert, held('SHORT', '1')).quantityBase?.toFixed()).toBe('2')
  expect(deriveIntent({ ...alert, previousMarketPosition: 'flat' }, held('SHORT', '1')).quantityBase?.toFixed()).toBe('3')
  expect(deriveIntent({ ...alert, marketPosition: null }, held('SHORT', '1')).quantityBase?.toFixed()).toBe('3')
})

const anyAlert = fc.record({
  action: fc.constantFrom('buy', 'sell', 'close', 'close-long', 'close-short', 'cancel', null),
  marketPosition: fc.constantFrom('long', 'short', 'flat', null),
  previousMarketPosition: fc.constantFrom('long', 'short', 'flat', null),
  marketPositionSize: fc.option(fc.integer({ min: 0, max: 9 }).map(String)),
  previousMarketPositionSize: fc.option(fc.integer({ min: 0, max: 9 }).map(String)),
  quantity: fc.option(fc.integer({ min: 1, max: 9 }).map(String)),
})
const anyPosition = fc.option(
  fc.record({ side: fc.constantFrom('LONG', 'SHORT'), quantityBase: fc.integer({ min: 1, max: 9 }).map((size) => new Decimal(size)) }),
)

test('flat closes and never opens', () => {
  fc.assert(
    fc.property(anyAlert, anyPosition, (alert, position) => {
      const { kind } = deriveIntent({ ...nothing, ...alert, marketPosition: 'flat' } as Alert, position as never)
      return kind === 'close' || kind === 'cancel'
    }),
  )
})

test('what opens goes the way the alert says, and what reduces never turns the position', () => {
  fc.assert(
    fc.property(anyAlert, anyPosition, (fields, position) => {
      const alert = { ...nothing, ...fields } as Alert
      const intent = deriveIntent(alert, position as never)
      const opens = intent.kind === 'open' || intent.kind === 'add' || intent.kind === 'reverse'
      const said =
        alert.marketPosition === 'long' ? 'LONG' : alert.marketPosition === 'short' ? 'SHORT' : alert.action === 'buy' ? 'LONG' : 'SHORT'
      if (opens && intent.direction !== said) return false
      return (
        intent.kind !== 'reduce' ||
        intent.reduceFraction === null ||
        (intent.reduceFraction.gt(0) && intent.reduceFraction.lt(1)) ||
        intent.reduceFraction.isZero()
      )
    }),
  )
})
