import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '../seeded-random.ts'
import type { PlannedAlert, TraderPlan } from './plan.ts'
import type { Trader } from './traders.ts'

export interface SentAlert {
  trader: Trader
  alert: PlannedAlert
  /** A 2xx came back for at least one of its deliveries. */
  accepted: boolean
  deliveries: number
  statuses: number[]
}

export interface Sender {
  readonly sent: readonly SentAlert[]
  /** Sends each trader's closing alert and waits for all answers. */
  closeAll(traders: readonly number[]): Promise<void>
  stop(): Promise<void>
}

export interface SenderOptions {
  url: string
  traders: readonly { trader: Trader; plan: TraderPlan }[]
  random: SeededRandom
  /** Between two alerts of one trader. */
  pauseMs: { from: number; to: number }
  /** Of TradingView's waits: 5 s between deliveries. */
  timingsScale: number
}

/** Sends as TradingView does: 3 s for an answer, again after 5 s on a 5xx, four deliveries at most, none after a timeout. */
export function startSender({ url, traders, random, pauseMs, timingsScale }: SenderOptions): Sender {
  const sent: SentAlert[] = []
  const stopping = new AbortController()
  let counter = 0

  const deliver = async (entry: SentAlert): Promise<void> => {
    for (let delivery = 0; delivery < 4; delivery += 1) {
      if (delivery > 0) await sleep(5_000 * timingsScale)
      const status = await post(`${url}${entry.trader.webhookPath}`, entry.alert.body)
      entry.deliveries += 1
      entry.statuses.push(status)
      if (status >= 200 && status < 300) entry.accepted = true
      if (status < 500) return
    }
  }

  const send = async (trader: Trader, alert: PlannedAlert): Promise<void> => {
    const entry: SentAlert = { trader, alert, accepted: false, deliveries: 0, statuses: [] }
    sent.push(entry)
    const again = random.chance(0.1) ? [deliver(entry)] : []
    await Promise.all([deliver(entry), ...again])
  }

  const runs = traders.map(async ({ trader, plan }) => {
    await pause(random.integer(0, pauseMs.to), stopping.signal)
    while (!stopping.signal.aborted) {
      await send(trader, plan.next(`m${counter++}`, Date.now()))
      await pause(random.integer(pauseMs.from, pauseMs.to), stopping.signal)
    }
  })

  return {
    sent,
    async closeAll(indexes) {
      await Promise.all(
        indexes.map(async (index) => {
          const entry = traders[index]
          if (entry !== undefined) await send(entry.trader, entry.plan.close(`m${counter++}`, Date.now()))
        }),
      )
    },
    async stop() {
      stopping.abort()
      await Promise.all(runs)
    },
  }
}

/** @returns the status, or 0 when no answer came in time (TradingView does not send again then) */
async function post(url: string, body: string): Promise<number> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      signal: AbortSignal.timeout(3_000),
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    return 0
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
