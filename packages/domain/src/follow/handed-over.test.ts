import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { worthOfHandedOver, type GivenUp } from './handed-over.ts'

const given: GivenUp = {
  trade: { made: '-2', leftBase: '0.1', entryPrice: '50000' },
  held: { base: '0.1', entryPrice: '50000' },
  late: { openBase: '0', closeBase: '0', closeQuote: '0' },
  marks: [
    { price: '51000', atMs: 2_000 },
    { price: '40000', atMs: 1_000 },
  ],
}

describe('what is handed over', () => {
  it('is worth what its trade made and what is open at the newest mark, a loss too', () => {
    expect(worthOfHandedOver(given)).toEqual({
      quantityBase: '0.1',
      entryPrice: '50000',
      price: '51000',
      pricedAtMs: 2_000,
      profit: '98',
    })
    const short = { ...given, trade: { made: '-2', leftBase: '-0.1', entryPrice: '50000' } }
    expect(worthOfHandedOver(short)).toMatchObject({ quantityBase: '-0.1', profit: '-102' })
  })

  it('is worth its entry where no mark is known, and says so', () => {
    expect(worthOfHandedOver({ ...given, marks: [] })).toMatchObject({ price: '50000', pricedAtMs: null, profit: '-2' })
    expect(worthOfHandedOver({ ...given, trade: null, held: { base: '1', entryPrice: null }, marks: [] })).toBeNull()
  })

  it('is worth the same where its close has filled and is not booked yet, as once it is', () => {
    const late = { openBase: '0', closeBase: '-0.1', closeQuote: '-5200' }
    expect(worthOfHandedOver({ ...given, held: null, late })).toMatchObject({ quantityBase: '0', profit: '198' })
  })

  it('has what opened and is not booked yet left out: it is given up when it is', () => {
    const late = { openBase: '0.04', closeBase: '0', closeQuote: '0' }
    expect(worthOfHandedOver({ ...given, late })).toMatchObject({ quantityBase: '0.1', profit: '98' })
    expect(worthOfHandedOver({ ...given, trade: null, late })).toMatchObject({ quantityBase: '0.06', profit: '60' })
    expect(worthOfHandedOver({ ...given, trade: null, late: { ...late, openBase: '0.1' } })).toBeNull()
  })

  test('and what its owner makes of it from there are together what the trade makes', () => {
    const price = fc.integer({ min: 1, max: 100_000 }).map(String)
    fc.assert(
      fc.property(price, price, price, fc.integer({ min: -50, max: 50 }), (entryPrice, mark, exit, leftBase) => {
        const worth = worthOfHandedOver({
          ...given,
          trade: { made: '0', leftBase: String(leftBase), entryPrice },
          marks: [{ price: mark, atMs: 1 }],
        })
        const after = new Decimal(exit).sub(mark).mul(leftBase)
        const whole = new Decimal(exit).sub(entryPrice).mul(leftBase)
        expect(after.add(worth?.profit ?? NaN).toFixed()).toBe(whole.toFixed())
      }),
    )
  })
})
