import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { copyTarget, leaderExits, type CopyMove } from './copy-target.ts'
import { judgeDrift, reductionPercent } from './judge-drift.ts'

const number = (text: string) => new Decimal(text)
const blank = { side: 'buy', quantityBase: null, fraction: null, filledBase: number('0'), isDead: false, isOver: true } as const
const open = (atMs: number, base: string, filled = base, more: Partial<CopyMove> = {}): CopyMove => ({
  ...blank,
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
const judge = (moves: readonly CopyMove[], exits: Parameters<typeof copyTarget>[1], actual: string) =>
  judgeDrift({ target: copyTarget(moves, exits), actual: number(actual), stepBase: number('0.001'), moves })

describe('what a copy is to hold', () => {
  test.each([
    ['what its openings ordered', [open(1, '1'), open(2, '0.5')], [], '1.5'],
    ['less what it was told to take off', [open(1, '1'), reduce(2, '0.25'), open(3, '0.25')], [], '1'],
    ['nothing after a close, whatever became of it', [open(1, '1'), close(2, '0')], [], '0'],
    ['no more than the part the leader has kept', [open(1, '1'), open(3, '1')], [{ atMs: 2, remains: number('0.5') }], '1.5'],
    ['nothing once the leader is flat, told or not', [open(1, '1')], [{ atMs: 5, remains: number('0') }], '0'],
    ['nothing of what was refused', [open(1, '1'), open(2, '1', '0')], [], '1'],
    ['all of what died or filled in part', [open(1, '1', '0', { isDead: true }), open(2, '1', '0.3')], [], '2'],
    ['less what its own target took', [open(1, '2'), { ...close(2, '0.5'), kind: 'protective' }], [], '1.5'],
    ['below nothing when short', [open(1, '1', '1', { side: 'sell' })], [{ atMs: 2, remains: number('0.25') }], '-0.25'],
  ] as const)('is %s', (_, moves, exits, target) => {
    expect(copyTarget(moves, exits).toFixed()).toBe(target)
  })

  test('a reversal by one signal closes what was, and what it opens stays', () => {
    const exits = leaderExits([
      { change: 'in', quantityBase: number('2'), atMs: 1 },
      { change: 'out', quantityBase: number('2'), atMs: 5 },
    ])
    expect(copyTarget([open(1, '1'), close(5, '1'), open(5, '1', '1', { side: 'sell' })], exits).toFixed()).toBe('-1')
  })
})

test('what is off is named, with its cause; rounding and what somebody took off whole are not', () => {
  expect(judge([open(1, '1'), close(2, '0')], [], '1')).toMatchObject({ way: 'reduces', cause: 'missed-close' })
  expect(judge([open(1, '1')], [{ atMs: 2, remains: number('0') }], '1')).toMatchObject({ way: 'reduces', cause: 'missed-close' })
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
