import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@matic/db'
import { judge, type Verdict } from './oracles.ts'
import type { SentAlert } from './sender.ts'
import type { Witness } from './witness.ts'

const LOOK_EVERY_MS = 1_000

export interface BreachWatch {
  /** Breaches that no later moment can heal. */
  readonly proof: Verdict | undefined
  /** Something is as it should not be for so long; whether it heals without further kills is for the end of the run to say. */
  readonly suspicious: boolean
  stop(): Promise<void>
}

/**
 * Looks at the books in the midst of kills, so that a run with a planted bug ends when the bug has shown.
 * @param suspectAfterMs an order whose outcome has been unknown for longer is suspicious
 */
export function watchForBreach(input: { db: Db; witness: Witness; sent: readonly SentAlert[]; suspectAfterMs: number }): BreachWatch {
  const stopping = new AbortController()
  let proof: Verdict | undefined
  let suspicious = false

  const watching = (async () => {
    while (!stopping.signal.aborted && proof === undefined) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (!suspicious) suspicious = await staysUnknown(input.db, input.suspectAfterMs).catch(() => false)
      const verdict = await judge(input).catch(() => undefined)
      // All else may heal.
      if (verdict !== undefined && verdict.doubled.length > 0) proof = { ...verdict, lost: [], orphaned: [], unexplained: [] }
    }
  })()

  return {
    get proof() {
      return proof
    },
    get suspicious() {
      return suspicious
    },
    async stop() {
      stopping.abort()
      await watching
    },
  }
}

async function staysUnknown(db: Db, ms: number): Promise<boolean> {
  const rows = await db.query(
    `SELECT 1 FROM trade_order WHERE state = 'UNKNOWN' AND submitted_at < clock_timestamp() - make_interval(secs => $1) LIMIT 1`,
    [ms / 1_000],
  )
  return rows.length > 0
}
