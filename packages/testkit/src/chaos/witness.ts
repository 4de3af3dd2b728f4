import { z } from 'zod'

/** What the exchange itself remembers: the other side of every comparison. */
const VenueOrder = z.object({
  ref: z.string(),
  symbol: z.string(),
  side: z.enum(['BUY', 'SELL']),
  type: z.string(),
  reduceOnly: z.boolean(),
  closePosition: z.boolean(),
  clientOrderId: z.string(),
  status: z.string(),
  executedQty: z.string(),
  acceptedAt: z.number(),
})
export type VenueOrder = z.infer<typeof VenueOrder>

const VenuePosition = z.object({ ref: z.string(), symbol: z.string(), positionAmt: z.string() })
export type VenuePosition = z.infer<typeof VenuePosition>

const FaultHits = z.object({ rules: z.array(z.object({ name: z.string(), hits: z.number() })) })

export interface Witness {
  /** @param sinceMs accepted from then on; all when left out */
  orders(sinceMs?: number): Promise<VenueOrder[]>
  positions(): Promise<VenuePosition[]>
  setFaults(faults: unknown): Promise<void>
  /** How often the rule of this name has acted since it was set. */
  hits(name: string): Promise<number>
}

export function createWitness({ url, adminToken }: { url: string; adminToken: string }): Witness {
  const call = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      ...init,
      headers: { 'x-venue-admin': adminToken, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(30_000),
    })
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return response.json()
  }
  return {
    orders: async (sinceMs = 0) => z.object({ orders: z.array(VenueOrder) }).parse(await call(`/venue/ledger?since=${sinceMs}`)).orders,
    positions: async () =>
      z
        .object({ positions: z.array(VenuePosition) })
        .parse(await call('/venue/positions'))
        .positions.filter((position) => Number(position.positionAmt) !== 0),
    async setFaults(faults) {
      await call('/venue/faults', { method: 'PUT', body: JSON.stringify(faults) })
    },
    async hits(name) {
      const { rules } = FaultHits.parse(await call('/venue/faults'))
      return rules.find((rule) => rule.name === name)?.hits ?? 0
    },
  }
}

/** Resting at the exchange. */
export function isOpen(order: VenueOrder): boolean {
  return order.status === 'NEW' || order.status === 'PARTIALLY_FILLED'
}
