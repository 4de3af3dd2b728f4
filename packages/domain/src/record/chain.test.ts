import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { chainRoot, rowHash, verifyChain } from './chain.ts'
import type { RecordRow } from './types.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function chain(contents: readonly unknown[], strategyId = 'a'): RecordRow[] {
  const rows: RecordRow[] = []
  let previousHash = chainRoot(sha256, strategyId)
  for (const [index, content] of contents.entries()) {
    const row = { number: index + 1, content, previousHash }
    previousHash = rowHash(sha256, row)
    rows.push({ ...row, hash: previousHash })
  }
  return rows
}
const headOf = (rows: readonly RecordRow[]) => ({ number: rows.length, hash: rows.at(-1)?.hash ?? chainRoot(sha256, 'a') })

const contents = fc.array(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))), {
  minLength: 1,
  maxLength: 12,
})

describe('a track record', () => {
  it('fits as it was written, whatever the order of fields', () => {
    fc.assert(
      fc.property(contents, (drawn) => {
        const rows = chain(drawn).map((row, index) => {
          const content: unknown = Object.fromEntries(Object.entries(drawn[index] ?? {}).toReversed())
          return { ...row, content }
        })
        expect(verifyChain(sha256, 'a', rows, headOf(rows))).toEqual({ rows: rows.length, head: headOf(rows), firstFault: null })
      }),
    )
  })

  it('names the row that was edited', () => {
    fc.assert(
      fc.property(contents, fc.nat(), (drawn, seed) => {
        const rows = chain(drawn)
        const at = seed % rows.length
        const edited = rows.map((row, index) => (index === at ? { ...row, content: { ...drawn[index], edited: 'yes' } } : row))
        expect(verifyChain(sha256, 'a', edited, headOf(rows)).firstFault).toEqual({ number: at + 1, fault: 'content' })
      }),
    )
  })

  it('names the first row after one that was taken out, or the end where the last are gone', () => {
    fc.assert(
      fc.property(contents, fc.nat(), (drawn, seed) => {
        const rows = chain(drawn)
        const at = seed % rows.length
        const fault = at === rows.length - 1 ? 'missing' : 'order'
        expect(verifyChain(sha256, 'a', rows.toSpliced(at, 1), headOf(rows)).firstFault).toEqual({ number: at + 1, fault })
      }),
    )
  })

  it('notices a chain that was written anew, and one of another strategy', () => {
    const published = headOf(chain([{ pnl: '1' }, { pnl: '-2' }]))
    const better = chain([{ pnl: '1' }, { pnl: '2' }, { pnl: '3' }])
    expect(verifyChain(sha256, 'a', better, published).firstFault).toEqual({ number: 2, fault: 'content' })
    expect(verifyChain(sha256, 'b', better, null).firstFault).toEqual({ number: 1, fault: 'order' })
    expect(verifyChain(sha256, 'a', [], { number: 0, hash: '' }).firstFault).toBeNull()
  })
})

it('JSON is the same for the same fields', () => {
  expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined, A: true })).toBe('{"A":true,"b":[1,{"c":"x","d":null}]}')
})
