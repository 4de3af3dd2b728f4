import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@matic/db'
import type { SeededRandom } from '../seeded-random.ts'
import type { Rig } from './rig.ts'

export interface KillRecord {
  name: string
  atMs: number
  /** Attempts of the killed worker that were under way. */
  submitting: number
  /** Positions in the killed worker's lanes that had filled and had no stop yet. */
  unprotected: number
}

export interface Killer {
  readonly kills: readonly KillRecord[]
  /** SIGKILL of the owner → another owner, for each lane that had an attempt under way. */
  readonly recoveriesMs: readonly number[]
  run(count: number, givenUp: () => boolean): Promise<void>
}

type Aim = 'submitting' | 'unprotected' | 'anything'

/** Kills at random, often at the moments that hurt: an order on its way, a fill without its stop. */
export function createKiller({ rig, random, say }: { rig: Rig; random: SeededRandom; say: (line: string) => void }): Killer {
  const kills: KillRecord[] = []
  const recoveriesMs: number[] = []

  const strike = async (): Promise<void> => {
    const victim = await chooseVictim(rig, random)
    const owner = await ownerOf(rig, victim)
    await rig.kill(victim, random.integer(50, 800))
    const atMs = Date.now()
    const hit = owner === undefined ? { accounts: [], submitting: 0, unprotected: 0 } : await whatItHeld(rig.db, owner)
    kills.push({ name: victim, atMs, submitting: hit.submitting, unprotected: hit.unprotected })
    if (owner !== undefined && hit.accounts.length > 0) {
      void watchRecovery(rig.db, owner, hit.accounts, atMs).then((ms) => {
        if (ms !== undefined) recoveriesMs.push(ms)
      })
    }
    if (kills.length % 10 === 0)
      say(`chaos: ${kills.length} kills, ${kills.filter((kill) => kill.submitting > 0).length} of them with an order on its way`)
  }

  return {
    kills,
    recoveriesMs,
    async run(count, givenUp) {
      while (kills.length < count && !givenUp()) {
        // Most kills meet a platform that stands; some come while another part is still down.
        if (random.chance(0.5)) await Promise.race([rig.whole(), sleep(15_000)])
        await sleep(random.integer(100, 600))
        await strike().catch((error: unknown) => say(`chaos: a kill went wrong: ${String(error)}`))
      }
    },
  }
}

async function chooseVictim(rig: Rig, random: SeededRandom): Promise<string> {
  const roll = random.next()
  const aim: Aim = roll < 0.4 ? 'submitting' : roll < 0.7 ? 'unprotected' : 'anything'
  if (aim !== 'anything') {
    const aimed = await waitForMoment(rig, aim)
    if (aimed !== undefined) return aimed
  }
  const other = random.next()
  if (other < 0.5) return random.pick(rig.names.workers)
  if (other < 0.85) return random.pick(rig.names.apis)
  return other < 0.93 ? 'venue' : 'postgres'
}

/** Watches for up to 2 s for a worker in the middle of something. */
async function waitForMoment(rig: Rig, aim: Aim): Promise<string | undefined> {
  const deadline = Date.now() + 2_000
  while (Date.now() < deadline) {
    const owners = await rig.db.query<{ owner: string }>(MOMENTS[aim === 'unprotected' ? 'unprotected' : 'submitting'])
    for (const { owner } of owners) {
      for (const name of rig.names.workers) if ((await ownerOf(rig, name)) === owner) return name
    }
    await sleep(20)
  }
  return undefined
}

const MOMENTS = {
  submitting: `SELECT DISTINCT l.owner FROM trade_order o JOIN lane l USING (account_id)
                WHERE o.state = 'SUBMITTING' AND l.owner IS NOT NULL AND l.lease_until > now()`,
  unprotected: `SELECT DISTINCT l.owner FROM position p JOIN lane l USING (account_id)
                 WHERE p.protection = 'PROTECTING' AND p.quantity_base > 0 AND l.owner IS NOT NULL AND l.lease_until > now()`,
} as const

/** The id a worker process goes by at this moment. */
async function ownerOf(rig: Rig, name: string): Promise<string | undefined> {
  const pid = rig.pidOf(name)
  if (pid === undefined || !name.startsWith('worker-')) return undefined
  const rows = await rig.db.query<{ id: string }>('SELECT id FROM worker_process WHERE pid = $1 ORDER BY started_at DESC LIMIT 1', [pid])
  return rows[0]?.id
}

async function whatItHeld(db: Db, owner: string): Promise<{ accounts: string[]; submitting: number; unprotected: number }> {
  const submitting = await db.query<{ account_id: string }>(
    `SELECT o.account_id FROM trade_order o JOIN lane l USING (account_id) WHERE l.owner = $1 AND o.state = 'SUBMITTING'`,
    [owner],
  )
  const unprotected = await db.query(
    `SELECT 1 FROM position p JOIN lane l USING (account_id) WHERE l.owner = $1 AND p.protection = 'PROTECTING' AND p.quantity_base > 0`,
    [owner],
  )
  return { accounts: submitting.map((row) => row.account_id), submitting: submitting.length, unprotected: unprotected.length }
}

/** @returns ms until none of the lanes belongs to the dead owner, or `undefined` when that takes over a minute */
async function watchRecovery(db: Db, owner: string, accounts: readonly string[], killedAtMs: number): Promise<number | undefined> {
  while (Date.now() - killedAtMs < 60_000) {
    const left = await db
      .query('SELECT 1 FROM lane WHERE owner = $1 AND account_id = ANY($2::uuid[]) LIMIT 1', [owner, accounts])
      .catch(() => [{}])
    if (left.length === 0) return Date.now() - killedAtMs
    await sleep(50)
  }
  return undefined
}
