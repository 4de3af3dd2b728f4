import type { UserStream } from '@matic/exchange/port'
import type { ExecutionContext } from '../execution/context.ts'
import { claimStreams, noteHealth, wakeReadings, type OwnStream } from './stream-rows.ts'

/** Listens to the private streams of mirrored accounts that somebody follows. */
export interface StreamHolder {
  /** Takes streams that nobody holds, opens what has broken, lets go of what nobody waits for. Call every `sweepMs`. */
  sweep(): Promise<{ held: number; healthy: number }>
  /** The key is another by now: opened anew with it. */
  forget(accountId: string): void
  close(): void
}

export interface StreamHolderOptions {
  /** An account is due to be read now. */
  readonly onWoken: () => void
  readonly streamsMax?: number
}

interface Held {
  readonly exchange: string
  stream: UserStream | undefined
  isOpening: boolean
  isReleased: boolean
  failures: number
  /** Monotonic ms. */
  openedAtMs: number
  retryAtMs: number
  wokenAtMs: number
}

/** Of one worker. Accounts beyond that are read as often as ones without a stream. */
const STREAMS_MAX = 250
/** Taken in one sweep, so that workers that start together share them. */
const TAKEN_AT_ONCE = 25
/** News of one account come in bursts: one order is an event for each fill and one for each change of the account. */
const WAKE_GAP_MS = 50
/** The first of a burst is worth a whole reading at once, those after it are mostly about the same. */
const BURST_MS = 1_000
const RETRY_MAX_MS = 60_000
const SHORT_LIFE_SWEEPS = 5

/**
 * A stream only wakes: what it says is never believed, the account is read by the same reconciliation that reads it without one. So an event that comes twice,
 * late or in another order does no harm, and one that never comes is found by the next reading, which is then not far:
 * calm streams are looked behind every `streamedPollMs`, all others every `orderPollMs`.
 */
export function createStreamHolder(ctx: ExecutionContext, { onWoken, streamsMax = STREAMS_MAX }: StreamHolderOptions): StreamHolder {
  const { timings, log, clock } = ctx
  const held = new Map<string, Held>()
  const streamable = [...ctx.exchanges].flatMap(([name, port]) => (port.capabilities.userStream ? [name] : []))
  const news = new Set<string>()
  let waking: Promise<void> | undefined
  let closed = false

  function wake(accountId: string): void {
    news.add(accountId)
    waking ??= wakeAll().finally(() => (waking = undefined))
  }

  async function wakeAll(): Promise<void> {
    while (news.size > 0 && !closed) {
      const accountIds = [...news]
      news.clear()
      const owner = ctx.worker.current()?.id
      if (owner === undefined) return
      const whole = accountIds.filter(isFirstOfBurst)
      try {
        await wakeReadings(ctx.db, { accountIds, whole, owner })
        onWoken()
      } catch (err) {
        // The next reading is on its way without it.
        log.warn({ err }, 'accounts could not be woken')
      }
      await new Promise((resolve) => setTimeout(resolve, WAKE_GAP_MS))
    }
  }

  function isFirstOfBurst(accountId: string): boolean {
    const own = held.get(accountId)
    const nowMs = clock.monotonic()
    const isFirst = own === undefined || nowMs - own.wokenAtMs > BURST_MS * timings.scale
    if (own && isFirst) own.wokenAtMs = nowMs
    return isFirst
  }

  async function open(accountId: string, own: Held): Promise<void> {
    own.isOpening = true
    try {
      const port = ctx.exchanges.get(own.exchange)
      const handle = await ctx.keys.open(accountId)
      if (!port || !handle || own.isReleased) return
      const news = () => {
        ctx.crashPoints.pass('K16')
        wake(accountId)
      }
      const opened = await port.openUserStream(handle, { news, ended: (why) => ended(accountId, own, why) })
      if (!opened.ok) {
        log.warn({ accountId, code: opened.failure.code }, 'a private stream could not be opened')
        return rest(own)
      }
      own.stream = opened.value
      own.openedAtMs = clock.monotonic()
      if (own.isReleased || closed) return own.stream.close()
      await tellHealth(accountId, true)
      // What happened until now was told to nobody.
      wake(accountId)
    } finally {
      own.isOpening = false
    }
  }

  function rest(own: Held): void {
    own.failures += 1
    own.retryAtMs = clock.monotonic() + Math.min(timings.sweepMs * 2 ** (own.failures - 1), RETRY_MAX_MS * timings.scale)
  }

  function ended(accountId: string, own: Held, why: string): void {
    own.stream = undefined
    if (own.isReleased || closed) return
    log.info({ accountId, why }, 'a private stream has ended')
    // One that is ended as soon as it stands is not asked for as fast as it is refused.
    if (clock.monotonic() - own.openedAtMs < SHORT_LIFE_SWEEPS * timings.sweepMs) rest(own)
    void tellHealth(accountId, false)
      .then(() => wake(accountId))
      .then(() => startOpening(accountId, own))
      .catch((err: unknown) => log.warn({ err, accountId }, 'the end of a private stream could not be noted'))
  }

  async function tellHealth(accountId: string, isHealthy: boolean): Promise<void> {
    const owner = ctx.worker.current()?.id
    if (owner !== undefined) await noteHealth(ctx.db, { accountId, owner, isHealthy, timings })
  }

  function startOpening(accountId: string, own: Held): void {
    if (own.stream || own.isOpening || own.isReleased || closed || own.retryAtMs > clock.monotonic()) return
    void open(accountId, own).catch((err: unknown) => {
      rest(own)
      log.warn({ err, accountId }, 'a private stream could not be opened')
    })
  }

  function release(accountId: string): void {
    const own = held.get(accountId)
    if (!own) return
    held.delete(accountId)
    own.isReleased = true
    own.stream?.close()
  }

  function keep({ accountId, exchange, isDeaf }: OwnStream): void {
    const own = held.get(accountId) ?? {
      exchange,
      stream: undefined,
      isOpening: false,
      isReleased: false,
      failures: 0,
      openedAtMs: 0,
      retryAtMs: 0,
      wokenAtMs: -Infinity,
    }
    held.set(accountId, own)
    if (isDeaf) {
      log.warn({ accountId }, 'a private stream has not said what a reading found')
      own.stream?.close()
    } else if (own.stream?.isHealthy()) own.failures = 0
    startOpening(accountId, own)
  }

  return {
    async sweep() {
      const me = ctx.worker.current()
      if (!me || closed) {
        for (const accountId of held.keys()) release(accountId)
        return { held: 0, healthy: 0 }
      }
      const healthy = [...held].flatMap(([accountId, { stream }]) => (stream?.isHealthy() ? [accountId] : []))
      const limit = Math.max(0, Math.min(TAKEN_AT_ONCE, streamsMax - held.size))
      const own = await claimStreams(ctx.db, { owner: me.id, exchanges: streamable, healthy, limit, timings })
      const ids = new Set(own.map(({ accountId }) => accountId))
      for (const accountId of held.keys()) if (!ids.has(accountId)) release(accountId)
      for (const stream of own) keep(stream)
      return { held: held.size, healthy: healthy.length }
    },

    forget(accountId) {
      held.get(accountId)?.stream?.close()
    },

    close() {
      closed = true
      for (const accountId of held.keys()) release(accountId)
    },
  }
}
