import type { Alert } from '@matic/contracts'
import type { Clock } from '@matic/platform'
import type { SharedOpens } from './shared-opens.ts'

/** How many alerts a second one token may send before those that could open something are refused. Never per address: TradingView has four. */
export interface OpensGuard {
  /** Closes count as well, but are never refused. */
  admits(webhookId: string, alert: Alert | null): boolean
}

const BURST_SECONDS = 10
const ENTRIES_MAX = 50_000

interface OpensGuardOptions {
  readonly clock: Clock
  readonly perSecond: number
  /** What other processes admitted of the same address. */
  readonly shared?: Pick<SharedOpens, 'note' | 'isOver'>
}

export function createOpensGuard({ clock, perSecond, shared }: OpensGuardOptions): OpensGuard {
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
      const hasRoom = bucket.tokens >= 1 && shared?.isOver(webhookId) !== true
      const admitted = hasRoom || (alert !== null && onlyCloses(alert))
      if (!admitted) return false
      bucket.tokens = Math.max(0, bucket.tokens - 1)
      shared?.note(webhookId)
      return true
    },
  }
}

/** What can never open a position. */
export function onlyCloses(alert: Alert): boolean {
  if (alert.marketPosition === 'flat') return true
  return alert.action !== null && alert.action !== 'buy' && alert.action !== 'sell'
}
