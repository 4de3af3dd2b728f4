import { expect, it } from 'vitest'
import { nettedMargin } from './share-scope.ts'
import type { DecisionPosition } from './types.ts'

const share = (symbol: string, side: 'LONG' | 'SHORT', quantityBase: string, margin: string | null): DecisionPosition => ({
  symbol,
  positionSide: 'BOTH',
  side,
  quantityBase,
  margin,
  routeId: `${symbol} ${side} ${quantityBase}`,
})

it('margin that netting saves is what both sides would need alone, less what is held for the rest of them', () => {
  expect(nettedMargin([share('A', 'LONG', '3', '30'), share('A', 'LONG', '2', '20'), share('B', 'SHORT', '1', '7')]).toFixed()).toBe('0')
  // 3 against 2: the exchange holds margin for 1, 10 of the 50.
  expect(nettedMargin([share('A', 'LONG', '3', '30'), share('A', 'SHORT', '2', '20'), share('B', 'SHORT', '1', '7')]).toFixed()).toBe('40')
  expect(nettedMargin([share('A', 'LONG', '2', '20'), share('A', 'SHORT', '2', '20')]).toFixed()).toBe('40')
  expect(nettedMargin([share('A', 'LONG', '2', null), share('A', 'SHORT', '2', null)]).toFixed()).toBe('0')
})
