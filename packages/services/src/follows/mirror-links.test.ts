import { expect, test } from 'vitest'
import { linkToldChanges, type MirroredFill, type ToldChange } from './mirror-links.ts'

const fill = (tradeId: string, side: 'buy' | 'sell', quantityBase: string): MirroredFill => ({
  of: 'trade',
  symbol: 'BTC',
  positionSide: 'BOTH',
  tradeId,
  exchangeOrderId: tradeId,
  side,
  quantityBase,
  price: '1',
  fee: '0',
  isLiquidation: false,
  atMs: Number(tradeId),
  orderId: null,
  routeId: null,
  leg: null,
  level: null,
  signalId: null,
  signalSource: null,
  signalKey: null,
  committedAtMs: null,
})
const change = (signalId: string, from: string, to: string, tradeIds: readonly string[]): ToldChange => ({
  signalId,
  key: null,
  committedAtMs: 1,
  symbol: 'BTC',
  positionSide: 'BOTH',
  from,
  to,
  tradeIds,
})
const linked = (fills: readonly MirroredFill[], told: readonly ToldChange[]) =>
  linkToldChanges(fills, told)
    .toSorted((a, b) => a.atMs - b.atMs)
    .map(({ tradeId, signalId }) => `${tradeId} ${signalId}`)

test('a fill is of the change that names it', () => {
  const fills = [fill('1', 'buy', '2'), fill('2', 'buy', '1'), fill('3', 'sell', '3')]
  const told = [change('open', '0', '2', ['1']), change('add', '2', '3', ['2']), change('close', '3', '0', ['3'])]
  expect(linked(fills, told)).toEqual(['1 open', '2 add', '3 close'])
})

test('of two changes that were told at once, each has the fills that made it', () => {
  const fills = [fill('1', 'buy', '2'), fill('2', 'sell', '2'), fill('3', 'sell', '1')]
  const told = [change('open', '0', '2', ['1']), change('close', '2', '0', ['3', '2']), change('short', '0', '-1', ['3', '2'])]
  expect(linked(fills, told)).toEqual(['1 open', '2 close', '3 short'])
})

test('one fill that turns the position, one that is too old to be named, and one that nobody was told of', () => {
  const fills = [fill('1', 'buy', '1'), fill('2', 'buy', '1'), fill('3', 'sell', '3'), fill('4', 'buy', '1')]
  const told = [change('open', '0', '2', ['2']), change('turn', '2', '-1', ['3'])]
  expect(linked(fills, told)).toEqual(['1 open', '2 open', '3 turn', '4 null'])
})
