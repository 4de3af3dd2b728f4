import { describe, expect, it } from 'vitest'
import { TimingsError, assertTimings, createTimings } from './timings.ts'

describe('timings', () => {
  it.each([1, 0.2, 0.05])('hold their order at scale %d', (scale) => {
    const timings = createTimings(scale)
    expect(timings.notPlacedAfterMs).toBe(timings.recvWindowMs + timings.exchangeBackendMs + timings.replicaLagMs)
    expect(timings.leaseMs).toBeGreaterThanOrEqual(timings.recvWindowMs + timings.clockErrorMaxMs)
  })

  it.each([
    [{ leaseMs: 3_200 }, /leaseMs must outlast recvWindowMs/],
    [{ recvWindowMs: 5_000 }, /leaseMs must outlast/],
    [{ notPlacedAfterMs: 10_000 }, /placed twice/],
    [{ minNegativeLookups: 1 }, /at least 3/],
    [{ closeResendAfterMs: 3_000 }, /closeResendAfterMs/],
    [{ lookupDelaysMs: [500, 400] }, /must rise/],
    [{ protectionAlarmMs: 20_000 }, /protectionAlarmMs/],
    [{ sweepMs: 0 }, /above zero/],
    [{ leaseRenewMs: 3_900 }, /leaseRenewMs/],
    [{ batchSendMs: 3_000 }, /batchSendMs/],
  ])('refuse %o', (change, words) => {
    expect(() => assertTimings({ ...createTimings(), ...change })).toThrow(TimingsError)
    expect(() => assertTimings({ ...createTimings(), ...change })).toThrow(words)
  })
})
