import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Exact, sum } from '../metrics/exact.ts'
import { apportion } from './apportion.ts'
import { copyGap } from './copy-gap.ts'
import { OWN_CAUSES, type CopiedStep, type Gap, type GapInput, type LeaderStep } from './types.ts'

const amount = (min: number, max: number, unit = 1_000) => fc.integer({ min, max }).map((whole) => new Exact(whole).div(unit))
const price = amount(90_000, 110_000, 7_000).map((each) => each.toDecimalPlaces(4))
const FEE = '0.0005'

const moves = fc.array(fc.record({ adds: fc.boolean(), base: amount(1, 900), partOut: amount(1, 999), price, fee: amount(0, 9) }), {
  minLength: 1,
  maxLength: 8,
})

/** Goes in, adds and takes off, and is flat at the end. */
const leaders = fc.record({ moves, exit: price, long: fc.boolean() }).map(({ moves: course, exit, long }) => {
  let held: Decimal = new Exact(0)
  const steps = course.flatMap(({ adds, base, partOut, price: at, fee }, index): LeaderStep[] => {
    const isIn = adds || held.isZero()
    const quantityBase = isIn ? base : held.mul(partOut).toDecimalPlaces(3, Decimal.ROUND_UP)
    held = isIn ? held.add(quantityBase) : held.sub(quantityBase)
    if (held.isNegative() || quantityBase.isZero()) throw new Error('no such course')
    return [
      { id: `signal ${index}`, change: isIn ? 'in' : 'out', quantityBase, quote: quantityBase.mul(at), fee, atMs: 1_000 * (index + 1) },
    ]
  })
  const last: LeaderStep = {
    id: 'last',
    change: 'out',
    quantityBase: held,
    quote: held.mul(exit),
    fee: held.mul(exit).mul(FEE),
    atMs: 100_000,
  }
  return { long, steps: held.isZero() ? steps : [...steps, last] }
})

