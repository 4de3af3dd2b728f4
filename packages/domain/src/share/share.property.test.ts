import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TradeFill } from '../trade/build-trades.ts'
import { applyShareFill, type Share } from './apply-share-fill.ts'
import { buildShares } from './build-shares.ts'

const STEP = new Decimal('0.001')
const ROUTES = ['a', 'b', 'c', 'hand'] as const
const base = (steps: number) => STEP.mul(steps)

const drawn = fc.record({
  route: fc.constantFrom(...ROUTES),
  side: fc.constantFrom('buy' as const, 'sell' as const),
  steps: fc.integer({ min: 1, max: 40 }),
  price: fc.integer({ min: 1, max: 99 }),
  isForced: fc.boolean(),
  opens: fc.boolean(),
})
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never

const fillOf = (one: Drawn, index: number): TradeFill => ({
  tradeId: String(index).padStart(6, '0'),
  side: one.side,
  quantityBase: base(one.steps),
  price: new Decimal(one.price),
  fee: new Decimal('0.1'),
  feeCurrency: 'USDT',
  routeId: one.route === 'hand' ? null : one.route,
  isLiquidation: one.isForced,
  opens: one.opens && !one.isForced,
  atMs: index,
})
const stepsOf = (shares: readonly Share[]) =>
  new Map(shares.map(({ routeId, quantityBase }) => [routeId, quantityBase.div(STEP).toNumber()]))

describe('an ownership ledger', () => {
  it('adds up to the position, in whole steps, whatever is executed', () => {
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 60 }), fc.integer({ min: -30, max: 30 }), (all, unexplained) => {
        const { shares } = buildShares({ fills: all.map(fillOf), handRouteId: 'hand', unexplainedBase: base(unexplained), stepBase: STEP })
        const position = all.reduce((sum, { side, steps }) => sum + (side === 'buy' ? steps : -steps), unexplained)
        const parts = [...stepsOf(shares).values()]
        expect(parts.every(Number.isInteger)).toBe(true)
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(position)
      }),
    )
  })

  it('changes by each fill as a plain model says: an open is its route’s; else own share first, the others by size, the rest is the route’s own', () => {
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 40 }), (all) => {
        let shares: Share[] = []
        for (const one of all) {
          const before = stepsOf(shares)
          const fill = { ...fillOf(one, 0), routeId: one.route, isForced: one.isForced }
          shares = applyShareFill(shares, fill, STEP).shares
          expectAsModel(before, stepsOf(shares), one)
        }
      }),
    )
  })

  it('leaves everybody else alone where a route closes no more than its own', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 1, max: 50 }),
        (held, taken) => {
          const shares = held.map((steps, index) => ({ routeId: String(index), quantityBase: base(steps), entryPrice: new Decimal(7) }))
          const mine = Math.min(taken, held[0] ?? 0)
          const fill = { routeId: '0', side: 'sell' as const, quantityBase: base(mine), price: new Decimal(9), isForced: false }
          const after = applyShareFill(shares, fill, STEP).shares
          expect(after.slice(1)).toEqual(shares.slice(1))
          expect(after[0]?.quantityBase.eq(base((held[0] ?? 0) - mine))).toBe(true)
        },
      ),
    )
  })

  it('gives every fill to somebody, its fee with it', () => {
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 30 }), (all) => {
        const fills = all.map(fillOf)
        const { fillsByRoute } = buildShares({ fills, handRouteId: 'hand', unexplainedBase: new Decimal(0), stepBase: STEP })
        for (const fill of fills) {
          const parts = [...fillsByRoute.values()].flat().filter(({ tradeId }) => tradeId === fill.tradeId)
          expect(parts.reduce((sum, { quantityBase }) => sum.add(quantityBase), new Decimal(0)).eq(fill.quantityBase)).toBe(true)
          expect(
            parts
              .reduce((sum, { fee }) => sum.add(fee), new Decimal(0))
              .toDecimalPlaces(12)
              .eq(fill.fee),
          ).toBe(true)
        }
      }),
    )
  })

  it('shares out what is paid for holding by who held how much, to the last digit', () => {
    const buy = (route: 'a' | 'b', steps: number, price: number) =>
      fillOf({ route, side: 'buy', steps, price, isForced: false, opens: false }, price)
    const fills = [buy('a', 10, 10), buy('b', 20, 20)]
    const funding = [15, 25].map((atMs) => ({ atMs, amount: new Decimal(-1) }))
    const { fundingByRoute } = buildShares({ fills, handRouteId: 'hand', unexplainedBase: new Decimal(0), stepBase: STEP, funding })
    expect([...fundingByRoute].map(([route, parts]) => [route, parts.map(({ atMs, amount }) => [atMs, amount.toFixed()])])).toEqual([
      [
        'a',
        [
          [15, '-1'],
          [25, '-0.333333333333333333'],
        ],
      ],
      ['b', [[25, '-0.666666666666666667']]],
    ])
  })

  it('averages the entry of what is added, and keeps it when something is taken off', () => {
    const buy = (routeId: string, steps: number, price: number): TradeFill =>
      fillOf({ route: routeId as 'a', side: 'buy', steps, price, isForced: false, opens: false }, price)
    const fills = [
      buy('a', 10, 100),
      buy('b', 10, 200),
      buy('a', 30, 300),
      { ...fillOf({ route: 'b', side: 'sell', steps: 4, price: 9, isForced: false, opens: false }, 400) },
    ]
    const { shares } = buildShares({ fills, handRouteId: 'hand', unexplainedBase: new Decimal(0), stepBase: STEP })
    expect(shares.map(({ routeId, quantityBase, entryPrice }) => [routeId, quantityBase.toFixed(), entryPrice?.toFixed()])).toEqual([
      ['a', '0.04', '250'],
      ['b', '0.006', '200'],
    ])
  })
})

/** Whole steps throughout, and none of the code under test. */
function expectAsModel(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>, one: Drawn): void {
  const sign = one.side === 'buy' ? 1 : -1
  const roomOf = (route: string) => Math.max(0, -(before.get(route) ?? 0) * sign)
  const took = (route: string) => ((after.get(route) ?? 0) - (before.get(route) ?? 0)) * sign + 0
  if (one.opens && !one.isForced) {
    for (const route of ROUTES) expect(took(route)).toBe(route === one.route ? one.steps : 0)
    return
  }
  const others = ROUTES.filter((route) => route !== one.route)
  const own = one.isForced ? 0 : Math.min(one.steps, roomOf(one.route))
  const pool: readonly string[] = one.isForced ? ROUTES : others
  const room = pool.reduce((sum, route) => sum + roomOf(route), 0)
  const fromPool = Math.min(one.steps - own, room)
  for (const route of pool) {
    const exact = room === 0 ? 0 : (fromPool * roomOf(route)) / room
    const rest = route === one.route ? one.steps - fromPool : 0
    expect(Math.abs(took(route) - rest - exact)).toBeLessThan(1)
    expect(took(route) - rest).toBeLessThanOrEqual(roomOf(route))
  }
  if (!one.isForced) expect(took(one.route)).toBe(one.steps - fromPool)
}
