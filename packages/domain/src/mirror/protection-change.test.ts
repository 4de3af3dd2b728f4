import { expect, it } from 'vitest'
import { leftLegs, movedLegs, restingLegs, type RestingTrigger } from './protection-change.ts'

const position = { symbol: 'BTC/USDT:USDT', positionSide: 'BOTH', side: 'LONG', quantityBase: '2' } as const
const stop = (triggerPrice: string, more: Partial<RestingTrigger> = {}): RestingTrigger => ({
  symbol: 'BTC/USDT:USDT',
  side: 'sell',
  positionSide: 'BOTH',
  type: 'stop-market',
  quantityBase: null,
  triggerPrice,
  reduceOnly: false,
  closePosition: true,
  ...more,
})

it('finds the stop and the target that take all of a position, the nearest of several', () => {
  const orders = [
    stop('90'),
    stop('95', { closePosition: false, reduceOnly: true, quantityBase: '2' }),
    stop('120', { type: 'take-profit-market' }),
  ]
  expect(restingLegs(position, orders)).toEqual({ stopPrice: '95', targetPrice: '120' })
})

it.each([
  ['takes off a part', stop('95', { closePosition: false, reduceOnly: true, quantityBase: '1' })],
  ['could open', stop('95', { closePosition: false, quantityBase: '2' })],
  ['is of another market', stop('95', { symbol: 'ETH/USDT:USDT' })],
  ['buys', stop('95', { side: 'buy' })],
  ['is of the other side of a hedged account', stop('95', { positionSide: 'SHORT' })],
])('is no stop: what %s', (_, order) => {
  expect(restingLegs(position, [order])).toEqual({ stopPrice: null, targetPrice: null })
})

it('knows what followers do not get: trailing stops, and stops and targets for a part', () => {
  const part = stop('95', { closePosition: false, reduceOnly: true, quantityBase: '1' })
  const trailing = stop('95', { type: 'trailing-stop-market', closePosition: false, reduceOnly: true, quantityBase: '2' })
  expect(leftLegs(position, [stop('90'), trailing, part])).toEqual(['trailing', 'partial'])
  expect(leftLegs(position, [{ ...part, type: 'take-profit-market' }])).toEqual(['partial'])
  expect(leftLegs(position, [stop('90'), { ...part, reduceOnly: false }, { ...trailing, side: 'buy' }])).toEqual([])
})

it('a stop that is gone is no news, a target that is gone is', () => {
  expect(movedLegs({ stopPrice: '90', targetPrice: '120' }, { stopPrice: null, targetPrice: '120.0' })).toBeNull()
  expect(movedLegs({ stopPrice: '90', targetPrice: '120' }, { stopPrice: '91', targetPrice: null })).toEqual({
    stop: { price: '91' },
    target: { price: null },
  })
})
