import { AppError } from '@matic/contracts'
import type { Db } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { ingestSignals } from './ingest-signals.ts'
import type { Acknowledgement, IngestedSignal, NewSignal } from './ingest-signals.ts'

/** The one door into the signal table. Requests that wait at the same moment are committed together. */
export interface SharedCommit {
  /**
   * Resolves once the signal is stored for good.
   * @throws AppError STORAGE_UNAVAILABLE when that is not proven in time; ALERT_NOT_UNDERSTOOD when the database cannot hold it
   */
  submit(signal: NewSignal): Promise<IngestedSignal>
  /** The 2xx of this delivery was fully written. Stored with the next commit, or shortly after. */
  acknowledge(deliveryId: string): void
  /** Commits what is waiting. */
  close(): Promise<void>
}

interface Waiting {
  readonly signal: NewSignal
  readonly deadlineMs: number
  readonly resolve: (ingested: IngestedSignal) => void
  readonly reject: (error: AppError) => void
}

interface SharedCommitOptions {
  readonly ctx: Pick<ServiceContext, 'clock' | 'timings' | 'log' | 'doorbell'>
  /** A small pool that nothing else uses. */
  readonly db: Db
  /** Hears of signals that are stored and were not there before. */
  readonly onStored?: (signals: readonly NewSignal[]) => void
}

const ROWS_MAX = 200
/** The fewer commits the cheaper; a second one only starts beside one that is held up, or when a full one waits. */
const PARALLEL_MAX = 2
const HELD_UP_MS = 20
const SEEN_EVERY_MS = 10_000
const ACKNOWLEDGE_WITHIN_MS = 50
const ACKNOWLEDGEMENTS_MAX = 20_000
const WATCH_EVERY_MS = 20

