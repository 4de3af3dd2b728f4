import { TIMELINE_POINTS } from '@matic/contracts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildTimeline, type Moments } from './build-timeline.ts'

const START = Date.UTC(2026, 0, 5)

describe('the timeline of a signal', () => {
  it('says how long each part took', () => {
    const moments = { received: START, committed: START + 3, decided: START + 11, sent: START + 15, acknowledged: START + 40 }
    expect(buildTimeline(moments)).toEqual({
      startedAtMs: START,
      totalMs: 40,
      spans: [
        { point: 'committed', startMs: 0, ms: 3 },
        { point: 'decided', startMs: 3, ms: 8 },
        { point: 'sent', startMs: 11, ms: 4 },
        { point: 'acknowledged', startMs: 15, ms: 25 },
      ],
    })
  })

  it('gives no time to a moment that another clock saw too early', () => {
    const { spans, totalMs } = buildTimeline({ received: START, committed: START - 2, decided: START + 5 })
    expect(spans.map(({ ms }) => ms)).toEqual([0, 5])
    expect(totalMs).toBe(5)
  })

  const offset = fc.option(fc.double({ min: -10_000, max: 10_000_000, noNaN: true }), { nil: null })
  const anyMoments = fc.record(Object.fromEntries(TIMELINE_POINTS.map((point) => [point, offset]))).map((offsets): Moments => {
    const known = Object.entries(offsets).map(([point, ms]) => [point, ms === null ? null : START + ms])
    return { ...Object.fromEntries(known), received: START + (offsets['received'] ?? 0) }
  })

  it('adds up exactly, whatever the moments are: no gap, no overlap, nothing negative, nothing left out', () => {
    fc.assert(
      fc.property(anyMoments, (moments) => {
        const { spans, totalMs } = buildTimeline(moments)
        expect(spans.reduce((sum, span) => sum + span.ms, 0)).toBe(totalMs)
        spans.forEach((span, index) => {
          const before = spans[index - 1]
          expect(span.ms).toBeGreaterThanOrEqual(0)
          expect(span.startMs).toBe(before === undefined ? 0 : before.startMs + before.ms)
        })
        const known = TIMELINE_POINTS.filter((point) => point !== 'received' && typeof moments[point] === 'number')
        expect(spans.map(({ point }) => point)).toEqual(known)
        const latest = Math.max(moments.received, ...known.map((point) => moments[point] ?? 0))
        expect(totalMs).toBe(Math.floor(latest) - Math.floor(moments.received))
      }),
      { numRuns: 500 },
    )
  })
})
