import { storeWords } from '@matic/services/activity/store-words'
import { checkAccounts } from '@matic/services/accounts/check-accounts'
import { openPaperAccounts, PAPER_ACCOUNTS_AT_ONCE } from '@matic/services/accounts/open-paper-accounts'
import { expireHolds } from '@matic/services/dispatch/index'
import { settleFees } from '@matic/services/fees/index'
import { pruneDrift, sweepFollows, watchDrift } from '@matic/services/follows/index'
import { measureClocks } from '@matic/services/execution/index'
import { tripBreakers } from '@matic/services/fan-outs/index'
import { extendRecords } from '@matic/services/leaders/index'
import { sendMails } from '@matic/services/mail/index'
import { publishMarks } from '@matic/services/markets/publish-marks'
import { refreshMarkets } from '@matic/services/markets/refresh-markets'
import { refreshRanges } from '@matic/services/markets/refresh-ranges'
import { answerRequests, sweepRequests } from '@matic/services/requests-worker/answer-requests'
import { changeMargins } from '@matic/services/requests-worker/change-margins'
import { ordersLeave } from '@matic/services/execution/orders-leave'
import { indexWords } from '@matic/services/signals/index-words'
import type { WorkerContext } from '../context.ts'
import { createLoop } from './loop.ts'
import type { Loop } from './loop.ts'

const MARKETS_MS = 60_000
const STORE_MARKS_MS = 1_000
/** The one worker that reads prices. */
const PRICES_DUTY = 1
/** Of all that an address may ask of an exchange, at most so much is for prices: where it is little they come less often. */
const PRICES_PART = 0.1
const RANGES_MS = 5_000
const WORDS_MS = 5_000
/** Between two batches where many wait: nobody does for them. */
const MORE_WORDS_MS = 100
const RECORDS_MS = 5_000
const DRIFT_MS = 2_000
/** Rounds that orders on their way put something off for. */
const PUT_OFF_MAX = 3

export interface Upkeep {
  /** Woken by the api: something was asked. */
  readonly asked: readonly Loop[]
  readonly loops: readonly Loop[]
}

