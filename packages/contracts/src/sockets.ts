import { z } from 'zod'
import { DecimalString } from './units.ts'

/** Kinds of committed facts. Noun first, then what happened. */
export const FACT_KINDS = [
  'signal-received',
  'alert-rejected',
  'signal-decided',
  'hold-settled',
  'order-changed',
  'position-changed',
  'balance-changed',
  'trade-closed',
  'account-changed',
  'settings-changed',
  'follow-changed',
  'kill-switch-changed',
  'protection-late',
  'opens-stopped',
  'device-seen',
  'security-changed',
  'note-added',
] as const
export type FactKind = (typeof FACT_KINDS)[number]

/**
 * A committed fact as the browser gets it on /user. `version` counts by one per user; a jump means something was missed and
 * the page re-reads. The payload says what changed; the page reads the entity over REST or takes the view inside.
 */
export const FactEvent = z.object({
  version: z.number().int(),
  kind: z.enum(FACT_KINDS),
  entity: z.string(),
  entityId: z.string(),
  at: z.string(),
  payload: z.record(z.string(), z.unknown()),
})
export type FactEvent = z.infer<typeof FactEvent>

/** On /prices, 4 a second at most: mark prices by unified symbol, and the exchange's time in ms. */
export const PriceTicks = z.object({ atMs: z.number(), marks: z.record(z.string(), DecimalString) })
export type PriceTicks = z.infer<typeof PriceTicks>

/** Namespace /user: auth is { token: <access token> }. On connect the server says the current version. */
export interface UserServerEvents {
  hello: (event: { version: number }) => void
  fact: (event: FactEvent) => void
}

/** Namespace /prices: public. subscribe with unified symbols. */
export interface PricesServerEvents {
  ticks: (event: PriceTicks) => void
}
export interface PricesClientEvents {
  subscribe: (symbols: string[]) => void
}
