import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Exact } from '../metrics/exact.ts'
import { copyGap } from './copy-gap.ts'
import { piecesOf, stepsOf } from './steps.ts'
import type { CopiedStep, GapInput, LeaderStep, Step } from './types.ts'

const number = (text: string) => new Exact(text)
const step = (change: Step['change'], base: string, price: string, fee: string, atMs: number): Step => ({
  change,
  quantityBase: number(base),
  quote: number(base).mul(price),
  fee: number(fee),
  atMs,
})

const leader: LeaderStep[] = [
  { id: 'opens', ...step('in', '0.03', '50000', '0.75', 1) },
  { id: 'adds', ...step('in', '0.03', '51000', '0.765', 2) },
  { id: 'takes half off', ...step('out', '0.03', '52000', '0.78', 4) },
  { id: 'closes by limit', ...step('out', '0.03', '53000', '0.318', 6) },
]
const copied: CopiedStep[] = [
  { of: 'opens', cause: 'other-signal', ...step('in', '0.014', '50010', '0.35007', 1) },
  { of: 'takes half off', cause: 'other-signal', ...step('out', '0.007', '51990', '0.181965', 4) },
  { of: null, cause: 'by-hand', ...step('out', '0.003', '51500', '0.07725', 5) },
  { of: 'closes by limit', cause: 'other-signal', ...step('out', '0.004', '52980', '0.10596', 6) },
]
const example: GapInput = {
  leader: { steps: leader, funding: [{ atMs: 3, amount: number('-0.3') }] },
  side: 'LONG',
  reverse: false,
  ratio: { numerator: number('1'), denominator: number('2') },
  copy: { steps: copied, fees: number('0.715245'), funding: number('-0.06') },
}

describe('the worked example', () => {
  const gap = copyGap(example)
  const figures = {
    leader: gap.leaderQuote,
    follower: gap.followerQuote,
    gap: gap.leaderQuote.sub(gap.followerQuote),
    slippage: gap.parts.slippage,
    fees: gap.parts.fees,
    funding: gap.parts.funding,
    skipped: gap.parts.skipped,
    sizing: gap.parts.sizing,
    own: gap.parts.own,
  }

  test('comes to what pencil and paper come to', () => {
    expect(Object.fromEntries(Object.entries(figures).map(([name, amount]) => [name, amount.toFixed()]))).toEqual({
      leader: '58.5435',
      follower: '29.434755',
      gap: '29.108745',
      slippage: '0.29',
      fees: '0.109045',
      funding: '-0.01',
      skipped: '21.768',
      sizing: '2.4517',
      own: '4.5',
    })
    expect(gap.skippedBy.map(({ stepId, quote }) => [stepId, quote.toFixed()])).toEqual([['adds', '21.768']])
    expect(gap.ownBy.map(({ cause, quote }) => [cause, quote.toFixed()])).toEqual([['by-hand', '4.5']])
  })

  test('is the one in the documentation', () => {
    const text = readFileSync(new URL('../../../../docs/copy-gap.md', import.meta.url), 'utf8')
    for (const [name, amount] of Object.entries(figures))
      expect(text).toMatch(new RegExp(`\\| ${name} \\|[^\\n]*\\| ${amount.toFixed()} \\|`, 'i'))
  })
})

test('a close that was not copied is told as skipped, up to where the copy left at last', () => {
  const copy = {
    ...example.copy,
    steps: [copied[0], { of: null, cause: 'repair', ...step('out', '0.014', '51000', '0', 9) }].filter(
      (one): one is CopiedStep => one !== undefined,
    ),
  }
  const gap = copyGap({ ...example, copy })
  expect(gap.skippedBy.map(({ stepId, quote }) => [stepId, quote.toFixed()])).toEqual([
    ['adds', '21.768'],
    ['takes half off', '7'],
    ['closes by limit', '14'],
  ])
  expect(gap.parts.own.toFixed()).toBe('0')
})

test('a fill that turns a position belongs to two trades, its fee shared', () => {
  const fill = (tradeId: string, side: 'buy' | 'sell', quantityBase: string, atMs: number) => ({
    tradeId,
    side,
    quantityBase,
    price: '100',
    fee: '3',
    atMs,
  })
  const fills = [fill('1', 'buy', '1', 1), fill('2', 'sell', '3', 2), fill('3', 'buy', '2', 3)]
  const long = piecesOf({ side: 'LONG', firstTradeId: '1', entryBase: '1', exitBase: '1' }, fills.slice(0, 2))
  const short = piecesOf({ side: 'SHORT', firstTradeId: '2', entryBase: '2', exitBase: '2' }, fills.slice(1))
  expect([...long, ...short].map(({ change, quantityBase, fee }) => [change, quantityBase.toFixed(), fee.toFixed()])).toEqual([
    ['in', '1', '3'],
    ['out', '1', '1'],
    ['in', '2', '2'],
    ['out', '2', '3'],
  ])
  expect(stepsOf(short, () => 'all').map(({ change, quote }) => [change, quote.toFixed()])).toEqual([
    ['in', '200'],
    ['out', '200'],
  ])
})
