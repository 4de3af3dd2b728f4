import { expect, it } from 'vitest'
import { leftLegs, movedLegs, movedTrailing, restingLegs, type RestingTrigger } from './protection-change.ts'

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
  expect(restingLegs(position, orders)).toEqual({ stopPrice: '95', targetPrice: '120', trailing: null })
})

it.each([
  ['takes off a part', stop('95', { closePosition: false, reduceOnly: true, quantityBase: '1' })],
  ['could open', stop('95', { closePosition: false, quantityBase: '2' })],
  ['is of another market', stop('95', { symbol: 'ETH/USDT:USDT' })],
  ['buys', stop('95', { side: 'buy' })],
  ['is of the other side of a hedged account', stop('95', { positionSide: 'SHORT' })],
])('is no stop: what %s', (_, order) => {
  expect(restingLegs(position, [order])).toEqual({ stopPrice: null, targetPrice: null, trailing: null })
})

const part = (triggerPrice: string, quantityBase = '1', more: Partial<RestingTrigger> = {}) =>
  stop(triggerPrice, { closePosition: false, reduceOnly: true, quantityBase, ...more })
const trailing = (callbackPercent: string | null, quantityBase = '2', triggerPrice: string | null = null) =>
  part('0', quantityBase, { type: 'trailing-stop-market', callbackPercent, triggerPrice })

it('parts that leave nothing between them are a stop and a target where the last of them is met', () => {
  const parts = [part('95'), part('90'), part('85')]
  expect(restingLegs(position, parts)).toMatchObject({ stopPrice: '90', targetPrice: null })
  expect(restingLegs(position, [...parts, stop('93')])).toMatchObject({ stopPrice: '93' })
  const targets = [part('130', '0.5'), part('110'), part('120', '0.5')].map((one) => ({ ...one, type: 'take-profit-market' }))
  expect(restingLegs(position, targets)).toMatchObject({ stopPrice: null, targetPrice: '130' })
  const short = { ...position, side: 'SHORT' } as const
  const bought = (order: RestingTrigger): RestingTrigger => ({ ...order, side: 'buy' })
  expect(restingLegs(short, [part('105'), part('110')].map(bought))).toMatchObject({ stopPrice: '110' })
  expect(restingLegs(position, parts.slice(0, 1))).toMatchObject({ stopPrice: null })
})

it('a trailing stop that takes all of it is one, and several are as the widest, from where the last begins', () => {
  const of = (...orders: RestingTrigger[]) => restingLegs(position, orders).trailing
  expect(of(trailing('1.5', '2', '110'))).toEqual({ percent: '1.5', activationPrice: '110' })
  expect(of(trailing('1', '1', '110'), trailing('3', '1'))).toEqual({ percent: '3', activationPrice: '110' })
  expect(of(trailing('1', '1'))).toBeNull()
  expect(of(trailing(null))).toBeNull()
})

it('a trailing stop that is another, or gone, is news; one that takes only a part since the position grew is none', () => {
  const told = { percent: '1.5', activationPrice: null }
  const moved = (orders: RestingTrigger[], before: typeof told | null = told) => movedTrailing(position, before, orders)
  expect(moved([trailing('1.50')])).toBeNull()
  expect(moved([trailing('2')])).toEqual({ to: { percent: '2', activationPrice: null } })
  expect(moved([trailing('1.5', '1')])).toBeNull()
  expect(moved([])).toEqual({ to: null })
  expect(moved([], null)).toBeNull()
})

it('knows what followers do not get: trailing stops for a part, and stops and targets for a part that are met first', () => {
  expect(leftLegs(position, [stop('90'), trailing('1', '1'), part('95')])).toEqual(['trailing', 'partial'])
  expect(leftLegs(position, [part('95', '1', { type: 'take-profit-market' })])).toEqual(['partial'])
  expect(leftLegs(position, [part('95'), part('90')])).toEqual(['partial'])
  expect(leftLegs(position, [trailing(null)])).toEqual(['trailing'])
  expect(leftLegs(position, [stop('90'), part('85'), trailing('1')])).toEqual([])
  expect(leftLegs(position, [stop('90'), part('95', '1', { reduceOnly: false }), { ...trailing('1'), side: 'buy' }])).toEqual([])
})

it('a stop that is gone is no news, a target that is gone is', () => {
  expect(movedLegs({ stopPrice: '90', targetPrice: '120' }, { stopPrice: null, targetPrice: '120.0' })).toBeNull()
  expect(movedLegs({ stopPrice: '90', targetPrice: '120' }, { stopPrice: '91', targetPrice: null })).toEqual({
    stop: { price: '91' },
    target: { price: null },
  })
})
