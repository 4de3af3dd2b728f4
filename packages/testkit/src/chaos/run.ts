import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@matic/db'
import { Decimal } from 'decimal.js'
import { createSeededRandom } from '../seeded-random.ts'
import { createTestFolder } from '../test-folder.ts'
import { watchForBreach } from './breach-watch.ts'
import { createKiller } from './killer.ts'
import type { Breach, ChaosOptions, ChaosReport } from './options.ts'
import { judge, type Verdict } from './oracles.ts'
import { createTraderPlan } from './plan.ts'
import { startProxy } from './proxy.ts'
import { repeat } from './repeat.ts'
import { replaySome } from './replay.ts'
import { startRig, type Rig } from './rig.ts'
import { startSender } from './sender.ts'
import { createTraders, type Trader } from './traders.ts'
import { createWitness, type Witness } from './witness.ts'

const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'LINKUSDT', 'AVAXUSDT']
const UNIT_NOTIONAL_USDT = 150
/** How long the last strike keeps the workers down, and how long into it the last bells have been rung. */
const LAST_STRIKE_MS = 6_000
const LAST_BELLS_MS = 500
/** At scale 1. Every outcome is to be known long before, kills or not. */
const SUSPECT_AFTER_MS = 60_000
const REPLAY_EVERY_MS = 3_000
const LOSE_BELLS_EVERY_MS = 7_000

/**
 * Runs the whole platform, kills it again and again while alerts come in, lets it heal, and compares its books with the
 * exchange's. Nothing is stubbed: real processes, real Postgres, real CCXT.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { say, seed } = options
  const random = createSeededRandom(seed)
  const dir = createTestFolder()
  let armed: unknown
  const rig = await startRig({
    dir,
    onBack: async (name) => {
      // The exchange forgets its faults with its process.
      if (name === 'venue' && armed !== undefined) await witness.setFaults(armed)
    },
    timingsScale: options.timingsScale,
    apis: options.apis,
    workers: options.workers,
    say,
    ...(options.sabotage === undefined ? {} : { sabotage: options.sabotage }),
    ...(options.bundles === undefined ? {} : { bundles: options.bundles }),
    ...(options.clusterTemplate === undefined ? {} : { clusterTemplate: options.clusterTemplate }),
  })
  const witness = createWitness({ url: rig.venueUrl, adminToken: rig.venueAdminToken })
  const proxy = await startProxy(rig.apiPorts.map((port) => ({ host: '127.0.0.1', port })))
  try {
    const traders = await createTraders(rig.db, { count: options.traders })
    await waitUntil(() => allOpened(rig.db, traders), 60_000, 'the paper accounts to be opened')
    const units = await unitQuantities(rig.db)
    armed = faults(seed, options.lostAnswers)
    await witness.setFaults(armed)

    const plans = traders.map((trader, index) => {
      const marketId = SYMBOLS[index % SYMBOLS.length] ?? 'BTCUSDT'
      return { trader, plan: createTraderPlan({ marketId, unitBase: units.get(marketId) ?? '0', random }) }
    })
    const startedAtMs = Date.now()
    const sender = startSender({
      url: proxy.url,
      traders: plans,
      random,
      pauseMs: { from: 28_000, to: 44_000 },
      timingsScale: options.timingsScale,
    })
    await sleep(3_000)

    let replayed = 0
    const mishaps = [
      repeat(REPLAY_EVERY_MS, async () => void (replayed += await replaySome(rig.db))),
      repeat(LOSE_BELLS_EVERY_MS, () => rig.loseBells()),
    ]
    const killer = createKiller({ rig, random, say })
    const watch = options.stopAtFirstBreach
      ? watchForBreach({ db: rig.db, witness, sent: sender.sent, suspectAfterMs: SUSPECT_AFTER_MS * options.timingsScale })
      : undefined
    await killer.run(options.kills, () => watch !== undefined && (watch.proof !== undefined || watch.suspicious))
    say(
      `chaos: ${killer.kills.length} kills in ${Math.round((Date.now() - startedAtMs) / 1000)} s, ${proxy.badGateways()} bad gateways, ${replayed} signals replayed; healing`,
    )

    const proof = watch?.proof
    if (proof !== undefined) {
      sender.stop().catch(() => undefined)
      await Promise.all([watch?.stop(), ...mishaps.map((mishap) => mishap.stop())])
      return report({ options, killer, verdict: proof, signals: sender.sent.length })
    }
    await sender.stop()
    await Promise.all(mishaps.map((mishap) => mishap.stop()))
    await rig.whole()
    armed = undefined
    await witness.setFaults({ seed, rules: [] })
    await lastStrike(rig, () => sender.closeAll(plans.flatMap((_, index) => (index % 2 === 0 ? [index] : []))))
    await waitUntil(() => isQuiet(rig.db), options.quietWithinMs, 'quiet').catch((error: unknown) => say(`chaos: ${String(error)}`))
    await watch?.stop()
    await sleep(4_000 * options.timingsScale)

    const verdict = await judgeSettled({ rig, witness, sent: sender.sent, patienceMs: options.quietWithinMs / 4 })
    return report({ options, killer, verdict, signals: await countSignals(rig.db) })
  } finally {
    await proxy.close()
    await rig.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

/** The last alerts come while no worker lives, and their bells are lost: only who looks by himself finds them. */
async function lastStrike(rig: Rig, sendLastAlerts: () => Promise<void>): Promise<void> {
  await Promise.all(rig.names.workers.map((name) => rig.kill(name, LAST_STRIKE_MS)))
  await sendLastAlerts()
  await sleep(LAST_BELLS_MS)
  await rig.loseBells()
  await rig.whole()
}

