import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createRequestBudget, type OrderKind, type RequestBudget } from './request-budget.ts'

const takeMany = (budget: RequestBudget, kind: OrderKind, wanted: number) => {
  let taken = 0
  while (taken < wanted && budget.take(kind)) taken += 1
  return taken
}

it('lets a whole window leave at once, and the next when the answers of the first are that old', () => {
  let now = 0
  const budget = createRequestBudget({ requests: 20, windowMs: 1_000 }, () => now)
  expect(takeMany(budget, 'urgent', 30)).toBe(20)
  for (let answered = 0; answered < 20; answered += 1) budget.settle()
  now = 1_000 - 1
  expect(budget.room('urgent')).toBe(0)
  now = 1_000
  expect(takeMany(budget, 'urgent', 30)).toBe(20)
})

it('leaves closes something however many opens wait, and opens something however much is read', () => {
  const budget = createRequestBudget({ requests: 600, windowMs: 5_000 }, () => 0)
  expect(budget.room('patient')).toBe(300)
  expect(takeMany(budget, 'open', 1_000)).toBe(570)
  expect(takeMany(budget, 'urgent', 1_000)).toBe(30)
})

it('gives those without room their turns in order, one window after the other, the urgent first', () => {
  const budget = createRequestBudget({ requests: 20, windowMs: 1_000 }, () => 0)
  for (let left = takeMany(budget, 'open', 19); left > 0; left -= 1) budget.settle()
  const turns = Array.from({ length: 80 }, (_, index) => budget.queue('open', `open ${index}`))
  expect(turns).toEqual(turns.toSorted((a, b) => a - b))
  expect(turns.slice(0, 19)).toEqual(Array.from({ length: 19 }, () => 1_000))
  // Its turn is in the fifth window; half-way it looks whether it has come sooner.
  expect([turns.at(-1), budget.queue('open', 'open 79'), budget.queue('guard', 'stop')]).toEqual([2_500, 2_500, 2_500])
  expect(budget.queue('urgent', 'close')).toBe(1_000)
})

it('keeps what has become free for those who were told to come, and from who has been waiting for anything else', () => {
  let now = 0
  const budget = createRequestBudget({ requests: 20, windowMs: 1_000 }, () => now)
  for (let left = takeMany(budget, 'urgent', 20); left > 0; left -= 1) budget.settle()
  for (let index = 0; index < 12; index += 1) budget.queue('open', `open ${index}`)
  for (let index = 0; index < 5; index += 1) budget.queue('urgent', `close ${index}`)
  now = 1_000
  expect(budget.room('urgent')).toBe(3)
  expect(takeMany(budget, 'open', 20)).toBe(14)
  expect(takeMany(budget, 'urgent', 20)).toBe(6)
})

it('keeps it for a moment only', () => {
  let now = 0
  const budget = createRequestBudget({ requests: 20, windowMs: 1_000 }, () => now)
  for (let left = takeMany(budget, 'urgent', 20); left > 0; left -= 1) budget.settle()
  for (let index = 0; index < 12; index += 1) budget.queue('open', `open ${index}`)
  now = 1_100
  expect(budget.room('urgent')).toBe(20)
})

it('opens nothing while it is held', () => {
  let now = 0
  const budget = createRequestBudget({ requests: 100, windowMs: 1_000 }, () => now)
  budget.holdOpens(500)
  expect([budget.room('open'), budget.room('urgent')]).toEqual([0, 100])
  now = 500
  expect(budget.room('open')).toBe(95)
})

it('divides what an address may ask among the processes that share it', () => {
  const budget = createRequestBudget({ requests: 600, windowMs: 5_000 }, () => 0)
  budget.sharedBy(2)
  expect(budget.room('urgent')).toBe(300)
})

it('never lets more than the limit arrive within any window, however the way there varies', () => {
  const moves = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 60 }),
      wanted: fc.integer({ min: 1, max: 8 }),
      wayMs: fc.integer({ min: 0, max: 300 }),
    }),
  )
  fc.assert(
    fc.property(moves, (steps) => {
      let now = 0
      const budget = createRequestBudget({ requests: 10, windowMs: 400 }, () => now)
      const arrived: number[] = []
      let onTheWay: number[] = []
      for (const { afterMs, wanted, wayMs } of steps) {
        now += afterMs
        for (const at of onTheWay) if (at <= now) budget.settle()
        onTheWay = onTheWay.filter((at) => at > now)
        for (let left = takeMany(budget, 'urgent', wanted); left > 0; left -= 1) {
          onTheWay.push(now + wayMs)
          arrived.push(now + wayMs)
        }
      }
      const sorted = arrived.toSorted((a, b) => a - b)
      for (const [index, at] of sorted.entries()) expect((sorted[index + 10] ?? Infinity) - at).toBeGreaterThanOrEqual(400)
    }),
  )
})

it('sends those that wait by their kind: what closes wait for before what opens, readings last', async () => {
  const budget = createRequestBudget({ requests: 2, windowMs: 30 })
  const sent: string[] = []
  const ask = (kind: 'urgent' | 'patient', name: string) => budget.spend(kind, () => Promise.resolve(sent.push(name)))
  const turns = budget.takeTurns('urgent', 2)
  const all = [ask('patient', 'reading'), ask('urgent', 'first'), ask('urgent', 'second')]
  expect(budget.take('open')).toBe(false)
  turns?.giveBack()
  await Promise.all(all)
  expect(sent).toEqual(['first', 'second', 'reading'])
})

it('takes turns for all that a step asks or for none of it, and what is left of them is for others', () => {
  const budget = createRequestBudget({ requests: 10, windowMs: 1_000 }, () => 0)
  const turns = budget.takeTurns('urgent', 8)
  expect([turns?.use(), turns?.use()]).toEqual([true, true])
  expect(budget.takeTurns('urgent', 3)).toBeUndefined()
  turns?.giveBack()
  expect(turns?.use()).toBe(false)
  expect(budget.room('urgent')).toBe(8)
  expect([budget.room('patient'), budget.room('patient', 3)]).toEqual([3, 1])
})

it('keeps a turn by name for who comes back for it, however little room there is, and for a while only', () => {
  let now = 0
  const budget = createRequestBudget({ requests: 10, windowMs: 1_000 }, () => now)
  budget.takeTurns('urgent', 1)?.keep('a close')
  budget.takeTurns('urgent', 1)?.keep('another')
  expect(takeMany(budget, 'urgent', 10)).toBe(8)
  expect([budget.take('urgent', 'it', 'a close'), budget.take('urgent', 'it', 'a close')]).toEqual([true, false])
  now = 10_000
  expect(budget.take('urgent', 'it', 'another')).toBe(true)
  expect(budget.room('urgent')).toBe(0)
})

it('says how far apart requests are that take a part of it', () => {
  const budget = createRequestBudget({ requests: 36, windowMs: 5_000 }, () => 0)
  budget.sharedBy(2)
  expect(budget.everyMs(0.1)).toBeCloseTo(2_778, 0)
})
