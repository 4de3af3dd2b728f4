import { Decimal } from 'decimal.js'
import { describe, expect, it } from 'vitest'
import { positionSteps, stepAlert, type MirroredPosition, type SeenChange } from './position-steps.ts'

const at = (signed: string, epoch = 1): MirroredPosition => ({
  side: new Decimal(signed).gte(0) ? 'LONG' : 'SHORT',
  quantityBase: new Decimal(signed).abs(),
  epoch,
})
const kinds = (before: MirroredPosition, now: MirroredPosition, traded = true) =>
  positionSteps(before, now, traded).map(({ kind, from, to }) => [
    kind,
    from?.quantityBase.toNumber() ?? 0,
    to?.quantityBase.toNumber() ?? 0,
  ])
const seen: SeenChange = {
  symbol: 'BTC/USDT:USDT',
  positionSide: 'BOTH',
  price: '50000',
  leverage: 5,
  filledAtMs: 1_000,
  stopPrice: '47000',
  targetPrice: '60000',
  trailing: null,
  idempotencyKey: 'k',
}
const alerts = (before: MirroredPosition, now: MirroredPosition, more: Partial<SeenChange> = {}) =>
  positionSteps(before, now, true).map((step) => stepAlert(step, { ...seen, ...more }))

describe('what lies between two sights of a position', () => {
  it.each([
    ['nothing', at('0'), at('0'), []],
    ['nothing, where it stands as it stood', at('2'), at('2'), []],
    ['an opening', at('0'), at('2', 2), [['open', 0, 2]]],
    ['an add', at('2'), at('3'), [['add', 2, 3]]],
    ['a partial close', at('-3'), at('-1'), [['reduce', 3, 1]]],
    ['a close', at('3'), at('0'), [['close', 3, 0]]],
    ['a reversal', at('3'), at('-1', 2), [['reverse', 3, 1]]],
    [
      'an end and a new beginning on the same side',
      at('3'),
      at('3', 2),
      [
        ['close', 3, 0],
        ['open', 0, 3],
      ],
    ],
  ] as const)('%s', (_, before, now, expected) => {
    expect(kinds(before, now)).toEqual(expected)
  })

  it('a position that was only missing in a list has not ended', () => {
    expect(kinds(at('3'), at('3', 2), false)).toEqual([])
  })
})

describe('the alert', () => {
  it('says both positions, so that sizes change by their ratio', () => {
    expect(alerts(at('2'), at('3'))).toMatchObject([
      {
        action: 'buy',
        quantity: '1',
        marketPosition: 'long',
        marketPositionSize: '3',
        previousMarketPosition: 'long',
        previousMarketPositionSize: '2',
        stopLoss: null,
      },
    ])
    expect(alerts(at('-3'), at('-1'))).toMatchObject([
      { action: 'buy', quantity: '2', marketPosition: 'short', marketPositionSize: '1', stopLoss: null },
    ])
    expect(alerts(at('3'), at('-1', 2))).toMatchObject([
      { action: 'sell', quantity: '4', marketPosition: 'short', previousMarketPosition: 'long' },
    ])
  })

  it('ends one side of a hedged account and leaves the other', () => {
    expect(alerts(at('3'), at('0'))).toMatchObject([{ action: 'close', marketPosition: 'flat' }])
    expect(alerts(at('-3'), at('0'), { positionSide: 'SHORT' })).toMatchObject([{ action: 'close-short', marketPosition: null }])
  })
})
