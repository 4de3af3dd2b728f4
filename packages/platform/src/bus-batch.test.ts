import { describe, expect, it } from 'vitest'
import { packItems } from './bus-batch.ts'
import type { BusItem } from './bus-batch.ts'

const wrap = (items: readonly BusItem[]) => JSON.stringify(['process', items])
const unpack = (texts: string[]) => texts.flatMap((text): BusItem[] => JSON.parse(text)[1])

describe('packing messages', () => {
  it('puts what fits into one text, in order', () => {
    const items: BusItem[] = [
      ['facts', { ids: ['1'] }],
      ['answers', { ids: ['2'] }],
    ]
    const { texts } = packItems(items, wrap, 7_900)
    expect(texts).toHaveLength(1)
    expect(unpack(texts)).toEqual(items)
  })

  it('splits many messages and keeps their order', () => {
    const items = Array.from({ length: 1_000 }, (_, index): BusItem => ['facts', { ids: [`id-${index}`] }])
    const { texts, tooLarge } = packItems(items, wrap, 7_900)
    expect(tooLarge).toEqual([])
    expect(Math.max(...texts.map((text) => Buffer.byteLength(text)))).toBeLessThanOrEqual(7_900)
    expect(unpack(texts)).toEqual(items)
  })

  it('halves one message along its list until it fits, without losing an id', () => {
    const ids = Array.from({ length: 5_000 }, (_, index) => `0190a7b2-0000-7000-8000-${String(index).padStart(12, '0')}`)
    const { texts } = packItems([['invalidate', { kind: 'user', ids }]], wrap, 7_900)
    const parts = unpack(texts).map(([, message]) => message)
    expect(parts.flatMap((part) => (part as { ids: string[] }).ids)).toEqual(ids)
    expect(new Set(parts.map((part) => (part as { kind: string }).kind))).toEqual(new Set(['user']))
    expect(Math.max(...texts.map((text) => Buffer.byteLength(text)))).toBeLessThanOrEqual(7_900)
  })

  it('halves a table', () => {
    const marks = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`COIN${index}/USDT:USDT`, '12345.678']))
    const { texts } = packItems([['prices', { exchange: 'paper', atMs: 1, marks }]], wrap, 7_900)
    expect(texts.length).toBeGreaterThan(1)
    expect(Object.assign({}, ...unpack(texts).map(([, message]) => (message as { marks: object }).marks))).toEqual(marks)
  })

  it('counts bytes, not characters', () => {
    const { texts } = packItems([['facts', { ids: Array(100).fill('ü'.repeat(50)) }]], wrap, 7_900)
    expect(Math.max(...texts.map((text) => Buffer.byteLength(text)))).toBeLessThanOrEqual(7_900)
  })

  it('names what cannot be split', () => {
    const items: BusItem[] = [
      ['facts', { ids: ['x'.repeat(9_000)] }],
      ['answers', { ids: ['kept'] }],
    ]
    const { texts, tooLarge } = packItems(items, wrap, 7_900)
    expect(tooLarge).toEqual(['facts'])
    expect(unpack(texts)).toEqual([['answers', { ids: ['kept'] }]])
  })
})
