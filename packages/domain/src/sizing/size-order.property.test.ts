import { SizingMode } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sizeOrder, type SizeInput } from './size-order.ts'

const amount = (min: number, max: number) => fc.integer({ min, max }).map((cents) => new Decimal(cents).div(100))
const steps = fc.constantFrom('0.001', '0.01', '0.1', '1', '0.00001')

const sizes = (mode: SizingMode): fc.Arbitrary<SizeInput> =>
  fc.record({
    mode: fc.constant(mode),
    asked: fc.option(amount(0, 100_000)),
    askedUnit: fc.constant('base' as const),
    heldBase: amount(0, 1_000),
    price: amount(1, 10_000_000),
    equity: amount(-10_000, 100_000_000),
    equityFraction: amount(1, 99),
    fixedQuote: amount(1, 1_000_000),
    fixedBase: fc.option(amount(1, 100_000)),
    riskFraction: amount(1, 50),
    stopDistance: fc.option(amount(1, 1_000_000)),
    leverage: fc.integer({ min: 1, max: 125 }),
    market: fc.record({
      stepSize: steps,
      minQuantity: fc.constantFrom('0.001', '0.01', '1'),
      maxQuantity: fc.constantFrom(null, '10', '1000'),
      minNotional: fc.constantFrom('0', '5', '100'),
    }),
  })

/** What the mode may use at most, told another way than the code does. Quote at risk, quote of notional, or base. */
function budget(input: SizeInput): (quantity: Decimal) => boolean {
  const { mode, equity, equityFraction, leverage, price, fixedQuote, fixedBase, riskFraction, stopDistance, asked } = input
  const own = Decimal.max(0, equity)
  const marginFits = (quantity: Decimal) => quantity.mul(price).lte(own.mul(equityFraction).mul(leverage).add('1e-9'))
  switch (mode) {
    case 'alert':
      return (quantity) => (asked === null ? marginFits(quantity) : quantity.lte(asked))
    case 'fixed-quantity':
      return (quantity) => quantity.lte(fixedBase ?? 0)
    case 'fixed-quote':
      return (quantity) => quantity.mul(price).lte(fixedQuote.add('1e-9'))
    case 'percent-of-equity':
      return marginFits
    case 'risk-per-trade':
      return (quantity) => stopDistance !== null && quantity.mul(stopDistance).lte(own.mul(riskFraction).add('1e-9'))
  }
}

describe.each(SizingMode.options)('sized by %s', (mode) => {
  test('never uses more than it may, lies on the step, and keeps the limits of the market', () => {
    fc.assert(
      fc.property(sizes(mode), (input) => {
        const sized = sizeOrder(input)
        if (!sized.ok) return
        const { market } = input
        expect(budget(input)(sized.quantityBase)).toBe(true)
        expect(sized.quantityBase.mod(market.stepSize).isZero()).toBe(true)
        expect(sized.quantityBase.gte(market.minQuantity)).toBe(true)
        expect(market.maxQuantity === null || sized.quantityBase.lte(market.maxQuantity)).toBe(true)
        expect(sized.notionalQuote.gte(market.minNotional)).toBe(true)
        expect(sized.marginQuote.mul(input.leverage).div(sized.notionalQuote).sub(1).abs().lt('1e-15')).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  test('uses all it may but the last step', () => {
    fc.assert(
      fc.property(sizes(mode), (input) => {
        const sized = sizeOrder(input)
        if (sized.ok) expect(budget(input)(sized.quantityBase.add(input.market.stepSize).add('1e-6'))).toBe(false)
      }),
      { numRuns: 400 },
    )
  })

  test('a refusal has its reason with the numbers of it, and is refused for what it says', () => {
    fc.assert(
      fc.property(sizes(mode), (input) => {
        const sized = sizeOrder(input)
        if (sized.ok) return
        const quantity = new Decimal(String(sized.numbers['quantityBase'] ?? 0))
        const { market, price } = input
        const holds = {
          STOP_REQUIRED: mode === 'risk-per-trade' && input.stopDistance === null,
          SIZE_ZERO: quantity.isZero(),
          BELOW_MINIMUM: quantity.lt(market.minQuantity) || quantity.mul(price).lt(market.minNotional),
          ABOVE_MAXIMUM: market.maxQuantity !== null && quantity.gt(market.maxQuantity),
        }
        expect(holds).toHaveProperty(sized.reason, true)
      }),
      { numRuns: 400 },
    )
  })

  test('more equity never makes it smaller, a stop further away never larger', () => {
    fc.assert(
      fc.property(sizes(mode), amount(0, 10_000_000), (input, more) => {
        const quantity = (change: Partial<SizeInput>) =>
          new Decimal(String(sizeOrder({ ...input, ...change }).numbers['quantityBase'] ?? 0))
        const now = quantity({})
        expect(quantity({ equity: input.equity.add(more) }).gte(now)).toBe(true)
        if (input.stopDistance !== null) expect(quantity({ stopDistance: input.stopDistance.add(more) }).lte(now)).toBe(true)
      }),
      { numRuns: 400 },
    )
  })
})
