import { setTimeout as pause } from 'node:timers/promises'
import type { AccountHandle, ExchangePort } from '@matic/exchange/port'
import { judgeFanOuts, releaseFanOuts } from '../fan-outs/judge-fan-outs.ts'
import { glanceAt, loadKnown, recordGlances } from '../reconcile/glance.ts'
import type { Glance, Known } from '../reconcile/glance.ts'
import { loadWallets, looksCalm, recordCalm, recordLooked } from '../reconcile/look-in.ts'
import type { CalmLook } from '../reconcile/look-in.ts'
import { isAbort } from './abort.ts'
import { POSITIONS, WHOLE_READING } from './admit-step.ts'
import { createBatcher } from './batcher.ts'
import { noteGoing } from './cancel-working.ts'
import type { Going } from './cancel-working.ts'
import { carryOut, ExchangeSilent, recordRefreshed } from './carry-out.ts'
import type { Books, Refreshed } from './carry-out.ts'
import {
  claimCalmLanes,
  claimDueLanes,
  claimGlanceLanes,
  claimWorkLanes,
  nextOrphanIn,
  readLater,
  releaseLane,
  renewLanes,
} from './claim-lanes.ts'
import type { ExecutionContext } from './context.ts'
import { LaneLost } from './lane.ts'
import type { HeldLane } from './lane.ts'
import { claimAndPlan, planLanes } from './plan-lanes.ts'
import type { Plan } from './plan-lanes.ts'
import { recordPrepared } from './prepare-symbol.ts'
import type { Prepared } from './prepare-symbol.ts'
import { recordAnswers } from './record-answers.ts'
import type { Answer } from './record-answers.ts'
import { isFanOutBeingDecided } from './orders-leave.ts'
import { watchShares } from './watch-shares.ts'
import type { Send } from './write-ahead.ts'

export interface LaneRunner {
  /** Takes lanes with work; each is worked until nothing is left to do, while this already answers how many were taken. */
  execute(): Promise<number>
  /** Takes lanes that are due to be compared with the exchange. */
  reconcile(): Promise<number>
  /** Resolves when every lane taken so far is given back. */
  settled(): Promise<void>
  /** Keeps what is being worked on. Call every `leaseRenewMs`. */
  renew(): Promise<void>
  /** Lanes being worked right now. */
  active(): number
  /** Takes nothing new; resolves when all lanes are given back. */
  drain(): Promise<void>
}

export interface LaneRunnerOptions {
  readonly lanesMax?: number
  readonly reconcilesMax?: number
  /** Something only waits for time: call `execute` at this moment (ms from now). */
  readonly wakeIn?: (ms: number) => void
  /** A comparison is over and no order waits for this worker: there is room for the next one. */
  readonly onRoom?: () => void
}

const STEPS_MAX = 500
/** Lanes with orders at work here, from which on comparing others with the exchange is put off, and for how long, ms, at most. */
const MANY_LANES = 50
const COMPARE_MS = 2_000
/** So many taken at once may be the beginning of a fan-out. */
const FEW_LANES = 10
/** Lanes claimed, planned or written down together. The first of a batch waits for its last. */
const BATCH_MAX = 250
/** Positions read anew that are written down together: some statements for each. */
const REFRESHED_MAX = 50
/** Of a worker at once: what leaves within `batchSendMs`, and no more than there are connections for. */
const LANES_MAX = 500
/** Looks at calm accounts at once, and as many at what others hold: one request each, and one commit for all that are over together. While orders are on their way, few. */
const LOOKS_MAX = 48
const LOOKS_MAX_BUSY = 6
/** Looks that are over so close to each other are written down together, ms. */
const LOOKS_GATHER_MS = 20
/** Between two looks at how many of a fan-out were refused, ms, once its canary is answered. */
const JUDGE_MS = 100
/** Answers are written down this much later, ms, while more orders wait to leave. */
const ORDERS_FIRST_MS = 200
/** Answers of a canary come close together, and the second half of them would wait for the first half's commit. */
const CANARY_MS = 3
/** While more lanes have work than a worker takes, it looks again after so long, or once it has room for half a batch: looking costs as much for one as for many. */
const ROOM_MS = 50

