import { describe, expect, test } from 'vitest'
import { advance, EMPTY_CHAIN, FLAT, isFlagged, type Chain, type Link } from './advance.ts'

const RUNS = [
  ['flat', 'long', 'flat', 'short', 'flat'],
  ['flat', 'long', 'short', 'flat', 'long'],
  ['flat', 'long:1', 'long:2', 'long:1', 'flat'],
  ['flat', 'short', 'long', 'short', 'long'],
  ['flat', 'long:1', 'long:2', 'short:1', 'flat'],
  ['flat', 'short', 'long', 'flat'],
  ['flat', 'long', 'flat', 'long', 'flat'],
] as const

/** Back where it was before, a link that comes late says the same as a new one: without times nobody can tell them apart. */
function neverReturns(run: readonly string[]): boolean {
  return new Set(run.slice(0, -1)).size === run.length - 1
}

function linksOf(run: readonly string[], firedAt: (index: number) => number | null): Link[] {
  return run.slice(1).map((to, index) => ({ id: `${index}`, from: run[index] ?? FLAT, to, firedAtMs: firedAt(index) }))
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

/** What we end up holding when we do as told. */
function carryOut(delivered: readonly Link[]): { ours: string; chain: Chain; said: boolean } {
  let chain: Chain = { ...EMPTY_CHAIN, position: FLAT }
  let ours: string = FLAT
  let said = false
  for (const link of delivered) {
    const next = advance(chain, link)
    chain = next.chain
    if (next.verdict === 'in-order' || next.verdict === 'late-close') ours = link.to
    for (const { to } of next.released) ours = to
    if (next.verdict === 'held') said ||= next.missing !== null
    if (next.verdict === 'late-close') said = true
  }
  return { ours, chain, said }
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
      const { ours, chain } = carryOut(delivered)
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
      const { ours, chain } = carryOut(links.flatMap((link) => [link, link]))
      expect({ ours, flagged: isFlagged(chain) }).toEqual({ ours: run.at(-1), flagged: false })
    }
  })
})

test('a hold says what is missing, and the missing one releases it', () => {
  const [first, second] = linksOf(['flat', 'long', 'short'], (index) => index)
  if (first === undefined || second === undefined) throw new Error('no links')
  const held = advance({ ...EMPTY_CHAIN, position: FLAT }, second)
  expect(held).toMatchObject({ verdict: 'held', missing: { from: 'flat', to: 'long' } })
  expect(advance(held.chain, first)).toMatchObject({ verdict: 'in-order', released: [second] })
})
