import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@matic/db'

/** Puts signals that were dealt with back among those that wait, as a restored queue or a second delivery of work would. */
export function startReplays(db: Db, everyMs: number): { replayed(): number; stop(): Promise<void> } {
  const stopping = new AbortController()
  let replayed = 0
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      const rows = await db
        .query(
          `UPDATE signal SET state = 'RECEIVED'
            WHERE id IN (SELECT id FROM signal WHERE state = 'DISPATCHED' AND received_at > now() - interval '10 seconds' ORDER BY random() LIMIT 2) RETURNING id`,
        )
        .catch(() => [])
      replayed += rows.length
    }
  })()
  return {
    replayed: () => replayed,
    async stop() {
      stopping.abort()
      await running
    },
  }
}
