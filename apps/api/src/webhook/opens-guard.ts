import type { Alert } from '@matic/contracts'
import type { Clock } from '@matic/platform'

/** How many alerts a second one token may send before those that could open something are refused. Never per address: TradingView has four. */
export interface OpensGuard {
  /** Closes count as well, but are never refused. */
  admits(webhookId: string, alert: Alert | null): boolean
}

const BURST_SECONDS = 10
const ENTRIES_MAX = 50_000

export function createOpensGuard({ clock, perSecond }: { clock: Clock; perSecond: number }): OpensGuard {
  const buckets = new Map<string, { tokens: number; atMs: number }>()
  const capacity = perSecond * BURST_SECONDS

  return {
    admits(webhookId, alert) {
      const nowMs = clock.monotonic()
      let bucket = buckets.get(webhookId)
      if (!bucket) {
        if (buckets.size >= ENTRIES_MAX) buckets.clear()
        bucket = { tokens: capacity, atMs: nowMs }
        buckets.set(webhookId, bucket)
      }
      bucket.tokens = Math.min(capacity, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond)
      bucket.atMs = nowMs
      const admitted = bucket.tokens >= 1 || (alert !== null && onlyCloses(alert))
      if (admitted) bucket.tokens = Math.max(0, bucket.tokens - 1)
      return admitted
    },
  }
}

/** What can never open a position. */
export function onlyCloses(alert: Alert): boolean {
  if (alert.marketPosition === 'flat') return true
  return alert.action !== null && alert.action !== 'buy' && alert.action !== 'sell'
}
