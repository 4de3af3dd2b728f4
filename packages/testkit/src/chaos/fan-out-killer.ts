import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@matic/db'
import type { SeededRandom } from '../seeded-random.ts'
import type { Rig } from './rig.ts'

/** How far the fan-out had come when a worker was killed. */
export interface FanOutKill {
  readonly name: string
  readonly decided: number
  /** Orders of the alert written ahead and not answered yet, and answered. */
  readonly sending: number
  readonly answered: number
}

export interface FanOutKiller {
  /** Kills that fell between the first decision and the last answer. */
  readonly kills: readonly FanOutKill[]
  /** Waits for a moment in the middle and kills one that lives. Does nothing when the fan-out is over first. */
  strike(): Promise<void>
}

type Aim = 'deciding' | 'sending' | 'answering'

const POLL_MS = 5
const PATIENCE_MS = 8_000

/** SIGKILL to a worker, at a moment chosen by what the newest alert's fan-out has come to. */
export function createFanOutKiller({ rig, random, followers }: { rig: Rig; random: SeededRandom; followers: number }): FanOutKiller {
  const kills: FanOutKill[] = []
  return {
    kills,
    async strike() {
      const aim = random.pick<Aim>(['deciding', 'sending', 'answering'])
      const seen = await waitFor(rig.db, aim, followers)
      const victims = rig.names.workers.filter((name) => rig.pidOf(name) !== undefined)
      if (seen === undefined || victims.length === 0) return
      const name = random.pick(victims)
      await rig.kill(name, random.integer(50, 300))
      kills.push({ name, ...seen })
    },
  }
}

interface Progress {
  readonly decided: number
  readonly sending: number
  readonly answered: number
  readonly left: number
}

/** A moment in the middle, best of the kind that is aimed at. */
async function waitFor(db: Db, aim: Aim, followers: number): Promise<Omit<Progress, 'left'> | undefined> {
  const deadline = Date.now() + PATIENCE_MS
  for (; Date.now() < deadline; await sleep(POLL_MS)) {
    const [at] = await db.query<Progress>(PROGRESS)
    if (at === undefined || at.decided === 0) continue
    if (at.decided >= followers && at.left === 0) return undefined
    const { left: _left, ...seen } = at
    if (aim === 'deciding' || (aim === 'sending' && at.sending > 0) || (aim === 'answering' && at.answered > 0)) return seen
  }
  return undefined
}

/** The newest alert's decisions, and its orders with the protection of the positions that they made. */
const PROGRESS = `
  WITH newest AS (SELECT id FROM signal ORDER BY received_at DESC LIMIT 1)
  SELECT (SELECT count(*)::int FROM decision WHERE signal_id = newest.id) AS decided,
         count(o.id) FILTER (WHERE o.state IN ('SUBMITTING', 'UNKNOWN'))::int AS sending,
         count(o.id) FILTER (WHERE o.acked_at IS NOT NULL)::int AS answered,
         count(o.id) FILTER (WHERE o.state IN ('READY', 'SUBMITTING', 'UNKNOWN'))::int AS left
    FROM newest LEFT JOIN trade_order o ON o.signal_id = newest.id GROUP BY newest.id`
