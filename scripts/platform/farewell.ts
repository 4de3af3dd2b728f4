import type { Supervisor } from '@matic/local'
import { say } from '../lib/say.ts'

const repeatAfterMs = 1_000

/** Ctrl+C stops every child in order; a second one, a moment later, stops waiting for them. */
export function stopOnSignal({ supervisor, stopping }: { supervisor: Supervisor; stopping: AbortController }): void {
  let askedAtMs: number | undefined
  const onSignal = (): void => {
    const nowMs = performance.now()
    // The terminal and npm may both pass the same Ctrl+C on.
    if (askedAtMs !== undefined && nowMs - askedAtMs < repeatAfterMs) return
    if (askedAtMs !== undefined) process.exit(1)
    askedAtMs = nowMs
    say('\n• stopping')
    stopping.abort()
    void supervisor.stop().then(() => {
      say('✓ stopped; the data stays')
      process.exit(0)
    })
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
}
