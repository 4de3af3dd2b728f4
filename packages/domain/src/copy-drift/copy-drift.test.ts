import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { copyTarget, leaderExits, type CopyMove, type LeaderExit } from './copy-target.ts'
import { repairDoubt } from './repair-doubt.ts'
import { judgeDrift, reductionPercent } from './judge-drift.ts'
import { judgeTopUp, TOP_UP_WINDOW_MS, type OpeningMove } from './judge-top-up.ts'

const number = (text: string) => new Decimal(text)
const blank = {
  id: 'x',
  isTopUp: false,
  side: 'buy',
  quantityBase: null,
  fraction: null,
  filledBase: number('0'),
  isDead: false,
  isOver: true,
} as const
const failed = { wasToFill: true, isMadeUp: false, price: number('100'), leverage: 5 }
const open = (atMs: number, base: string, filled = base, more: Partial<OpeningMove> = {}): OpeningMove => ({
  ...blank,
  ...failed,
  id: `open ${atMs}`,
  kind: 'open',
  atMs,
  quantityBase: number(base),
  filledBase: number(filled),
  ...more,
})
const reduce = (atMs: number, fraction: string): CopyMove => ({
  ...blank,
  kind: 'reduce',
  atMs,
  side: 'sell',
  fraction: number(fraction),
  filledBase: number('1'),
})
const close = (atMs: number, filled: string): CopyMove => ({ ...blank, kind: 'close', atMs, side: 'sell', filledBase: number(filled) })
const exit = (atMs: number, remains: string, isSaid = true): LeaderExit => ({ atMs, side: 'LONG', remains: number(remains), isSaid })
const judge = (moves: readonly CopyMove[], exits: Parameters<typeof copyTarget>[1], actual: string) =>
  judgeDrift({ target: copyTarget(moves, exits), actual: number(actual), stepBase: number('0.001'), moves })

describe('what a copy is to hold', () => {
  test.each([
    ['what its openings ordered', [open(1, '1'), open(2, '0.5')], [], '1.5'],
    ['less what it was told to take off', [open(1, '1'), reduce(2, '0.25'), open(3, '0.25')], [], '1'],
    ['nothing after a close, whatever became of it', [open(1, '1'), close(2, '0')], [], '0'],
    ['no more than the part the leader has kept', [open(1, '1'), open(3, '1')], [exit(2, '0.5')], '1.5'],
    ['nothing once the leader is flat, told or not', [open(1, '1')], [exit(5, '0')], '0'],
    ['nothing of what was refused', [open(1, '1'), open(2, '1', '0')], [], '1'],
    ['all of what died or filled in part', [open(1, '1', '0', { isDead: true }), open(2, '1', '0.3')], [], '2'],
    ['less what its own target took', [open(1, '2'), { ...close(2, '0.5'), kind: 'protective' }], [], '1.5'],
    ['below nothing when short', [open(1, '1', '1', { side: 'sell' })], [{ ...exit(2, '0.25'), side: 'SHORT' }], '-0.25'],
    ['whatever the leader leaves on the other side', [open(1, '1')], [{ ...exit(2, '0'), side: 'SHORT' }], '1'],
    ['no more for what made up for it', [open(1, '1', '0.4'), open(2, '0.6', '0.6', { isTopUp: true })], [], '1'],
  ] as const)('is %s', (_, moves, exits, target) => {
    expect(copyTarget(moves, exits).toFixed()).toBe(target)
  })

  test('a reversal by one signal closes what was, and what it opens stays', () => {
    const exits = leaderExits('LONG', [
      { change: 'in', quantityBase: number('2'), atMs: 1, isSaid: true },
      { change: 'out', quantityBase: number('2'), atMs: 5, isSaid: true },
    ])
    expect(copyTarget([open(1, '1'), close(5, '1'), open(5, '1', '1', { side: 'sell' })], exits).toFixed()).toBe('-1')
  })
})

test('what is off is named, with its cause; rounding and what somebody took off whole are not', () => {
  expect(judge([open(1, '1'), close(2, '0')], [], '1')).toMatchObject({ way: 'reduces', cause: 'missed-close' })
  expect(judge([open(1, '1')], [exit(2, '0')], '1')).toMatchObject({ way: 'reduces', cause: 'missed-close' })
  expect(judge([open(1, '1'), close(2, '0.4')], [], '0.6')).toMatchObject({ way: 'reduces', cause: 'partial-fill' })
  expect(judge([open(1, '1')], [], '1.2')).toMatchObject({ way: 'reduces', cause: 'manual-change' })
  expect(judge([open(1, '1', '0.4')], [], '0.4')).toMatchObject({ way: 'raises', cause: 'partial-fill' })
  expect(judge([open(1, '1', '0', { isDead: true })], [], '0')).toMatchObject({ way: 'raises', cause: 'dead-order' })
  expect(judge([open(1, '1')], [], '0')).toBeNull()
  expect(judge([open(1, '1'), reduce(2, '0.3333')], [], '0.668')).toBeNull()
})

const signed = fc.integer({ min: -5_000, max: 5_000 }).map((thousandths) => number(String(thousandths)).div(1_000))

