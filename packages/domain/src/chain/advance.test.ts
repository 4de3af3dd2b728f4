import { describe, expect, test } from 'vitest'
import {
  advance,
  carryOut,
  drop,
  EMPTY_CHAIN,
  followBlindly,
  forget,
  isFlagged,
  openIds,
  type Advanced,
  type Chain,
  type Link,
} from './advance.ts'
import { FLAT } from './positions.ts'

const RUNS = [
  ['flat', 'long', 'flat', 'short', 'flat'],
  ['flat', 'long', 'short', 'flat', 'long'],
  ['flat', 'long 1', 'long 2', 'long 1', 'flat'],
  ['flat', 'long 2', 'long 3', 'long 1', 'short 2', 'flat'],
  ['flat', 'short', 'long', 'short', 'long'],
  ['flat', 'long 1', 'long 2', 'short 1', 'flat'],
  ['flat', 'short', 'long', 'flat'],
  ['flat', 'long', 'flat', 'long', 'flat'],
] as const
const PATIENCE = { holdMs: 60_000 }

/** Back where it was before, a link that comes late says the same as a new one: without times nobody can tell them apart. */
function neverReturns(run: readonly string[]): boolean {
  return new Set(run.slice(0, -1)).size === run.length - 1
}

function linksOf(run: readonly string[], firedAt: (index: number) => number | null): Link[] {
  return run
    .slice(1)
    .map((to, index) => ({ id: `${index}`, from: run[index] ?? FLAT, to, firedAtMs: firedAt(index), receivedAtMs: 10_000 + index }))
}

/** Every order of every choice of them, with each one repeated at every later place. */
function* deliveries(links: readonly Link[]): Generator<Link[]> {
  for (const order of arrangements(links)) {
    yield order
    for (const [at, link] of order.entries())
      for (let later = at + 1; later <= order.length; later += 1) yield [...order.slice(0, later), link, ...order.slice(later)]
  }
}

function* arrangements(links: readonly Link[]): Generator<Link[]> {
  yield []
  for (const [at, link] of links.entries()) for (const rest of arrangements(links.toSpliced(at, 1))) yield [link, ...rest]
}

const FROM_FLAT: Chain = { ...EMPTY_CHAIN, position: FLAT, carried: FLAT }

/** What we end up holding when we do as told. */
function doAsTold(delivered: readonly Link[], start: { ours: string; chain: Chain } = { ours: FLAT, chain: FROM_FLAT }) {
  let { ours, chain } = start
  for (const link of delivered) {
    const next = advance(chain, link, PATIENCE)
    chain = next.chain
    for (const { to } of next.releasedBefore) ours = to
    if (next.verdict === 'in-order' || next.verdict === 'late-close') ours = link.to
    for (const { to } of next.released) ours = to
    if (next.verdict === 'held') expect(next.missing).not.toBeNull()
  }
  return { ours, chain }
}

describe.each([
  ['each at its own second', (index: number) => index * 1_000, RUNS],
  ['all in the same second', () => 5_000, RUNS.filter(neverReturns)],
  ['without a time', () => null, RUNS.filter(neverReturns)],
] as const)('%s', (_name, firedAt, runs) => {
  test.each(runs.map((run) => [run.join(' → '), run] as const))('%s, in any order, with any lost and repeated', (_run, run) => {
    const links = linksOf(run, firedAt)
    let flagged = 0
    let all = 0
    for (const delivered of deliveries(links)) {
      const { ours, chain } = doAsTold(delivered)
      const last = delivered.toSorted((a, b) => Number(a.id) - Number(b.id)).at(-1)
      all += 1
      if (isFlagged(chain)) flagged += 1
      else
        expect({ delivered: delivered.map(({ id }) => id).join(''), ours }).toEqual({
          delivered: expect.any(String),
          ours: last?.to ?? FLAT,
        })
    }
    // A hold that is always there would hold everything.
    expect(flagged).toBeLessThan(all)
  })

  test('in their order, with repeats, nothing is held', () => {
    for (const run of RUNS) {
      const links = linksOf(run, firedAt)
      const { ours, chain } = doAsTold(links.flatMap((link) => [link, link]))
      expect({ ours, flagged: isFlagged(chain) }).toEqual({ ours: run.at(-1), flagged: false })
    }
  })
})

describe('a sender that goes on', () => {
  const times = [
    ['with times', (index: number) => index * 1_000],
    ['without a time', () => null],
  ] as const
  test.each(times)('%s is caught up with after a few turns, whatever was lost and whatever came in which order', (_name, firedAt) => {
    for (const run of RUNS) {
      for (const delivered of deliveries(linksOf(run, firedAt))) {
        let state = doAsTold(delivered)
        let at: string = run.at(-1) ?? FLAT
        for (const [turn, to] of ['short 7', 'long 7', 'short 7'].entries()) {
          const atMs = 500_000 * (turn + 1)
          const firedAtMs = firedAt(0) === null ? null : atMs
          state = doAsTold([{ id: `turn ${turn}`, from: at, to, firedAtMs, receivedAtMs: atMs }], state)
          at = to
        }
        expect({ delivered: delivered.map(({ id }) => id).join(''), ours: state.ours, flagged: isFlagged(state.chain) }).toEqual({
          delivered: expect.any(String),
          ours: at,
          flagged: false,
        })
      }
    }
  })
})