export function createLaneRunner(ctx: ExecutionContext, options: LaneRunnerOptions = {}): LaneRunner {
  const { lanesMax = LANES_MAX, reconcilesMax = 6, wakeIn = () => undefined, onRoom = () => undefined } = options
  const working = new Map<string, { lane: HeldLane; done: Promise<void> }>()
  /** Accounts whose last turn failed rest a little, so that one bad lane does not spin. Monotonic ms. */
  const resting = new Map<string, { untilMs: number; failures: number }>()
  let reconciling = 0
  let looking = 0
  let glancing = 0
  let draining = false
  let orphansSeenAtMs = -Infinity
  let stopsSeenAtMs = -Infinity
  let comparedAtMs = -Infinity

  const planner = createBatcher<HeldLane, Plan>(BATCH_MAX, async (lanes) => {
    const plans = await planLanes(ctx, lanes)
    return lanes.map((lane) => plans.get(lane.accountId) ?? { kind: 'lost' })
  })

  const looks = createBatcher<CalmLook, boolean>(
    BATCH_MAX,
    (some) => recordCalm(ctx, some),
    () => pause(LOOKS_GATHER_MS * ctx.timings.scale),
  )
  const glances = createBatcher<Glance, boolean>(
    BATCH_MAX,
    (some) => recordGlances(ctx, some),
    () => pause(LOOKS_GATHER_MS * ctx.timings.scale),
  )

  /** Of many orders some are still being decided or claimed. */
  let leaving: PromiseWithResolvers<void> | undefined
  /** Resolves when what was ready to leave is written ahead, and before answers have waited too long. */
  const ordersLeave = () => leaving && Promise.race([leaving.promise, pause(ORDERS_FIRST_MS * ctx.timings.scale)])

  const record = (answers: readonly Answer[]) => recordAnswers(ctx, answers)
  const answers = createBatcher(BATCH_MAX, record, ordersLeave)
  /** The rest of a fan-out waits for these. */
  const canaryAnswers = createBatcher(BATCH_MAX, record, () => pause(CANARY_MS * ctx.timings.scale))
  const books: Books = {
    answer: (answer) => (answer.isCanary ? canaryAnswers : answers).add(answer),
    refreshed: createBatcher<Refreshed, 'recorded' | 'lost'>(REFRESHED_MAX, (refreshed) => recordRefreshed(ctx, refreshed)).add,
    going: createBatcher<Going, 'recorded' | 'lost'>(BATCH_MAX, (going) => noteGoing(ctx, going)).add,
    prepared: createBatcher<Prepared, 'recorded' | 'lost'>(BATCH_MAX, (prepared) => recordPrepared(ctx, prepared)).add,
    looked: createBatcher<CalmLook, 'recorded' | 'lost'>(BATCH_MAX, (some) => recordLooked(ctx, some)).add,
  }

  const judge = async (fanOutIds: readonly string[]): Promise<true[]> => {
    const changed = await judgeFanOuts({ ctx, input: { fanOutIds: [...new Set(fanOutIds)] } })
    for (const { state } of changed) ctx.meter?.fanOutSettled?.(state)
    if (changed.length > 0) {
      wakeIn(0)
      ctx.doorbell.ring('execute')
    }
    return fanOutIds.map(() => true)
  }
  const canaries = createBatcher<string, true>(BATCH_MAX, judge)
  const others = createBatcher<string, true>(10 * BATCH_MAX, judge, () => pause(JUDGE_MS * ctx.timings.scale))
  /** Nobody waits for it. */
  function answered(sends: readonly Send[]): void {
    for (const { order } of sends) {
      if (order.fanOutId === null) continue
      void (order.isCanary ? canaries : others)
        .add(order.fanOutId)
        .catch((err: unknown) => ctx.log.warn({ err }, 'a fan-out could not be judged'))
    }
  }

  /** One claim at a time, or a second one could take what the first has taken and not yet noted. */
  let claiming: Promise<unknown> = Promise.resolve()
  /** More lanes had work than could be taken. */
  let full = false

  const unavailable = (): string[] => {
    const nowMs = ctx.clock.monotonic()
    return [...working.keys(), ...[...resting].filter(([, rest]) => rest.untilMs > nowMs).map(([accountId]) => accountId)]
  }

  /** @param isPatient nobody waits for the first plan: it was only due */
  async function work(lane: HeldLane, first?: Plan, isPatient = false): Promise<void> {
    const port = ctx.exchanges.get(lane.exchange)
    let plan = first ?? (await planner.add(lane))
    for (let step = 0; step < STEPS_MAX; step += 1) {
      if (plan.kind === 'lost') return
      if (plan.kind === 'idle') {
        if (plan.untilMs !== null) wakeIn(Math.max(1, plan.untilMs - ctx.clock.now()))
        return
      }
      if (plan.kind !== 'again') {
        const sends = plan.kind === 'send' ? plan.sends : []
        const turns = isPatient && step === 0 ? port?.budget?.takeTurns('patient', WHOLE_READING) : turnsOf(plan)
        if (isPatient && step === 0 && port?.budget && !turns) return readLater(ctx, lane)
        try {
          const handle = await openKey(lane, sends)
          if (!port || !handle) throw new Error('No exchange or no key for an account with work')
          if (ctx.worker.current()?.id !== lane.owner) return neverLeave(port, sends)
          await carryOut(ctx, port, { ...handle, turns }, lane, plan, books).finally(() => answered(sends))
        } finally {
          turns?.giveBack()
        }
      }
      plan = await planner.add(lane)
    }
    throw new Error('A lane took too many steps')
  }

  async function openKey(lane: HeldLane, sends: readonly Send[]): Promise<AccountHandle | undefined> {
    const port = ctx.exchanges.get(lane.exchange)
    const handle = await ctx.keys.open(lane.accountId).catch((error: unknown) => {
      neverLeave(port, sends)
      throw error
    })
    if (!handle) neverLeave(port, sends)
    return handle
  }

  function start(lane: HeldLane, turn: () => Promise<void>): Promise<void> {
    ctx.crashPoints.pass('K5')
    const done = turn()
      .then(() => void resting.delete(lane.accountId))
      .catch((error: unknown) => giveUp(lane, error))
      .finally(() => working.delete(lane.accountId))
    working.set(lane.accountId, { lane, done })
    return done
  }

  /** Asks so many things at most; where the address has no room for them the lane is given back. */
  async function askInTurns<T>(
    lane: HeldLane,
    requests: number,
    ask: (port: ExchangePort, handle: AccountHandle) => Promise<T>,
  ): Promise<{ readonly answer: T | undefined } | undefined> {
    const port = ctx.exchanges.get(lane.exchange)
    const turns = port?.budget?.takeTurns('patient', requests)
    if (port?.budget && !turns) {
      await releaseLane(ctx, lane)
      return undefined
    }
    try {
      const handle = await ctx.keys.open(lane.accountId)
      return { answer: port && handle && (await ask(port, { ...handle, turns })) }
    } finally {
      turns?.giveBack()
    }
  }

  /** A look, and a whole reading where it shows anything new. */
  async function look(
    lane: HeldLane,
    { askedAtMs, walletBalance }: { askedAtMs: number; walletBalance: string | undefined },
  ): Promise<void> {
    const asked = await askInTurns(lane, 1, async (port, handle) => walletBalance !== undefined && looksCalm(port, handle, walletBalance))
    if (!asked) return
    if (!asked.answer) return work(lane, { kind: 'reconcile' }, true)
    if (await looks.add({ lane, askedAtMs })) wakeIn(0)
  }

  /** A list of positions, and a whole reading where it shows anything new. */
  async function glance(lane: HeldLane, { askedAtMs, known }: { askedAtMs: number; known: Known | undefined }): Promise<void> {
    const asked = await askInTurns(lane, POSITIONS, async (port, handle) => known && glanceAt(ctx, port, handle, known))
    if (!asked) return
    const positions = asked.answer
    if (positions === undefined) return work(lane, { kind: 'reconcile' }, true)
    if (await glances.add({ lane, askedAtMs, positions, hasOrders: known?.hasOrders === true })) wakeIn(0)
  }

  async function giveUp(lane: HeldLane, error: unknown): Promise<void> {
    if (error instanceof LaneLost || isAbort(error)) return
    const failures = (resting.get(lane.accountId)?.failures ?? 0) + 1
    const restMs = Math.min(100 * 2 ** failures, 10_000) * ctx.timings.scale
    resting.set(lane.accountId, { failures, untilMs: ctx.clock.monotonic() + restMs })
    const level = error instanceof ExchangeSilent ? 'warn' : 'error'
    ctx.log[level]({ err: error, accountId: lane.accountId, failures }, 'a lane stopped in the middle and rests')
    await releaseLane(ctx, lane).catch(() => undefined)
    wakeIn(restMs)
  }

  async function take(claim: (me: { id: string }) => Promise<number>): Promise<number> {
    const turn = claiming.then(() => {
      const me = ctx.worker.current()
      return me && !draining ? claim(me) : 0
    })
    claiming = turn.catch(() => undefined)
    return turn
  }

  /** Claims and plans together; where a plan fails, claims alone, so that one bad lane does not keep the others waiting. */
  async function takeWork(owner: string, limit: number): Promise<{ lane: HeldLane; plan?: Plan }[]> {
    const input = { owner, active: unavailable(), limit }
    try {
      return await claimAndPlan(ctx, input)
    } catch (err) {
      ctx.log.warn({ err }, 'a batch of lanes could not be planned; taking them one by one')
      return (await claimWorkLanes(ctx.db, ctx, input)).lanes.map((lane) => ({ lane }))
    }
  }

  const hasRoom = () => lanesMax - working.size >= Math.min(BATCH_MAX, lanesMax) / 2

  /** Batch after batch for as long as each is full and there is room. */
  async function claimAll(): Promise<number> {
    let taken = 0
    for (let more = true; more;) {
      const claimed = await take(async (me) => {
        const limit = Math.min(BATCH_MAX, lanesMax - working.size)
        const lanes = await takeWork(me.id, limit)
        for (const { lane, plan } of lanes)
          void start(lane, () => work(lane, plan)).then(() => (full ? wakeIn(hasRoom() ? 0 : ROOM_MS) : undefined))
        full = lanes.length >= limit
        return lanes.length
      })
      taken += claimed
      more = full && claimed > 0
    }
    return taken
  }

  /** Nothing but readings: no order waits for this worker. */
  const isIdle = () => working.size <= reconciling + looking + glancing

  async function takeDue(owner: string): Promise<number> {
    const room = roomToRead(ctx, WHOLE_READING)
    const limit = Math.min(reconcilesMax - reconciling, lanesMax - working.size, room.accounts)
    const { lanes } = await claimDueLanes(ctx.db, ctx, { owner, active: unavailable(), limit, exchanges: room.exchanges })
    for (const lane of lanes) {
      reconciling += 1
      void start(lane, () => work(lane, { kind: 'reconcile' }, true)).finally(() => {
        reconciling -= 1
        if (isIdle()) onRoom()
      })
    }
    return lanes.length
  }

  async function takeCalm(owner: string): Promise<number> {
    const { lanes, nowMs } = await claimCalmLanes(ctx.db, ctx, { owner, active: unavailable(), ...roomToAsk(looking, 1) })
    if (lanes.length === 0) return 0
    const wallets = await loadWallets(ctx, lanes)
    for (const lane of lanes) {
      looking += 1
      const known = { askedAtMs: nowMs, walletBalance: wallets.get(lane.accountId) }
      void start(lane, () => look(lane, known)).finally(() => {
        looking -= 1
        if (isIdle()) onRoom()
      })
    }
    return lanes.length
  }

  async function takeGlances(owner: string): Promise<number> {
    const { lanes, nowMs } = await claimGlanceLanes(ctx.db, ctx, { owner, active: unavailable(), ...roomToAsk(glancing, POSITIONS) })
    if (lanes.length === 0) return 0
    const known = await loadKnown(ctx, lanes)
    for (const lane of lanes) {
      glancing += 1
      void start(lane, () => glance(lane, { askedAtMs: nowMs, known: known.get(lane.accountId) })).finally(() => {
        glancing -= 1
        if (isIdle()) onRoom()
      })
    }
    return lanes.length
  }

  /** Of accounts that are asked little. @param asking so many are now */
  function roomToAsk(asking: number, requestsEach: number): { limit: number; exchanges: string[] } {
    const room = roomToRead(ctx, requestsEach)
    return {
      limit: Math.min((isIdle() ? LOOKS_MAX : LOOKS_MAX_BUSY) - asking, lanesMax - working.size, room.accounts),
      exchanges: room.exchanges,
    }
  }

  /** A dead worker's lane with a request on its way becomes free at a known moment: be there. */
  async function watchOrphans(): Promise<void> {
    const me = ctx.worker.current()
    if (!me || ctx.clock.monotonic() - orphansSeenAtMs < ctx.timings.sweepMs / 2) return
    orphansSeenAtMs = ctx.clock.monotonic()
    const inMs = await nextOrphanIn(ctx, me.id)
    if (inMs !== undefined) wakeIn(inMs + 5)
  }

  /** What waits for its canary goes at a known moment, whatever becomes of that. */
  async function watchHeld(): Promise<void> {
    const inMs = await releaseFanOuts({ ctx })
    if (inMs !== undefined) wakeIn(inMs + 1)
  }

  /** Stops and targets that cannot rest at an exchange which nets them. */
  async function watchStops(): Promise<void> {
    if (ctx.clock.monotonic() - stopsSeenAtMs < ctx.timings.sweepMs) return
    stopsSeenAtMs = ctx.clock.monotonic()
    if ((await watchShares(ctx)) > 0) wakeIn(0)
  }

  async function settled(): Promise<void> {
    await claiming
    await Promise.all([...working.values()].map(({ done }) => done))
  }

  return {
    async execute() {
      leaving ??= Promise.withResolvers()
      const claims = claimAll()
      const isMoreToCome = await claims.then((taken) => taken >= FEW_LANES && isFanOutBeingDecided(ctx)).catch(() => false)
      if (!isMoreToCome) {
        leaving?.resolve()
        leaving = undefined
      }
      await Promise.all([claims, watchOrphans(), watchHeld(), watchStops()])
      return claims
    },

    async reconcile() {
      const areManyAtWork = working.size - reconciling - looking >= MANY_LANES
      if (areManyAtWork && ctx.clock.monotonic() - comparedAtMs < COMPARE_MS * ctx.timings.scale) return 0
      comparedAtMs = ctx.clock.monotonic()
      return take(async (me) => (await takeCalm(me.id)) + (await takeDue(me.id)) + (await takeGlances(me.id)))
    },

    async renew() {
      await renewLanes(
        ctx,
        [...working.values()].map(({ lane }) => lane),
      )
    },

    active: () => working.size,
    settled,

    async drain() {
      draining = true
      await settled()
    },
  }
}

const turnsOf = (plan: Plan) => ('turns' in plan ? plan.turns : undefined)

/** What was taken out of the address's budget for them is there for others. */
function neverLeave(port: ExchangePort | undefined, sends: readonly Send[]): void {
  for (const _send of sends) port?.budget?.giveBack()
}

/** Exchanges that may be read from here now, and how many accounts of each at least: nothing is claimed to wait for its turn. */
function roomToRead(ctx: ExecutionContext, requestsEach: number): { accounts: number; exchanges: string[] } {
  const rooms = [...ctx.exchanges].flatMap(([name, { budget }]) => {
    const accounts = budget === undefined ? Infinity : budget.room('patient', requestsEach)
    return accounts > 0 ? [{ name, accounts }] : []
  })
  return { accounts: Math.min(Infinity, ...rooms.map(({ accounts }) => accounts)), exchanges: rooms.map(({ name }) => name) }
}
