import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@matic/db'
import { openFollowers, type Followers } from '../bench/fan-out/followers.ts'
import { createSeededRandom } from '../seeded-random.ts'
import { createTestFolder } from '../test-folder.ts'
import { createFanOutKiller, type FanOutKill } from './fan-out-killer.ts'
import type { Breach } from './options.ts'
import { judge } from './oracles.ts'
import { startRig, type Rig } from './rig.ts'
import type { SentAlert } from './sender.ts'
import { createWitness, type Witness } from './witness.ts'

export interface FanOutChaosOptions {
  /** Kills that must fall into the middle of a fan-out. */
  kills: number
  killsEach: number
  followers: number
  workers: number
  seed: number
  timingsScale: number
  /** Each fan-out, and the quiet at the end, must be over within this time. */
  quietWithinMs: number
  /** Folder of the apps as bundles, to be started instead of their sources. */
  bundles?: string
  say: (line: string) => void
}

export interface FanOutChaosReport {
  kills: readonly FanOutKill[]
  fanOuts: number
  orders: number
  /** Followers without a decision on an alert, or with more than one. */
  notExactlyOne: number
  /** What the database's own count of missing decisions says, and says where one is taken away. */
  gaps: number
  gapsWithOneTaken: number
  lost: number
  doubled: number
  orphaned: number
  unexplained: number
  breaches: Breach[]
  reasons: Record<string, number>
}

const SYMBOL = 'BTCUSDT.P'
const QUANTITY_BASE = '0.004'

/**
 * One leader's alerts go out to many followers while workers are killed in the middle of it, while some followers are decided and some are not,
 * some orders are sent and some are answered. In the end every follower has one decision for each alert and what the exchange says is what we say.
 */