function linksAt(run: readonly string[], everyMs = 1_000): [Link, Link, ...Link[]] {
  const [first, second, ...rest] = linksOf(run, (index) => index * everyMs).map((link) => ({ ...link, receivedAtMs: link.firedAtMs ?? 0 }))
  if (first === undefined || second === undefined) throw new Error('a run has two links at least')
  return [first, second, ...rest]
}

test('a hold says what is missing, and the missing one releases it', () => {
  const [first, second] = linksAt(['flat', 'long', 'short'])
  const held = advance(FROM_FLAT, second, PATIENCE)
  expect(held).toMatchObject({ verdict: 'held', missing: { from: 'flat', to: 'long' } })
  expect(advance(held.chain, { ...first, firedAtMs: null }, PATIENCE)).toMatchObject({ verdict: 'in-order', released: [second] })
})

test('what takes off never waits, and is measured by what was carried out', () => {
  const [open, , part] = linksAt(['flat', 'long 3', 'long 2', 'long 1'])
  if (part === undefined) throw new Error('no link')
  const opened = advance(FROM_FLAT, open, PATIENCE)
  expect(advance(opened.chain, part, PATIENCE)).toMatchObject({
    verdict: 'in-order',
    missing: { from: 'long 3', to: 'long 2' },
    before: 'long 3',
    chain: { carried: 'long 1' },
  })
})

test('a close that comes late closes the side it speaks of, and no other', () => {
  const [, second] = linksAt(['flat', 'long', 'short'])
  const turned = carryOut(advance(FROM_FLAT, second, PATIENCE).chain, second).chain
  const late = (from: string): Link => ({ id: from, from, to: FLAT, firedAtMs: 500, receivedAtMs: 9_000 })
  expect(advance(turned, late('long'), PATIENCE)).toMatchObject({ verdict: 'late', chain: { carried: 'short' } })
  expect(advance(turned, late('short'), PATIENCE)).toMatchObject({ verdict: 'late-close', chain: { carried: FLAT } })
})

test('flat drops what waits', () => {
  const [, second] = linksAt(['flat', 'long', 'short'])
  const held = advance(FROM_FLAT, second, PATIENCE)
  const flat = advance(held.chain, { id: 'x', from: 'short', to: FLAT, firedAtMs: 9_000, receivedAtMs: 9_000 }, PATIENCE)
  expect(openIds(flat.chain)).toEqual([])
  expect(flat).toMatchObject({ verdict: 'in-order', released: [] })
})

test('adds to what was not carried out are held until the sender turns', () => {
  const [, second, add, turn] = linksAt(['flat', 'long 1', 'short 1', 'short 2', 'long 1'], 100_000)
  if (add === undefined || turn === undefined) throw new Error('no link')
  const held = advance(FROM_FLAT, second, PATIENCE)
  const added = advance(held.chain, add, PATIENCE)
  expect(added).toMatchObject({ verdict: 'held', missing: { from: FLAT, to: 'short 1' } })
  expect(openIds(added.chain)).toEqual([add.id])
  expect(advance(added.chain, turn, PATIENCE)).toMatchObject({ verdict: 'in-order', chain: { carried: 'long 1' } })
})

test('nothing is missing after an alert that does not say where its sender stands', () => {
  const [, second] = linksAt(['flat', 'long', 'short'])
  const { chain } = advance(FROM_FLAT, second, PATIENCE)
  const forgotten = forget(chain, 3_000)
  expect(openIds(forgotten)).toEqual([])
  const next: Link = { id: 'next', from: 'long', to: 'long', firedAtMs: 4_000, receivedAtMs: 9_000 }
  expect(advance(forgotten, next, PATIENCE).verdict).toBe('in-order')
  expect(advance(forgotten, { ...next, firedAtMs: 2_000 }, PATIENCE).verdict).toBe('late')
})

describe('the owner', () => {
  const [, second, third] = linksAt(['flat', 'long', 'short', 'long'])
  const heldTwo = doAsTold([second, third].flatMap((link) => (link === undefined ? [] : [link]))).chain

  test('carries out a held one, and those that follow it', () => {
    expect(carryOut(heldTwo, second)).toMatchObject({ verdict: 'in-order', released: [third], chain: { carried: 'long', held: [] } })
  })

  test('comes too late once the sender has moved on', () => {
    const { chain } = advance(heldTwo, { id: 'x', from: 'long', to: FLAT, firedAtMs: 9_000, receivedAtMs: 9_000 }, PATIENCE)
    expect(carryOut(chain, second)).toMatchObject({ verdict: 'late', released: [] })
  })

  test('drops one for good', () => {
    const dropped = drop(advance(FROM_FLAT, second, PATIENCE).chain, second.id)
    expect(openIds(dropped)).toEqual([])
    expect(carryOut(dropped, second).verdict).toBe('late')
    const add: Link = { id: 'add', from: 'short', to: 'short', firedAtMs: 8_000, receivedAtMs: 8_000 }
    const flat: Advanced = advance(dropped, { ...add, to: FLAT }, PATIENCE)
    expect([advance(dropped, add, PATIENCE).verdict, flat.verdict]).toEqual(['held', 'in-order'])
  })

  test('may have nothing held', () => {
    expect(followBlindly(FROM_FLAT, second)).toMatchObject({
      verdict: 'in-order',
      missing: { from: 'flat', to: 'long' },
      chain: { carried: 'short', held: [] },
    })
  })
})
