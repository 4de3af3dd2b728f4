import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@matic/db'
import { startRig, type Rig } from '../../chaos/rig.ts'
import { createWitness, type Witness } from '../../chaos/witness.ts'
import { hasRedis, withRedis } from '../../redis.ts'
import { createTestFolder } from '../../test-folder.ts'
import { median } from '../load.ts'
import { measureDirect, type DirectRound } from './direct.ts'
import { openFollowers, type FollowerAccount, type Followers } from './followers.ts'

export interface FanOutOptions {
  readonly followers: number
  readonly workers: number
  readonly rounds: number
  /** Between an order and its answer. */
  readonly venueMs: number
  /** Where CPU profiles of the workers go. */
  readonly profileDir?: string | undefined
  /** What the venue allows an address within 5 s, and workers know of. */
  readonly addressLimit?: number | undefined
  /** For Node of the workers, beside what they are always started with. */
  readonly workerArgs?: readonly string[]
  readonly say: (line: string) => void
}

export interface FanOutRound {
  /** Alert sent → order accepted by the exchange. */
  readonly firstMs: number
  readonly lastMs: number
  /** Alert sent → every answer written down, and → every position with its stop and target. */
  readonly recordedMs: number
  readonly protectedMs: number
  /** The longest that one was filled and its stop not yet at the exchange. */
  readonly withoutStopMs: number
  /** Commits that wrote something, of all processes, until every answer was written down, and until every position was protected. */
  readonly transactions: number
  readonly transactionsToProtected: number
  readonly lost: number
  readonly doubled: number
  /** Requests that the venue refused because its limit was passed, until all were flat again. */
  readonly refused: number
  readonly cpuMs: Readonly<Record<string, number>>
  /** After the alert was sent, ms: where the time goes. */
  readonly steps: Steps
}

interface Steps {
  readonly committed: number
  readonly firstDecided: number
  readonly lastDecided: number
  readonly firstWrittenAhead: number
  readonly lastWrittenAhead: number
}

/** While every account holds something and nothing is sent. */
export interface HeldFigures {
  /** Processor time of a second, ms, by process. */
  readonly cpuMsPerSecond: Readonly<Record<string, number>>
  /** The oldest reading of a position. */
  readonly readWithinMs: number
}

export interface FanOutFigures {
  readonly direct: readonly DirectRound[]
  /** The very first alert after the start: keys to open, leverage to set, connections to make. */
  readonly cold: FanOutRound
  readonly held: HeldFigures
  readonly rounds: readonly FanOutRound[]
  /** The same without a canary, as a leader may set it. */
  readonly withoutCanary: readonly FanOutRound[]
  readonly workerRssMb: readonly number[]
  readonly refused: number
}

const SYMBOL = 'BTCUSDT.P'
/** So late may readings be before the next alert, and for so long they are waited for. */
const FREE = { lateMs: 1_000, withinMs: 180_000 }
/** Where an address may ask only so much its rounds stretch. */
const LIMITED = { lateMs: 30_000, withinMs: 300_000 }
const QUANTITY_BASE = '0.004'

