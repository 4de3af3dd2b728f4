import { describe, expect, it } from 'vitest'
import { createClock, createRandom } from './clock.ts'
import { createIds, randomToken, uuidv7 } from './ids.ts'

const random = createRandom()

describe('ids', () => {
  it('are version 7 UUIDs that carry their millisecond', () => {
    const id = uuidv7({ clock: { now: () => 1_750_000_000_123, monotonic: () => 0 }, random })
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(1_750_000_000_123)
  })

  it('sort by time', () => {
    let now = 1_000
    const clock = { now: () => (now += 1), monotonic: () => 0 }
    const ids = Array.from({ length: 500 }, () => uuidv7({ clock, random }))
    expect([...ids].sort()).toEqual(ids)
  })

  it('do not repeat within a millisecond', () => {
    const clock = { now: () => 5, monotonic: () => 0 }
    expect(new Set(Array.from({ length: 10_000 }, () => uuidv7({ clock, random }))).size).toBe(10_000)
  })

  it('make tokens of 32 bytes that fit into an address', () => {
    const token = randomToken({ random })
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(token).not.toBe(randomToken({ random }))
  })

  it('take their time from a clock that never runs backwards', () => {
    const clock = createClock()
    const before = clock.monotonic()
    expect(clock.monotonic()).toBeGreaterThanOrEqual(before)
  })
})

describe('ids of one process', () => {
  it('rise within a millisecond, past 4096 of them, and when the clock steps back', () => {
    let now = 1_000
    const next = createIds({ clock: { now: () => now, monotonic: () => 0 }, random })
    const ids = Array.from({ length: 10_000 }, (_, index) => {
      if (index === 9_000) now = 900
      return next()
    })
    expect(ids.toSorted()).toEqual(ids)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(true)
  })
})