/** Answers take 200–500 ms; some are lost after the exchange accepted, some requests never arrive, lookups lag. */
function faults(seed: number, lostAnswers: number): unknown {
  const order = { method: 'POST', path: '/fapi/v1/(order|algoOrder)' }
  return {
    seed,
    rules: [
      { name: 'answer-lost', ...order, probability: lostAnswers, action: { kind: 'accept-then-drop' } },
      { name: 'request-lost', ...order, probability: 0.02, action: { kind: 'drop-before' } },
      {
        name: 'server-error',
        ...order,
        probability: 0.01,
        action: { kind: 'status', status: 503, code: -1000, msg: 'Unknown error, please check your request or try again later.' },
      },
      { name: 'slow-answer', ...order, probability: 1, action: { kind: 'delay', minMs: 200, maxMs: 500, when: 'answer' } },
      {
        name: 'slow-read',
        method: 'GET',
        path: '/fapi/',
        probability: 0.2,
        action: { kind: 'delay', minMs: 20, maxMs: 100, when: 'answer' },
      },
    ],
  }
}

async function allOpened(db: Db, traders: readonly Trader[]): Promise<boolean> {
  const rows = await db.query<{ open: string }>(
    `SELECT count(*) AS open FROM account a JOIN account_state s ON s.account_id = a.id WHERE a.key_status = 'VALID' AND s.equity > 0`,
  )
  return Number(rows[0]?.open) >= traders.length
}

/** A unit's base quantity per market: the nearest step to a small notional, and never below the minimum. */
async function unitQuantities(db: Db): Promise<Map<string, string>> {
  const rows = await db.query<{ market_id: string; step_size: string; mark_price: string }>(
    `SELECT market_id, step_size, mark_price FROM market WHERE exchange = 'PAPER' AND mark_price IS NOT NULL AND market_id = ANY($1)`,
    [SYMBOLS],
  )
  return new Map(
    rows.map((row) => {
      const steps = new Decimal(UNIT_NOTIONAL_USDT).div(row.mark_price).div(row.step_size).ceil()
      return [row.market_id, steps.mul(row.step_size).toFixed()]
    }),
  )
}

