import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Rig } from '../chaos/rig.ts'
import type { Trader } from '../chaos/traders.ts'
import { createWitness, type VenueOrder } from '../chaos/witness.ts'
import { request, startBaseline } from './door.ts'
import { runLoad, share } from './load.ts'

export interface ReceiptFigures {
  ratePerSecond: number
  ordinary: ReceiptLatency
  ours: ReceiptLatency
}

/** Alert sent → order accepted by the exchange, ms. */
export interface ReceiptLatency {
  p50Ms: number
  p99Ms: number
  sent: number
  arrived: number
}

interface Way {
  name: 'ordinary' | 'ours'
  url: string
  traders: readonly Trader[]
  /** Mark of each alert → the time its order was accepted. */
  receipts: () => Promise<Map<string, number>>
}

const RATES = [5, 10, 20, 40, 80, 160]
const DURATION_MS = 5_000

/**
 * Alert → order receipt, ours beside the ordinary way, at the highest rate that both sustain: every order arrived and the
 * slowest hundredth within a second. Ours also writes ahead and protects each position; the ordinary way does neither.
 */
export async function benchReceipt({
  rig,
  traders,
  say,
}: {
  rig: Rig
  traders: readonly Trader[]
  say: (line: string) => void
}): Promise<ReceiptFigures | undefined> {
  const witness = createWitness({ url: rig.venueUrl, adminToken: rig.venueAdminToken })
  const baseline = await startBaseline('ordinary', rig, {
    VENUE_URL: rig.venueUrl,
    ACCOUNT_KEYS: JSON.stringify(await openOrdinaryAccounts(rig, traders)),
  })
  const ways: Way[] = [
    { name: 'ordinary', url: baseline.url, traders, receipts: async () => byClientId(await witness.orders()) },
    {
      name: 'ours',
      url: `http://127.0.0.1:${rig.apiPorts[0] ?? 0}`,
      traders,
      receipts: async () => byComment(rig, await witness.orders()),
    },
  ]
  let best: ReceiptFigures | undefined
  try {
    for (const ratePerSecond of RATES) {
      const latencies: Record<Way['name'], ReceiptLatency> = {
        ordinary: await measure(ways[0], ratePerSecond),
        ours: await measure(ways[1], ratePerSecond),
      }
      say(`bench: receipt at ${ratePerSecond}/s: ordinary p99 ${latencies.ordinary.p99Ms} ms, ours p99 ${latencies.ours.p99Ms} ms`)
      if (!sustained(latencies.ordinary) || !sustained(latencies.ours)) break
      best = { ratePerSecond, ...latencies }
    }
  } finally {
    await baseline.running.stop()
  }
  return best
}

function sustained(latency: ReceiptLatency): boolean {
  return latency.arrived === latency.sent && latency.p99Ms < 1_000
}

async function measure(way: Way | undefined, ratePerSecond: number): Promise<ReceiptLatency> {
  if (way === undefined) throw new Error('Nothing to measure')
  const run = randomUUID().slice(0, 8)
  const sentAtMs = new Map<string, number>()
  await runLoad({
    url: way.url,
    connections: 16,
    durationMs: DURATION_MS,
    ratePerSecond,
    request(index) {
      const mark = `${run}x${index}`
      sentAtMs.set(mark, Date.now())
      return request(way.traders, index, { comment: mark, quantity: '0.002' })
    },
  })
  await sleep(3_000)
  const receipts = await way.receipts()
  const latencies = [...sentAtMs].flatMap(([mark, atMs]) => {
    const receivedAtMs = receipts.get(mark)
    return receivedAtMs === undefined ? [] : [receivedAtMs - atMs]
  })
  const sorted = latencies.toSorted((a, b) => a - b)
  return { p50Ms: share(sorted, 0.5), p99Ms: share(sorted, 0.99), sent: sentAtMs.size, arrived: sorted.length }
}

function byClientId(orders: readonly VenueOrder[]): Map<string, number> {
  return new Map(orders.map((order) => [order.clientOrderId, order.acceptedAt]))
}

async function byComment(rig: Rig, orders: readonly VenueOrder[]): Promise<Map<string, number>> {
  const acceptedAt = byClientId(orders)
  const rows = await rig.db.query<{ comment: string; client_order_id: string }>(
    `SELECT s.alert->>'comment' AS comment, o.client_order_id FROM trade_order o JOIN signal s ON s.id = o.signal_id WHERE o.leg = 'open'`,
  )
  return new Map(
    rows.flatMap((row) => {
      const at = acceptedAt.get(row.client_order_id)
      return at === undefined ? [] : [[row.comment, at] as const]
    }),
  )
}

/** Accounts of the ordinary way's own, funded alike, so that the two never share a position. */
async function openOrdinaryAccounts(rig: Rig, traders: readonly Trader[]): Promise<Record<string, { apiKey: string; secret: string }>> {
  const Opened = z.object({ apiKey: z.string(), secret: z.string() })
  const entries = await Promise.all(
    traders.map(async (trader) => {
      const response = await fetch(`${rig.venueUrl}/venue/accounts`, {
        method: 'POST',
        headers: { 'x-venue-admin': rig.venueAdminToken, 'content-type': 'application/json' },
        body: JSON.stringify({ ref: `ordinary-${trader.userId}`, depositUsdt: '1000000' }),
      })
      return [trader.userId, Opened.parse(await response.json())] as const
    }),
  )
  return Object.fromEntries(entries)
}