test('a repair never raises what is held, never turns it, and ends at the target', () => {
  fc.assert(
    fc.property(signed, signed, (target, actual) => {
      const drift = judgeDrift({ target, actual, stepBase: number('0.001'), moves: [open(1, '1', '0.5')] })
      if (drift?.way !== 'reduces') return
      const percent = reductionPercent({ target, actual })
      const left = percent === null ? number('0') : actual.mul(number('100').sub(percent)).div(100)
      expect(percent === null || (percent.gt(0) && percent.lt(100))).toBe(true)
      expect(left.abs().lt(actual.abs())).toBe(true)
      expect(left.isZero() || left.isNegative() === actual.isNegative()).toBe(true)
      const wanted = target.isZero() || target.isNegative() !== actual.isNegative() ? number('0') : target
      expect(left.sub(wanted).abs().lt('1e-12')).toBe(true)
    }),
  )
})

describe('what is too much is taken off by itself', () => {
  const sure = {
    target: number('0'),
    moves: [open(1, '1'), close(2, '0')],
    exits: [] as readonly LeaderExit[],
    isLeaderIn: false,
    lastWasExit: true,
    isShared: false,
  }
  const stopped = { ...close(2, '1'), kind: 'protective' } as const
  test.each([
    ['a close that took nothing, the leader out', {}, null],
    ['a close that the leader said and nobody made here', { moves: [open(1, '1')], exits: [exit(2, '0')] }, null],
    ['a leader without an account whose last word was to close', { isLeaderIn: null }, null],
    ['but not where that word was another', { isLeaderIn: null, lastWasExit: false }, 'leader-in'],
    ['not while the leader is in', { isLeaderIn: true }, 'leader-in'],
    ['not where the leader left by a stop of theirs or by hand', { moves: [open(1, '1')], exits: [exit(2, '0', false)] }, 'not-told'],
    ['not where a stop of its own made it nothing', { moves: [open(1, '1'), stopped] }, 'not-told'],
    ['not where something opened after the close', { moves: [...[open(1, '1'), close(2, '0')], open(3, '1')] }, 'not-told'],
    ['not where the close was before what opened', { moves: [open(3, '1')], exits: [exit(2, '0')] }, 'not-told'],
    ['not where only a part is too much', { target: number('0.5') }, 'part'],
    ['not where others hold the same', { isShared: true }, 'shared'],
  ] as const)('%s', (_, more, doubt) => {
    expect(repairDoubt({ ...sure, ...more })).toBe(doubt)
  })
})

describe('what is too little is made up for', () => {
  type Lacking = Parameters<typeof judgeTopUp>[0]
  const lacking: Lacking = {
    lacks: number('0.6'),
    actual: number('0.4'),
    stepBase: number('0.001'),
    moves: [open(1, '1', '0.4')],
    exits: [],
    isLeaderIn: true,
    isShared: false,
    mark: number('100.5'),
    distancePercent: number('1'),
    nowMs: 1_000,
  }
  const asked = (more: Partial<Lacking>) => {
    const judged = judgeTopUp({ ...lacking, ...more })
    return typeof judged === 'string' ? judged : `${judged.openingId}: ${judged.quantityBase.toFixed()} at ${judged.price.toFixed()}`
  }
  const dead = open(1, '1', '0', { isDead: true })
  test.each([
    ['as far as the order missed it', {}, 'open 1: 0.6 at 100'],
    ['whole where the order was never sent', { moves: [dead], actual: number('0'), lacks: number('1') }, 'open 1: 1 at 100'],
    ['never by more than is lacking', { lacks: number('0.5') }, 'open 1: 0.5 at 100'],
    [
      'by the part the leader has kept',
      { moves: [dead], actual: number('0'), lacks: number('1'), exits: [exit(2, '0.25')] },
      'open 1: 0.25 at 100',
    ],
    [
      'one opening after the other',
      {
        moves: [open(1, '1', '0.4', { isMadeUp: true }), open(2, '0.6', '0.6', { isTopUp: true }), open(3, '1', '0.5')],
        actual: number('1.5'),
        lacks: number('0.5'),
      },
      'open 3: 0.5 at 100',
    ],
    ['not where others hold the same', { isShared: true }, 'shared'],
    ['not where the leader is out', { isLeaderIn: false }, 'leader-out'],
    ['not where nobody knows', { isLeaderIn: null }, 'leader-out'],
    ['not where a hand took some off', { actual: number('0.3') }, 'by-hand'],
    ['not where a hand added some', { actual: number('0.5') }, 'by-hand'],
    ['not what a limit order left', { moves: [open(1, '1', '0.4', { wasToFill: false })] }, 'not-missed'],
    ['not twice', { moves: [open(1, '1', '0.4', { isMadeUp: true })] }, 'made-up'],
    ['not later', { nowMs: TOP_UP_WINDOW_MS + 2 }, 'too-late'],
    ['not far from the leader’s price', { mark: number('101.01') }, 'price-away'],
    ['not where it is far better either', { mark: number('98') }, 'price-away'],
    ['not without a price', { mark: null }, 'price-away'],
  ] as const)('%s', (_, more, expected) => {
    expect(asked(more)).toBe(expected)
  })
})
