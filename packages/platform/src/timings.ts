/**
 * Every protocol duration in milliseconds, in one value, so that their order can be asserted once.
 * What is ours scales together; `scale` says by how much.
 */
export interface Timings {
  /** 1 outside tests. */
  scale: number

  /** A re-sent body without an id of its own counts as the same alert within this time. */
  dedupeWindowMs: number
  /** So long a signal waits for one before it that has not come in. TradingView sends for some 20 s. */
  chainHoldMs: number
  /** An open older than this since its alert is not sent any more. Closes never expire. */
  openTtlMs: number
  /** The webhook answers 503 before TradingView's 3 s are over. Theirs, so it never scales. */
  webhookDeadlineMs: number
  /** How long an API request waits for the row that a worker answers before it says 202. */
  apiRequestWaitMs: number

  /** Ready work that no doorbell announced is found by looking this often. */
  sweepMs: number
  /** A lane belongs to its worker for this long after the last write-ahead or renewal. */
  leaseMs: number
  leaseRenewMs: number
  /** One batch of write-aheads holds only what leaves within this time. */
  batchSendMs: number

  /** A signed request is refused by the exchange when older than this. */
  recvWindowMs: number
  /** Above this measured clock error no order is sent. */
  clockErrorMaxMs: number
  /** What must lie between the last moment a request is accepted and the end of its lease. */
  leaseMarginMs: number
  /** The answer of one request to an exchange. */
  requestTimeoutMs: number
  clockSyncMs: number

  /** Lookups after an unknown outcome, since the attempt was signed. */
  lookupDelaysMs: readonly number[]
  /** After the last of them, one more at this distance until there is a verdict. */
  lookupEveryMs: number
  /** A count, not a duration. */
  minNegativeLookups: number
  /** How long the exchange's back-end may still work on a request it took. */
  exchangeBackendMs: number
  /** How far the exchange's read side may lag behind. */
  replicaLagMs: number
  /** Since the attempt was signed; a negative answer before it proves nothing. */
  notPlacedAfterMs: number
  /** A full reduce-only close is sent again this long after it was signed. */
  closeResendAfterMs: number

  /** A filled position without its stop for this long raises an alarm … */
  protectionAlarmMs: number
  /** … and for this long is closed. */
  protectionLimitMs: number

  /** Reconciler's round over accounts with a position, an order or an unknown outcome. */
  reconcileBusyMs: number
  reconcileIdleMs: number
  equitySnapshotMs: number

  /** A working limit entry is watched this often. */
  orderPollMs: number
  /** A mirrored account is read at least this often while its private stream stands: what a stream does not say is found so. */
  streamedPollMs: number
  /** A private stream on which nothing answers for so long is dead. */
  streamSilenceMs: number
  /** Prices travel to browsers this often. */
  priceTickMs: number
  /** SIGTERM to exit. */
  shutdownMs: number
}

/** @param scale 1 in production; tests run at 0.2 */
export function createTimings(scale = 1): Timings {
  const ms = (duration: number) => Math.round(duration * scale)

  const recvWindowMs = ms(3_000)
  const exchangeBackendMs = ms(10_000)
  const replicaLagMs = ms(5_000)

  const timings: Timings = {
    scale,
    dedupeWindowMs: ms(30_000),
    chainHoldMs: ms(60_000),
    openTtlMs: ms(60_000),
    webhookDeadlineMs: 2_500,
    apiRequestWaitMs: ms(5_000),
    sweepMs: ms(1_000),
    leaseMs: ms(4_000),
    leaseRenewMs: ms(1_000),
    batchSendMs: ms(1_000),
    recvWindowMs,
    clockErrorMaxMs: ms(500),
    leaseMarginMs: ms(500),
    requestTimeoutMs: ms(8_000),
    clockSyncMs: ms(30_000),
    lookupDelaysMs: [500, 1_000, 2_000, 4_000, 8_000].map(ms),
    lookupEveryMs: ms(2_000),
    minNegativeLookups: 3,
    exchangeBackendMs,
    replicaLagMs,
    notPlacedAfterMs: recvWindowMs + exchangeBackendMs + replicaLagMs,
    closeResendAfterMs: ms(4_000),
    protectionAlarmMs: ms(5_000),
    protectionLimitMs: ms(15_000),
    reconcileBusyMs: ms(2_000),
    reconcileIdleMs: ms(30_000),
    equitySnapshotMs: ms(60_000),
    orderPollMs: ms(1_000),
    streamedPollMs: ms(5_000),
    streamSilenceMs: ms(6_000),
    priceTickMs: ms(250),
    shutdownMs: ms(20_000),
  }
  assertTimings(timings)
  return timings
}

export class TimingsError extends Error {
  constructor(problems: readonly string[]) {
    super(`These timings would break the protocol:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'TimingsError'
  }
}

/** @throws {TimingsError} naming every relation that does not hold */
export function assertTimings(timings: Timings): void {
  const problems = relations(timings).flatMap(([holds, problem]) => (holds ? [] : [problem]))
  if (problems.length > 0) throw new TimingsError(problems)
}

function relations(t: Timings): readonly [holds: boolean, problem: string][] {
  const durations = Object.values(t)
    .flat()
    .filter((value) => typeof value === 'number')
  const lookups = t.lookupDelaysMs

  return [
    [durations.every((value) => Number.isFinite(value) && value > 0), 'every duration must be above zero'],
    [
      t.leaseMs >= t.recvWindowMs + t.clockErrorMaxMs + t.leaseMarginMs,
      'leaseMs must outlast recvWindowMs + clockErrorMaxMs + leaseMarginMs, or a worker that woke up late could still trade',
    ],
    [t.leaseRenewMs * 3 <= t.leaseMs, 'leaseRenewMs must fit three times into leaseMs, or one slow commit loses a lane'],
    [t.batchSendMs < t.recvWindowMs, 'batchSendMs must be below recvWindowMs, or the end of a batch leaves too old'],
    [
      t.closeResendAfterMs > t.recvWindowMs + t.clockErrorMaxMs,
      'closeResendAfterMs must be after the first close can no longer be accepted',
    ],
    [
      t.notPlacedAfterMs >= t.recvWindowMs + t.exchangeBackendMs + t.replicaLagMs,
      'notPlacedAfterMs must cover recvWindowMs + exchangeBackendMs + replicaLagMs, or an order could be placed twice',
    ],
    [lookups.every((delay, index) => index === 0 || delay > (lookups[index - 1] ?? 0)), 'lookupDelaysMs must rise'],
    [t.minNegativeLookups >= 3, 'minNegativeLookups must be at least 3'],
    [t.notPlacedAfterMs < t.openTtlMs, 'openTtlMs must outlast notPlacedAfterMs, or no unplaced open is ever sent again'],
    [t.protectionAlarmMs < t.protectionLimitMs, 'protectionAlarmMs must come before protectionLimitMs'],
    [t.sweepMs <= t.leaseMs, 'sweepMs must not exceed leaseMs, or orphaned lanes wait'],
    [t.reconcileBusyMs <= t.reconcileIdleMs, 'reconcileBusyMs must not exceed reconcileIdleMs'],
    [t.orderPollMs <= t.streamedPollMs, 'streamedPollMs must not be below orderPollMs'],
    [t.webhookDeadlineMs < 3_000, 'webhookDeadlineMs must be below the 3 s that TradingView waits'],
  ]
}