export async function runFanOutChaos(options: FanOutChaosOptions): Promise<FanOutChaosReport> {
  const { say, seed } = options
  const dir = createTestFolder()
  const encryptionKey = randomBytes(32)
  const prepared: { people?: Followers } = {}
  const rig = await startRig({
    dir,
    encryptionKey,
    timingsScale: options.timingsScale,
    apis: 1,
    workers: options.workers,
    ...(options.bundles === undefined ? {} : { bundles: options.bundles }),
    say,
    async onVenue(base) {
      prepared.people = await openFollowers({ base, encryptionKey, count: options.followers })
    },
  })
  try {
    const { people } = prepared
    if (people === undefined) throw new Error('Nobody follows')
    const witness = createWitness({ url: rig.venueUrl, adminToken: rig.venueAdminToken })
    await waitUntil(() => hasPrices(rig.db), 60_000, 'prices')
    await witness.setFaults(faults(seed))

    const killer = createFanOutKiller({ rig, random: createSeededRandom(seed), followers: options.followers })
    const sent: SentAlert[] = []
    const isHit = () => killer.kills.length >= options.kills
    for (let number = 0; !isHit() && number < 4 * options.kills; number += 1) {
      const alert = await send(rig, people, number)
      sent.push(alert)
      for (let kill = 0; kill < options.killsEach && !isHit(); kill += 1) await killer.strike()
      await waitUntil(() => isDone(rig.db), options.quietWithinMs, 'the fan-out to be over').catch((error: unknown) =>
        say(`chaos: ${String(error)}`),
      )
      say(`chaos: fan-out ${number + 1}, ${killer.kills.length} kills`)
    }

    await rig.whole()
    await witness.setFaults({ seed, rules: [] })
    const verdict = await judgeSettled({ rig, witness, sent, patienceMs: options.quietWithinMs })
    return {
      kills: killer.kills,
      fanOuts: sent.length,
      orders: verdict.orders,
      notExactlyOne: await notExactlyOne(rig.db, people),
      ...(await countGaps(rig.db)),
      lost: verdict.lost.length,
      doubled: verdict.doubled.length,
      orphaned: verdict.orphaned.length,
      unexplained: verdict.unexplained.length,
      breaches: [...verdict.lost, ...verdict.doubled, ...verdict.orphaned, ...verdict.unexplained],
      reasons: verdict.reasons,
    }
  } finally {
    await rig.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

/** Answers take their time, and some are lost after the exchange accepted. */
function faults(seed: number): unknown {
  const order = { method: 'POST', path: '/fapi/v1/(order|algoOrder)' }
  return {
    seed,
    rules: [
      { name: 'answer-lost', ...order, probability: 0.03, action: { kind: 'accept-then-drop' } },
      { name: 'slow-answer', ...order, action: { kind: 'delay', minMs: 100, maxMs: 300, when: 'answer' } },
    ],
  }
}

/** Open and close in turns; no two bodies are the same. */
async function send(rig: Rig, { leader }: Followers, number: number): Promise<SentAlert> {
  const mark = `fan-out-${number}`
  const kind = number % 2 === 0 ? 'open' : 'close'
  const fields = kind === 'open' ? { action: 'buy', side: 'long', quantity: QUANTITY_BASE } : { action: 'close' }
  const body = JSON.stringify({ symbol: SYMBOL, ...fields, comment: mark, timenow: new Date().toISOString() })
  const response = await fetch(`http://127.0.0.1:${rig.apiPorts[0] ?? 0}${leader.webhookPath}`, { method: 'POST', body })
  await response.text()
  return { trader: leader, alert: { mark, kind, body }, accepted: response.ok, deliveries: 1, statuses: [response.status] }
}

async function hasPrices(db: Db): Promise<boolean> {
  return (await db.query(`SELECT 1 FROM market WHERE exchange = 'PAPER' AND market_id = 'BTCUSDT' AND mark_price IS NOT NULL`)).length > 0
}

async function isDone(db: Db): Promise<boolean> {
  const rows = await db.query<{ busy: number }>(
    `SELECT ((SELECT count(*) FROM signal WHERE state = 'RECEIVED')
           + (SELECT count(*) FROM trade_order WHERE state IN ('READY', 'SUBMITTING', 'UNKNOWN'))
           + (SELECT count(*) FROM position WHERE quantity_base > 0 AND protection IN ('PROTECTING', 'EMERGENCY')))::int AS busy`,
  )
  return rows[0]?.busy === 0
}

/** Followers times alerts, less those with exactly one decision; decisions of nobody count too. */
async function notExactlyOne(db: Db, { followers }: Followers): Promise<number> {
  const rows = await db.query<{ wrong: number }>(
    `SELECT count(*)::int AS wrong FROM signal s CROSS JOIN unnest($1::uuid[]) AS f(account_id)
      WHERE (SELECT count(*) FROM decision d WHERE d.signal_id = s.id AND d.account_id = f.account_id) <> 1`,
    [followers.map((one) => one.accountId)],
  )
  const strangers = await db.query('SELECT 1 FROM decision WHERE account_id <> ALL($1::uuid[])', [followers.map((one) => one.accountId)])
  return (rows[0]?.wrong ?? 0) + strangers.length
}

/** The same count that operators see; with one decision of a follower taken away, which is put back. */
async function countGaps(db: Db): Promise<Pick<FanOutChaosReport, 'gaps' | 'gapsWithOneTaken'>> {
  const count = async (queryable: Pick<Db, 'query'>) =>
    (await queryable.query<{ gaps: number }>('SELECT copy_decision_gaps()::int AS gaps'))[0]?.gaps ?? Number.NaN
  const taken: { gaps?: number } = {}
  await db
    .transaction(async (tx) => {
      await tx.query(
        'DELETE FROM decision WHERE id = (SELECT d.id FROM decision d JOIN route r ON r.id = d.route_id AND r.follow_id IS NOT NULL LIMIT 1)',
      )
      taken.gaps = await count(tx)
      throw new Error('Put it back')
    })
    .catch(() => undefined)
  return { gaps: await count(db), gapsWithOneTaken: taken.gaps ?? Number.NaN }
}

/** What a moment later heals is no breach: positions are still being compared with the exchange. */
async function judgeSettled({
  rig,
  witness,
  sent,
  patienceMs,
}: {
  rig: Rig
  witness: Witness
  sent: readonly SentAlert[]
  patienceMs: number
}) {
  for (const deadline = Date.now() + patienceMs; ; await sleep(500)) {
    const verdict = await judge({ db: rig.db, witness, sent })
    const breaches = verdict.lost.length + verdict.doubled.length + verdict.orphaned.length + verdict.unexplained.length
    if (breaches === 0 || Date.now() > deadline) return verdict
  }
}

async function waitUntil(condition: () => Promise<boolean>, withinMs: number, what: string): Promise<void> {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(100)) if (await condition().catch(() => false)) return
  throw new Error(`Waited ${withinMs} ms for ${what}`)
}