async function isQuiet(db: Db): Promise<boolean> {
  const rows = await db.query<{ busy: string }>(
    `SELECT (SELECT count(*) FROM signal WHERE state = 'RECEIVED')
          + (SELECT count(*) FROM trade_order WHERE state IN ('READY', 'SUBMITTING', 'UNKNOWN'))
          + (SELECT count(*) FROM position WHERE quantity_base > 0 AND protection IN ('PROTECTING', 'EMERGENCY')) AS busy`,
  )
  return Number(rows[0]?.busy) === 0
}

/** The reconciler may still be about to tidy up: a breach counts when it stays. */
async function judgeSettled({
  patienceMs,
  ...input
}: {
  rig: Rig
  witness: Witness
  sent: Parameters<typeof judge>[0]['sent']
  patienceMs: number
}): Promise<Verdict> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const verdict = await judge({ db: input.rig.db, witness: input.witness, sent: input.sent })
    if (allBreaches(verdict).length === 0 || Date.now() > deadline) return verdict
    await sleep(1_000)
  }
}

async function countSignals(db: Db): Promise<number> {
  const rows = await db.query<{ count: string }>('SELECT count(*) AS count FROM signal')
  return Number(rows[0]?.count)
}

function allBreaches(verdict: Verdict): Breach[] {
  return [...verdict.lost, ...verdict.doubled, ...verdict.orphaned, ...verdict.unexplained]
}

function report({
  options,
  killer,
  verdict,
  signals,
}: {
  options: ChaosOptions
  killer: ReturnType<typeof createKiller>
  verdict: Verdict
  signals: number
}): ChaosReport {
  const kills = killer.kills.length
  return {
    kills,
    signals,
    orders: verdict.orders,
    lost: verdict.lost.length,
    doubled: verdict.doubled.length,
    orphaned: verdict.orphaned.length,
    unexplained: verdict.unexplained.length,
    recoveryMsP99: percentile(killer.recoveriesMs, 0.99),
    timingsScale: options.timingsScale,
    seed: options.seed,
    killsWhileSubmitting: kills === 0 ? 0 : killer.kills.filter((kill) => kill.submitting > 0).length / kills,
    killsBetweenFillAndStop: kills === 0 ? 0 : killer.kills.filter((kill) => kill.unprotected > 0).length / kills,
    opensProtected: verdict.opensAccepted === 0 ? 0 : verdict.opensProtected / verdict.opensAccepted,
    breaches: allBreaches(verdict),
    reasons: verdict.reasons,
  }
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

async function waitUntil(condition: () => Promise<boolean>, withinMs: number, what: string): Promise<void> {
  const deadline = Date.now() + withinMs
  while (Date.now() < deadline) {
    if (await condition().catch(() => false)) return
    await sleep(200)
  }
  throw new Error(`Waited ${withinMs} ms for ${what}`)
}

/** What a sound run must show; empty when it does. */
export function shortfalls(report: ChaosReport): string[] {
  const claims: [boolean, string][] = [
    [report.lost === 0, `${report.lost} lost`],
    [report.doubled === 0, `${report.doubled} doubled`],
    [report.orphaned === 0, `${report.orphaned} orphaned`],
    [report.unexplained === 0, `${report.unexplained} unexplained`],
    [
      report.killsWhileSubmitting >= 0.2,
      `only ${percent(report.killsWhileSubmitting)} of the kills hit an order on its way; a fifth is asked`,
    ],
    [
      report.killsBetweenFillAndStop >= 0.1,
      `only ${percent(report.killsBetweenFillAndStop)} of the kills fell between fill and stop; a tenth is asked`,
    ],
    [
      report.opensProtected >= 0.95,
      `only ${percent(report.opensProtected)} of the accepted opens ended filled and protected; 95 % is asked`,
    ],
  ]
  return claims.flatMap(([holds, claim]) => (holds ? [] : [claim]))
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
