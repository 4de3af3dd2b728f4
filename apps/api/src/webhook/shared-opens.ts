import { isAppError } from '@matic/contracts'
import type { Clock, Limit, Limits, Logger } from '@matic/platform'

/** What all api processes together admit of one webhook. Costs the door a look into memory; the counting happens beside it. */
export interface SharedOpens {
  note(webhookId: string): void
  /** True while together it was too much. */
  isOver(webhookId: string): boolean
  close(): void
}

interface Count {
  readonly sinceMs: number
  seen: number
  /** Admitted here, and not yet counted with the others. */
  untold: number
}

interface SharedOpensOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly limits: Limits
  readonly perSecond: number
  /** How long one process may admit before the others know. */
  readonly tellAfterMs?: number
}

const WINDOW_MS = 60_000
const BURST_SECONDS = 10
const ENTRIES_MAX = 50_000

/**
 * In a minute the processes together admit what one alone could: a burst and a minute's worth. An address that is far from that is not
 * counted at all, so that quiet ones cost nothing and a storm costs one query at a time.
 */
export function createSharedOpens({ clock, log, limits, perSecond, tellAfterMs = 250 }: SharedOpensOptions): SharedOpens {
  const windowSeconds = WINDOW_MS / 1_000
  const limit: Limit = limits.create({
    name: 'webhook-opens',
    points: Math.ceil(perSecond * (windowSeconds + BURST_SECONDS)),
    durationMs: WINDOW_MS,
  })
  /** A tenth of it: ten processes may stay silent without going over together. */
  const quiet = (perSecond * windowSeconds) / 10
  const counts = new Map<string, Count>()
  const overUntil = new Map<string, number>()
  const loud = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  function schedule(): void {
    if (timer !== undefined || closed) return
    timer = setTimeout(() => void tell().finally(tellAgain), tellAfterMs)
    timer.unref()
  }

  function tellAgain(): void {
    timer = undefined
    if (loud.size > 0) schedule()
  }

  async function tell(): Promise<void> {
    const ids = [...loud]
    loud.clear()
    for (const id of ids) {
      const count = counts.get(id)
      if (count === undefined || count.untold === 0) continue
      const { untold } = count
      count.untold = 0
      await limit.consume(id, untold).catch((error: unknown) => heed(id, error))
    }
  }

  function heed(id: string, error: unknown): void {
    if (!isAppError(error)) return log.debug({ err: error }, 'alerts could not be counted with other processes')
    const seconds = error.details?.['retryAfterSeconds']
    if (overUntil.size >= ENTRIES_MAX) overUntil.clear()
    overUntil.set(id, clock.monotonic() + (typeof seconds === 'number' ? seconds : 1) * 1_000)
  }

  return {
    note(webhookId) {
      const nowMs = clock.monotonic()
      let count = counts.get(webhookId)
      if (count === undefined || nowMs - count.sinceMs > WINDOW_MS) {
        if (counts.size >= ENTRIES_MAX) counts.clear()
        count = { sinceMs: nowMs, seen: 0, untold: 0 }
        counts.set(webhookId, count)
      }
      count.seen += 1
      count.untold += 1
      if (count.seen <= quiet) return
      loud.add(webhookId)
      schedule()
    },
    isOver(webhookId) {
      const untilMs = overUntil.get(webhookId)
      if (untilMs === undefined) return false
      if (untilMs > clock.monotonic()) return true
      overUntil.delete(webhookId)
      return false
    },
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
