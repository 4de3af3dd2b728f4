import type { Logger } from '@matic/platform'

export interface Loop {
  /** Run now, or once more right after the run that is going on. */
  kick(): void
  /** Resolves when the run going on is over, and the one that was asked for meanwhile. Never throws. */
  idle(): Promise<void>
  /** Run in this many ms unless it runs earlier. */
  kickIn(ms: number): void
  /** The first run is after so many ms, at once when left out. */
  start(afterMs?: number): void
  /** No new run; resolves when the one going on is over. */
  stop(): Promise<void>
}

export interface LoopOptions {
  readonly name: string
  /** Between the end of a run and the next one; `undefined`: never by itself, only when kicked. */
  readonly everyMs: number | undefined
  readonly run: () => Promise<unknown>
  readonly log: Logger
}

/** One piece of work, never twice at the same time, again and again. A run that fails is logged and the next one comes. */
export function createLoop({ name, everyMs, run, log }: LoopOptions): Loop {
  let timer: NodeJS.Timeout | undefined
  let timerAtMs = Infinity
  let running: Promise<void> | undefined
  let again = false
  let started = false

  function schedule(ms: number): void {
    const atMs = performance.now() + ms
    if (!started || atMs >= timerAtMs) return
    clearTimeout(timer)
    timerAtMs = atMs
    timer = setTimeout(go, ms)
  }

  function go(): void {
    clearTimeout(timer)
    timerAtMs = Infinity
    if (!started) return
    if (running) {
      again = true
      return
    }
    running = once().finally(() => {
      running = undefined
      if (again) {
        again = false
        go()
      } else if (everyMs !== undefined) schedule(everyMs)
    })
  }

  async function once(): Promise<void> {
    try {
      await run()
    } catch (err) {
      log.error({ err, loop: name }, 'a round failed')
      schedule(everyMs ?? 1_000)
    }
  }

  return {
    kick: go,
    async idle() {
      await running
      await running
    },
    kickIn: schedule,
    start(afterMs = 0) {
      started = true
      log.info({ loop: name }, 'started')
      if (everyMs === undefined) return
      if (afterMs === 0) go()
      else schedule(afterMs)
    },
    async stop() {
      started = false
      clearTimeout(timer)
      timerAtMs = Infinity
      await running
    },
  }
}