/** One alert for many followers through the whole platform, beside a bare CCXT loop that places the same orders at the same venue. */
export async function runFanOut(options: FanOutOptions): Promise<FanOutFigures> {
  const { say, rounds } = options
  const dir = createTestFolder({ onDisk: true })
  const encryptionKey = randomBytes(32)
  // As in production, where there is one.
  await using redis = hasRedis() ? await withRedis() : undefined
  const prepared: { people?: Followers; direct?: readonly DirectRound[] } = {}
  const rig = await startRig({
    dir,
    encryptionKey,
    ...(redis && { redisUrl: redis.url }),
    timingsScale: 1,
    apis: 1,
    workerEnv: options.addressLimit === undefined ? {} : { EXCHANGE_REQUESTS: `PAPER=${options.addressLimit}/${WINDOW_MS}ms` },
    workers: options.workers,
    workerArgs: [
      ...(options.workerArgs ?? []),
      ...(options.profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profileDir}`]),
    ],
    say,
    onLine: (name, line) => say(`${name}: ${line}`),
    async onVenue(base) {
      const people = await openFollowers({ base, encryptionKey, count: options.followers })
      say(`fan-out: ${options.followers} accounts opened`)
      const witness = createWitness({ url: base.venueUrl, adminToken: base.venueAdminToken })
      await witness.setFaults({ rules: answersAfter(options.venueMs) })
      prepared.people = people
      prepared.direct = await measureDirect({ base, witness, followers: people.followers, rounds, dir })
      await witness.setFaults({ rules: [] })
      say(`fan-out: direct ${prepared.direct.map((round) => `${round.lastMs} ms (cpu ${round.cpuMs.toFixed(0)})`).join(', ')}`)
    },
  })
  try {
    const { people, direct } = prepared
    if (people === undefined || direct === undefined) throw new Error('Nothing was prepared')
    const witness = createWitness({ url: rig.venueUrl, adminToken: rig.venueAdminToken })
    const limits = limitOf(options.addressLimit)
    await witness.setFaults({ rules: limits })
    await settled(rig.db, limits.length > 0 ? LIMITED : FREE)
    const measured: FanOutRound[] = []
    let held: HeldFigures | undefined
    for (let number = 0; number <= 2 * rounds; number += 1) {
      if (number === rounds + 1) await rig.db.query(`UPDATE strategy SET canary = '{"isOn": false}'`)
      const round = await measureRound({ rig, witness, people, venueMs: options.venueMs, limits, number }, async () => {
        if (number === 0) held = await measureHeld(rig)
      })
      const name = number === 0 ? 'cold' : number <= rounds ? `round ${number}` : `round ${number - rounds} without a canary`
      say(`fan-out: ${name} ${JSON.stringify(round)}`)
      measured.push(round)
    }
    const [cold, ...warm] = measured
    if (cold === undefined || held === undefined) throw new Error('No round')
    say(`fan-out: held ${JSON.stringify(held)}`)
    return {
      direct,
      cold,
      held,
      rounds: warm.slice(0, rounds),
      withoutCanary: warm.slice(rounds),
      refused: measured.reduce((sum, round) => sum + round.refused, 0),
      workerRssMb: rig.names.workers.map((name) => rssMb(rig, name)),
    }
  } finally {
    await rig.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

const WINDOW_MS = 5_000
const LIMIT = 'address-limit'

function answersAfter(ms: number): unknown[] {
  return [{ name: 'far-away', action: { kind: 'delay', minMs: ms, maxMs: ms } }]
}

function limitOf(requests: number | undefined): unknown[] {
  return requests === undefined ? [] : [{ name: LIMIT, action: { kind: 'address-limit', requests, windowMs: WINDOW_MS } }]
}

interface RoundInput {
  readonly rig: Rig
  readonly witness: Witness
  readonly people: Followers
  readonly venueMs: number
  readonly limits: readonly unknown[]
  readonly number: number
}

async function measureRound(
  { rig, witness, people, venueMs, limits, number }: RoundInput,
  whileHeld: () => Promise<void>,
): Promise<FanOutRound> {
  const { db } = rig
  const count = people.followers.length
  await witness.setFaults({ rules: [...limits, ...answersAfter(venueMs)] })
  const commitsBefore = await writingTransactions(db)
  const cpuBefore = cpuOf(rig)
  const sentAtMs = Date.now()
  await alert(rig, people, { action: 'buy', side: 'long', quantity: QUANTITY_BASE, comment: `open-${number}` })

  const signalId = await newestSignal(db)
  await until(async () => (await endedOpens(db, signalId)) >= count, 120_000)
  const recordedMs = Date.now() - sentAtMs
  const transactions = (await writingTransactions(db)) - commitsBefore
  const cpuAfter = cpuOf(rig)
  const opened = await filledOpens(db, signalId)
  await until(async () => (await protectedCount(db)) >= opened, 300_000)
  const protectedMs = Date.now() - sentAtMs
  const transactionsToProtected = (await writingTransactions(db)) - commitsBefore

  const accepted = (await witness.orders(sentAtMs)).filter((order) => order.side === 'BUY' && order.type === 'MARKET')
  const withoutStopMs = await withoutStop(db, signalId)
  const verdict = compare(people.followers, accepted)
  const steps = await stepsOf(db, sentAtMs)
  const refused = await witness.hits(LIMIT)
  await witness.setFaults({ rules: limits })
  await whileHeld()
  await alert(rig, people, { action: 'close', comment: `close-${number}` })
  await until(async () => (await heldCount(db)) === 0, 300_000)
  await settled(db, limits.length > 0 ? LIMITED : FREE)
  const refusedLater = await witness.hits(LIMIT)
  const times = accepted.map((order) => order.acceptedAt - sentAtMs)
  const cpuMs = Object.fromEntries(Object.entries(cpuAfter).map(([name, ms]) => [name, ms - (cpuBefore[name] ?? 0)]))
  return {
    firstMs: Math.min(...times),
    lastMs: Math.max(...times),
    recordedMs,
    protectedMs,
    withoutStopMs,
    transactions,
    transactionsToProtected,
    ...verdict,
    refused: refused + refusedLater,
    cpuMs,
    steps,
  }
}

const HELD_MS = 10_000

async function measureHeld(rig: Rig): Promise<HeldFigures> {
  const unread = `SELECT count(*)::int AS n FROM position WHERE quantity_base > 0 AND synced_at = 'epoch'`
  await until(async () => (await number(rig.db, unread)) === 0, 300_000)
  await settled(rig.db, { lateMs: FREE.lateMs, withinMs: HELD_MS })
  const before = cpuOf(rig)
  await sleep(HELD_MS)
  const cpuMsPerSecond = Object.fromEntries(
    Object.entries(cpuOf(rig)).map(([name, ms]) => [name, Math.round(((ms - (before[name] ?? 0)) * 1_000) / HELD_MS)]),
  )
  const oldest = `SELECT (extract(epoch FROM clock_timestamp() - min(synced_at)) * 1000)::int AS n FROM position WHERE quantity_base > 0`
  return { cpuMsPerSecond, readWithinMs: await number(rig.db, oldest) }
}

async function withoutStop(db: Db, signalId: string): Promise<number> {
  return number(
    db,
    `SELECT coalesce((extract(epoch FROM max(s.acked_at - o.filled_at)) * 1000)::int, 0) AS n FROM trade_order o
       JOIN trade_order s ON s.account_id = o.account_id AND s.leg = 'stop' AND s.created_at >= o.created_at WHERE o.signal_id = $1 AND o.leg = 'open'`,
    [signalId],
  )
}

async function stepsOf(db: Db, sentAtMs: number): Promise<Steps> {
  const rows = await db.query<Steps>(
    `WITH s AS (SELECT id, committed_at FROM signal ORDER BY received_at DESC LIMIT 1), after AS (SELECT to_timestamp($1::float8 / 1000) AS t0)
     SELECT (extract(epoch FROM min(s.committed_at) - min(t0)) * 1000)::int AS committed,
            (extract(epoch FROM min(d.decided_at) - min(t0)) * 1000)::int AS "firstDecided", (extract(epoch FROM max(d.decided_at) - min(t0)) * 1000)::int AS "lastDecided",
            (extract(epoch FROM min(o.submitted_at) - min(t0)) * 1000)::int AS "firstWrittenAhead", (extract(epoch FROM max(o.submitted_at) - min(t0)) * 1000)::int AS "lastWrittenAhead"
       FROM s CROSS JOIN after JOIN decision d ON d.signal_id = s.id JOIN trade_order o ON o.decision_id = d.id`,
    [sentAtMs],
  )
  const [steps] = rows
  if (steps === undefined) throw new Error('No steps')
  return steps
}

function compare(followers: readonly FollowerAccount[], accepted: readonly { ref: string }[]): { lost: number; doubled: number } {
  const byAccount = Map.groupBy(accepted, (order) => order.ref)
  return {
    lost: followers.filter((one) => !byAccount.has(one.accountId)).length,
    doubled: [...byAccount.values()].filter((orders) => orders.length > 1).length,
  }
}

async function alert(rig: Rig, { leader }: Followers, fields: Record<string, string>): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${rig.apiPorts[0] ?? 0}${leader.webhookPath}`, {
    method: 'POST',
    body: JSON.stringify({ symbol: SYMBOL, ...fields, timenow: new Date().toISOString() }),
  })
  if (!response.ok) throw new Error(`The alert was answered ${response.status}`)
  await response.text()
}

/** How many transactions have written anything so far. */
async function writingTransactions(db: Db): Promise<number> {
  const rows = await db.query<{ next: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next')
  return Number(rows[0]?.next)
}

async function newestSignal(db: Db): Promise<string> {
  const [row] = await db.query<{ id: string }>('SELECT id FROM signal ORDER BY received_at DESC LIMIT 1')
  if (row === undefined) throw new Error('The alert was not stored')
  return row.id
}

/** Read by its index: a look that costs much would be measured with the rest. */
async function endedOpens(db: Db, signalId: string): Promise<number> {
  const ended = ['FILLED', 'REJECTED', 'BLOCKED', 'EXPIRED', 'CANCELED']
  return number(db, `SELECT count(*)::int AS n FROM trade_order WHERE signal_id = $1 AND leg = 'open' AND state = ANY($2)`, [
    signalId,
    ended,
  ])
}

const filledOpens = (db: Db, signalId: string) =>
  number(db, `SELECT count(*)::int AS n FROM trade_order WHERE signal_id = $1 AND leg = 'open' AND state = 'FILLED'`, [signalId])
const protectedCount = (db: Db) =>
  number(db, `SELECT count(*)::int AS n FROM position WHERE quantity_base > 0 AND protection = 'PROTECTED'`)
const heldCount = (db: Db) =>
  number(
    db,
    `SELECT (SELECT count(*) FROM position WHERE quantity_base > 0)::int
          + (SELECT count(*) FROM trade_order WHERE state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL'))::int AS n`,
  )

/**
 * The readings that a fan-out leaves behind are done; the usual round of quiet accounts goes on. With more accounts than this machine gets round to
 * none of that ends, and it is measured as busy as it then always is.
 */
async function settled(db: Db, { lateMs, withinMs }: { lateMs: number; withinMs: number }): Promise<void> {
  const late = `SELECT count(*)::int AS n FROM lane l JOIN exchange_key k USING (account_id) WHERE l.reconcile_at < clock_timestamp() - make_interval(secs => $1)`
  const deadline = Date.now() + withinMs
  while ((await number(db, late, [lateMs / 1_000])) > 0 && Date.now() < deadline) await sleep(200)
  await sleep(1_000)
}

async function number(db: Db, text: string, values: readonly unknown[] = []): Promise<number> {
  const rows = await db.query<{ n: number }>(text, values)
  return rows[0]?.n ?? 0
}

async function until(holds: () => Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Not within ${withinMs} ms`)
    await sleep(100)
  }
}

const TICK_MS = 10

function cpuOf(rig: Rig): Record<string, number> {
  const own = [...rig.names.workers, ...rig.names.apis, 'venue']
  return Object.fromEntries([...own.map((name): [string, number] => [name, cpuMsOf(rig.pidOf(name))]), ['postgres', postgresCpuMs(rig)]])
}

function cpuMsOf(pid: number | undefined, children = false): number {
  if (pid === undefined) return 0
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15).map(Number)
    return TICK_MS * (user + system + (children ? childUser + childSystem : 0))
  } catch {
    return 0
  }
}

/** Its backends are processes of their own. */
function postgresCpuMs(rig: Rig): number {
  const pid = rig.pidOf('postgres')
  if (pid === undefined) return 0
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
  return [pid, ...children].reduce((sum, each) => sum + cpuMsOf(each), 0)
}

function rssMb(rig: Rig, name: string): number {
  const status = readFileSync(`/proc/${rig.pidOf(name) ?? 0}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}

/** The middle one of several rounds, figure by figure. */
export function middleRound(
  rounds: readonly FanOutRound[],
): Pick<FanOutRound, 'firstMs' | 'lastMs' | 'recordedMs' | 'protectedMs' | 'transactions'> {
  const middle = (pick: (round: FanOutRound) => number) => median(rounds.map(pick))
  return {
    firstMs: middle((round) => round.firstMs),
    lastMs: middle((round) => round.lastMs),
    recordedMs: middle((round) => round.recordedMs),
    protectedMs: middle((round) => round.protectedMs),
    transactions: middle((round) => round.transactions),
  }
}