/** What trading needs around it: clocks, markets, prices, paper accounts, and what the api asks of exchanges. */
export function createUpkeep(ctx: WorkerContext): Upkeep {
  const { timings, log, exchanges } = ctx
  const traded = [...exchanges].filter(([, port]) => port.capabilities.certified)
  const priced = new Map<string, { atMs: number; storedAtMs: number }>()

  /** What looks through much and can wait leaves the database to orders that are on their way, for a few rounds. */
  function whenQuiet(run: () => Promise<void>): () => Promise<void> {
    let putOff = 0
    return async () => {
      if (putOff < PUT_OFF_MAX && (await ordersLeave(ctx))) {
        putOff += 1
        return
      }
      putOff = 0
      await run()
    }
  }

  const clocks = createLoop({ name: 'clocks', everyMs: timings.clockSyncMs, log, run: () => measureClocks(ctx) })
  const doctor = createLoop({
    name: 'doctor',
    everyMs: timings.sweepMs,
    log,
    async run() {
      if ((await checkAccounts(ctx)) > 0) doctor.kickIn(0)
    },
  })
  const accounts = createLoop({
    name: 'accounts',
    everyMs: timings.sweepMs,
    log,
    async run() {
      const opened = await openPaperAccounts({ ctx, bank: ctx.bank })
      if (opened > 0) doctor.kick()
      if (opened >= PAPER_ACCOUNTS_AT_ONCE) accounts.kickIn(0)
    },
  })
  const markets = createLoop({
    name: 'markets',
    everyMs: MARKETS_MS,
    log,
    async run() {
      for (const [exchange, port] of traded) {
        // A market that is new has a price at once, or the first alert would find none to size by.
        if ((await refreshMarkets({ ctx, exchange, port })) === undefined) markets.kickIn(timings.sweepMs)
        else await publishMarks({ ctx, exchange, port, store: true })
      }
      ctx.markets.refresh()
    },
  })
  const prices = createLoop({
    name: 'prices',
    everyMs: timings.priceTickMs,
    log,
    async run() {
      if (!(await ctx.worker.holdsDuty(PRICES_DUTY))) return
      for (const [exchange, port] of traded) {
        const nowMs = ctx.clock.monotonic()
        const last = priced.get(exchange) ?? { atMs: -Infinity, storedAtMs: -Infinity }
        if (nowMs - last.atMs < (port.budget?.everyMs(PRICES_PART) ?? 0)) continue
        const store = nowMs - last.storedAtMs >= STORE_MARKS_MS
        priced.set(exchange, { atMs: nowMs, storedAtMs: store ? nowMs : last.storedAtMs })
        await publishMarks({ ctx, exchange, port, store })
      }
    },
  })
  const ranges = createLoop({
    name: 'ranges',
    everyMs: RANGES_MS,
    log,
    async run() {
      if (!(await ctx.worker.holdsDuty(PRICES_DUTY))) return
      for (const [exchange, port] of traded) {
        if (await refreshRanges({ ctx, exchange, port })) ranges.kickIn(timings.sweepMs)
      }
    },
  })
  const requests = createLoop({
    name: 'requests',
    everyMs: timings.sweepMs,
    log,
    run: () => answerRequests({ ctx, exchanges, sync: (accountId) => syncSoon(ctx, accountId) }),
  })
  const records = createLoop({
    name: 'records',
    everyMs: RECORDS_MS,
    log,
    async run() {
      if (await ctx.worker.holdsDuty(PRICES_DUTY)) await extendRecords({ ctx })
    },
  })
  const breakers = createLoop({
    name: 'breakers',
    everyMs: timings.sweepMs,
    log,
    async run() {
      if (!(await ctx.worker.holdsDuty(PRICES_DUTY))) return
      const { opened } = await tripBreakers({ ctx })
      if (opened.length > 0) log.error({ opened }, 'too many opens were refused: nothing opens there for a while')
      ctx.metrics.breakersOpened(opened.length)
    },
  })
  const margins = createLoop({ name: 'margins', everyMs: timings.sweepMs, log, run: () => changeMargins(ctx) })
  const mails = createLoop({
    name: 'mails',
    everyMs: timings.sweepMs,
    log,
    async run() {
      const { postman, frontendUrl } = ctx
      if (postman && (await sendMails({ ctx, postman, frontendUrl })) > 0) mails.kickIn(0)
    },
  })
  const holds = createLoop({ name: 'holds', everyMs: timings.sweepMs, log, run: () => expireHolds({ ctx }) })
  let followsSweptAtMs: number | undefined
  let followsPutOff = 0
  const follows = createLoop({
    name: 'follows',
    everyMs: timings.sweepMs,
    log,
    async run() {
      if (!(await ctx.worker.holdsDuty(PRICES_DUTY))) return
      const startedMs = ctx.clock.now()
      const pressingOnly = followsPutOff < PUT_OFF_MAX && (await ordersLeave(ctx))
      await sweepFollows({ ctx, input: { sinceMs: followsSweptAtMs, pressingOnly } })
      followsPutOff = pressingOnly ? followsPutOff + 1 : 0
      if (!pressingOnly) followsSweptAtMs = startedMs
    },
  })
  let driftAfterId: string | null = null
  const drift = createLoop({
    name: 'drift',
    everyMs: DRIFT_MS,
    log,
    run: whenQuiet(async () => {
      if (!(await ctx.worker.holdsDuty(PRICES_DUTY))) return
      const { afterId, inDrift } = await watchDrift({ ctx, input: { afterId: driftAfterId } })
      driftAfterId = afterId
      ctx.metrics.inDrift(inDrift)
    }),
  })
  const words = createLoop({
    name: 'words',
    everyMs: WORDS_MS,
    log,
    run: whenQuiet(async () => {
      if (!(await ctx.worker.holdsDuty(PRICES_DUTY))) return
      if (await storeWords(ctx)) words.kickIn(MORE_WORDS_MS)
      else await indexWords(ctx)
    }),
  })
  const fees = createLoop({
    name: 'fees',
    everyMs: MARKETS_MS,
    log,
    async run() {
      if (await ctx.worker.holdsDuty(PRICES_DUTY)) await settleFees({ ctx })
    },
  })
  const tidy = createLoop({
    name: 'tidy',
    everyMs: MARKETS_MS,
    log,
    async run() {
      await sweepRequests(ctx)
      if (await ctx.worker.holdsDuty(PRICES_DUTY)) await pruneDrift({ ctx })
    },
  })
  return {
    asked: [requests, margins, accounts, doctor, mails],
    loops: [
      markets,
      prices,
      accounts,
      doctor,
      clocks,
      ranges,
      requests,
      records,
      breakers,
      margins,
      mails,
      holds,
      follows,
      drift,
      words,
      fees,
      tidy,
    ],
  }
}

/** Due since for ever: the next round reads the account whole. */
async function syncSoon(ctx: WorkerContext, accountId: string): Promise<void> {
  await ctx.db.query(`UPDATE lane SET reconcile_at = 'epoch' WHERE account_id = $1`, [accountId])
}