const habits = fc.record({
  reverse: fc.boolean(),
  numerator: amount(1, 3_000),
  denominator: amount(1, 3_000, 3).map((each) => each.toDecimalPlaces(9)),
  /** By leader's step: not copied, or how exactly. */
  copied: fc.array(fc.record({ skip: fc.boolean(), exactness: amount(700, 1_300), slip: amount(990, 1_010) }), {
    minLength: 12,
    maxLength: 12,
  }),
  own: fc.array(
    fc.record({
      atMs: fc.integer({ min: 1_001, max: 99_000 }),
      base: amount(1, 500),
      price,
      cause: fc.constantFrom(...OWN_CAUSES),
      isIn: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  end: fc.record({ price, cause: fc.constantFrom(...OWN_CAUSES) }),
  funding: amount(-900, 900),
  leaderFunding: fc.array(fc.record({ atMs: fc.integer({ min: 0, max: 101_000 }), amount: amount(-900, 900) }), { maxLength: 4 }),
})

const scenes = fc.tuple(leaders, habits).map(([leader, habit]): GapInput => {
  const { reverse, numerator, denominator, copied, own, end, funding, leaderFunding } = habit
  const steps: CopiedStep[] = []
  let held: Decimal = new Exact(0)
  const add = (step: Pick<CopiedStep, 'of' | 'change' | 'cause' | 'quantityBase' | 'atMs'>, at: Decimal) => {
    const quantityBase = step.change === 'in' ? step.quantityBase : Exact.min(held, step.quantityBase)
    if (quantityBase.lte(0)) return
    held = step.change === 'in' ? held.add(quantityBase) : held.sub(quantityBase)
    const quote = quantityBase.mul(at)
    steps.push({ ...step, quantityBase, quote, fee: quote.mul(FEE) })
  }
  const events = [
    ...leader.steps.map((step, index) => ({ atMs: step.atMs + 5, step, how: copied[index] })),
    ...own.map((one) => ({ atMs: one.atMs, one })),
  ].toSorted((a, b) => a.atMs - b.atMs)
  for (const event of events) {
    if ('one' in event) {
      const { one, atMs } = event
      add({ of: null, cause: one.cause, change: one.isIn ? 'in' : 'out', quantityBase: one.base, atMs }, one.price)
    } else if (event.how?.skip === false) {
      const { step, how, atMs } = event
      const quantityBase = step.quantityBase.mul(numerator).div(denominator).mul(how.exactness).toDecimalPlaces(3, Decimal.ROUND_UP)
      add(
        { of: step.id, cause: 'other-signal', change: step.change, quantityBase, atMs },
        step.quote.div(step.quantityBase).mul(how.slip).toDecimalPlaces(4),
      )
    }
  }
  add({ of: null, cause: end.cause, change: 'out', quantityBase: held, atMs: 200_000 }, end.price)
  return {
    leader: { steps: leader.steps, funding: leaderFunding },
    side: leader.long === reverse ? 'SHORT' : 'LONG',
    reverse,
    ratio: { numerator, denominator },
    copy: { steps, fees: sum(steps.map(({ fee }) => fee)).toDecimalPlaces(18), funding },
  }
})

const all = ({ parts }: Gap) => Object.values(parts)

describe('the copy gap', () => {
  test('sums to leader minus follower, to the last digit, in every course of leader and copy', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const gap = copyGap(scene)
        expect(sum(all(gap)).toFixed()).toBe(gap.leaderQuote.sub(gap.followerQuote).toFixed())
        expect(gap.slippageEntry.add(gap.slippageExit).toFixed()).toBe(gap.parts.slippage.toFixed())
        expect(all(gap).every((part) => part.decimalPlaces() <= 18)).toBe(true)
        const direction = scene.side === 'LONG' ? 1 : -1
        const cash = sum(scene.copy.steps.map(({ change, quote }) => quote.mul(change === 'in' ? -direction : direction)))
        expect(gap.followerQuote.toFixed()).toBe(
          cash.sub(scene.copy.fees).add(scene.copy.funding).toDecimalPlaces(18, Decimal.ROUND_HALF_EVEN).toFixed(),
        )
      }),
      { numRuns: 1_500 },
    )
  })

  test('tells each skipped signal and each own move apart, and they sum to their parts', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const { parts, skippedBy, ownBy } = copyGap(scene)
        const near = (one: Decimal, other: Decimal) => one.sub(other).abs().lte('1e-17')
        expect(near(sum(skippedBy.map(({ quote }) => quote)), parts.skipped)).toBe(true)
        expect(near(sum(ownBy.map(({ quote }) => quote)), parts.own)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('is nothing but the leader’s result where nothing is copied, and nothing at all where everything is copied as it is meant', () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const none = copyGap({ ...scene, copy: { steps: [], fees: new Decimal(0), funding: new Decimal(0) } })
        expect(none.parts.skipped.toFixed()).toBe(none.leaderQuote.toFixed())
        expect(none.followerQuote.isZero()).toBe(true)

        const steps = scene.leader.steps.map((step): CopiedStep => ({ ...step, of: step.id, cause: 'other-signal' }))
        const fees = sum(steps.map(({ fee }) => fee))
        const side = scene.reverse === (scene.side === 'LONG') ? 'SHORT' : 'LONG'
        const funding = sum(scene.leader.funding.map((one) => one.amount))
        const same = copyGap({
          ...scene,
          side,
          reverse: false,
          ratio: { numerator: new Exact(3), denominator: new Exact(3) },
          copy: { steps, fees, funding },
        })
        expect(all(same).map((part) => part.toFixed())).toEqual(['0', '0', '0', '0', '0', '0'])
      }),
      { numRuns: 300 },
    )
  })
})

test('parts in cents sum to the total in cents, and parts that do not come to their total are refused', () => {
  const thirds = { one: new Decimal('3.333'), two: new Decimal('3.333'), three: new Decimal('3.334') }
  const cents = apportion(thirds, new Decimal('10'), 2)
  expect(Object.values(cents).map((each) => each.toFixed(2))).toEqual(['3.33', '3.33', '3.34'])
  expect(() => apportion(thirds, new Decimal('11'), 2)).toThrow('do not come to their total')
})