export function createSharedCommit({ ctx, db, onStored }: SharedCommitOptions): SharedCommit {
  const { clock, timings, log, doorbell } = ctx
  let queue: Waiting[] = []
  let acknowledged: Acknowledgement[] = []
  const unanswered = new Set<Waiting>()
  const seenAtMs = new Map<string, number>()
  const commits = new Set<Promise<void>>()
  let pumping = false
  let lastStartMs = 0
  let acknowledging: NodeJS.Timeout | undefined
  let watching: NodeJS.Timeout | undefined

  function submit(signal: NewSignal): Promise<IngestedSignal> {
    return new Promise((resolve, reject) => {
      const waiting = { signal, deadlineMs: clock.monotonic() + timings.webhookDeadlineMs, resolve, reject }
      unanswered.add(waiting)
      queue.push(waiting)
      watching ??= setInterval(watch, WATCH_EVERY_MS)
      schedule()
    })
  }

  /** A moment later, so that requests read in the same turn travel together. */
  function schedule(): void {
    if (pumping) return
    pumping = true
    setImmediate(() => {
      pumping = false
      pump()
    })
  }

  function pump(): void {
    while (queue.length > 0 && mayStart()) {
      lastStartMs = clock.monotonic()
      const batch = queue.slice(0, ROWS_MAX).filter((waiting) => unanswered.has(waiting))
      queue = queue.slice(ROWS_MAX)
      if (batch.length > 0) track(commit(batch))
    }
  }

  function mayStart(): boolean {
    if (commits.size === 0) return true
    return commits.size < PARALLEL_MAX && (queue.length >= ROWS_MAX || clock.monotonic() - lastStartMs > HELD_UP_MS)
  }

  function track(work: Promise<void>): void {
    const tracked = work.finally(() => {
      commits.delete(tracked)
      if (queue.length > 0) schedule()
    })
    commits.add(tracked)
  }

  async function commit(batch: readonly Waiting[]): Promise<void> {
    try {
      settle(batch, await write(batch.map((waiting) => waiting.signal)))
    } catch (err) {
      if (isBadData(err)) return await commitOneByOne(batch)
      log.warn({ err, signals: batch.length }, 'alerts could not be stored')
      for (const waiting of batch) refuse(waiting, unavailable(err))
    }
  }

  /** One row that the database cannot hold must not fail its neighbours. */
  async function commitOneByOne(batch: readonly Waiting[]): Promise<void> {
    for (const waiting of batch) {
      if (!unanswered.has(waiting)) continue
      try {
        settle([waiting], await write([waiting.signal]))
      } catch (err) {
        const bad = isBadData(err)
        log.warn({ err, signalId: waiting.signal.id }, bad ? 'the database cannot hold this alert' : 'an alert could not be stored')
        refuse(waiting, bad ? notStorable(err) : unavailable(err))
      }
    }
  }

  async function write(signals: readonly NewSignal[]): Promise<IngestedSignal[]> {
    const taken = acknowledged
    const seenWebhooks = dueWebhooks(signals)
    acknowledged = []
    const call = () => ingestSignals({ db, signals, acknowledged: taken, seenWebhooks, dedupeWindowMs: timings.dedupeWindowMs })
    try {
      return await call().catch((err: unknown) => {
        if (!isCollision(err)) throw err
        return call()
      })
    } catch (err) {
      acknowledged = [...taken, ...acknowledged].slice(-ACKNOWLEDGEMENTS_MAX)
      for (const id of seenWebhooks) seenAtMs.delete(id)
      throw err
    }
  }

  function dueWebhooks(signals: readonly NewSignal[]): string[] {
    const nowMs = clock.monotonic()
    const due = new Set<string>()
    for (const { source, sourceId } of signals) {
      if ((source !== 'WEBHOOK' && source !== 'TEST') || nowMs - (seenAtMs.get(sourceId) ?? -Infinity) < SEEN_EVERY_MS) continue
      seenAtMs.set(sourceId, nowMs)
      due.add(sourceId)
    }
    return [...due]
  }

  function settle(batch: readonly Waiting[], ingested: readonly IngestedSignal[]): void {
    for (const [index, waiting] of batch.entries()) {
      const result = ingested[index]
      if (result === undefined) refuse(waiting, unavailable(undefined))
      else if (unanswered.delete(waiting)) waiting.resolve(result)
    }
    restWatch()
    const fresh = batch.flatMap(({ signal }, index) => (ingested[index]?.duplicate === false ? [signal] : []))
    if (fresh.length === 0) return
    setImmediate(() => {
      doorbell.ring('dispatch')
      onStored?.(fresh)
    })
  }

  function refuse(waiting: Waiting, error: AppError): void {
    if (unanswered.delete(waiting)) waiting.reject(error)
    restWatch()
  }

  function watch(): void {
    giveUpTheLate()
    if (queue.length > 0) pump()
  }

  function giveUpTheLate(): void {
    const nowMs = clock.monotonic()
    for (const waiting of unanswered) {
      if (waiting.deadlineMs > nowMs) break
      refuse(waiting, unavailable(undefined))
    }
  }

  function restWatch(): void {
    if (unanswered.size > 0) return
    clearInterval(watching)
    watching = undefined
  }

  function acknowledge(deliveryId: string): void {
    acknowledged.push({ deliveryId, atMs: clock.now() })
    acknowledging ??= setTimeout(() => {
      acknowledging = undefined
      if (acknowledged.length === 0 || commits.size > 0 || queue.length > 0) return
      track(write([]).then(noResult, (err: unknown) => log.debug({ err }, 'acknowledgements are stored later')))
    }, ACKNOWLEDGE_WITHIN_MS)
  }

  async function close(): Promise<void> {
    clearTimeout(acknowledging)
    pump()
    while (commits.size > 0 || queue.length > 0) await Promise.all(commits)
    if (acknowledged.length > 0) await write([]).then(noResult, noResult)
    clearInterval(watching)
  }

  return { submit, acknowledge, close }
}

function noResult(): void {
  return undefined
}

function unavailable(cause: unknown): AppError {
  return new AppError('STORAGE_UNAVAILABLE', 'The alert could not be stored. Send it again.', { cause })
}

function notStorable(cause: unknown): AppError {
  return new AppError(
    'ALERT_NOT_UNDERSTOOD',
    'The alert holds characters that cannot be stored. Remove control characters and send it again.',
    { cause },
  )
}

function sqlState(err: unknown): string {
  return err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : ''
}

/** Data exceptions (class 22): the same row fails every time. */
function isBadData(err: unknown): boolean {
  return /^22...$/.test(sqlState(err))
}

/** Deadlock, serialisation failure, unique violation: once more succeeds or tells the truth. */
function isCollision(err: unknown): boolean {
  return ['40P01', '40001', '23505'].includes(sqlState(err))
}
