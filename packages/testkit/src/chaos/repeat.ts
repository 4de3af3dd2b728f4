import { setTimeout as sleep } from 'node:timers/promises'

export interface Repeating {
  stop(): Promise<void>
}

/** Does it again and again, `everyMs` apart; a time that fails is passed over. */
export function repeat(everyMs: number, act: () => Promise<void>): Repeating {
  const stopping = new AbortController()
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (!stopping.signal.aborted) await act().catch(() => undefined)
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await running
    },
  }
}
