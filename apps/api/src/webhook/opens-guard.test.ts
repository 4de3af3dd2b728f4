import { parseAlert } from '@matic/domain/alert/parse-alert'
import type { Alert } from '@matic/contracts'
import { describe, expect, it } from 'vitest'
import { createOpensGuard, onlyCloses } from './opens-guard.ts'

function alert(fields: Record<string, string>): Alert {
  const parsed = parseAlert(Buffer.from(JSON.stringify({ symbol: 'BTCUSDT', ...fields })))
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.alert
}

describe('what only closes', () => {
  it.each([
    [{ action: 'close' }, true],
    [{ action: 'exit' }, true],
    [{ action: 'close_long' }, true],
    [{ action: 'cancel' }, true],
    [{ action: 'sell', market_position: 'flat' }, true],
    [{ action: 'buy' }, false],
    [{ action: 'sell', market_position: 'short' }, false],
    [{ side: 'long' }, false],
  ])('%j: %s', (fields, expected) => {
    expect(onlyCloses(alert(fields))).toBe(expected)
  })
})

describe('an address that sends too much', () => {
  const open = alert({ action: 'buy' })
  const close = alert({ action: 'close' })
  let nowMs = 0
  const clock = { now: () => nowMs, monotonic: () => nowMs }
  const admitted = (guard: ReturnType<typeof createOpensGuard>, id: string, count: number, what: Alert): number =>
    Array.from({ length: count }, () => guard.admits(id, what)).filter(Boolean).length

  it('may send a burst, then as many a second as it is given', () => {
    const guard = createOpensGuard({ clock, perSecond: 10 })
    expect(admitted(guard, 'a', 500, open)).toBe(100)
    nowMs += 1_000
    expect(admitted(guard, 'a', 500, open)).toBe(10)
  })

  it('can always close', () => {
    const guard = createOpensGuard({ clock, perSecond: 10 })
    admitted(guard, 'a', 500, open)
    expect(admitted(guard, 'a', 500, close)).toBe(500)
  })

  it('takes nothing from another one', () => {
    const guard = createOpensGuard({ clock, perSecond: 10 })
    admitted(guard, 'a', 500, open)
    expect(admitted(guard, 'b', 50, open)).toBe(50)
  })
})
