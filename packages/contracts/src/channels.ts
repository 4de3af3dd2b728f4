import { z } from 'zod'

/** Kinds of work a doorbell announces. The bell carries the kind and nothing else. */
export const DOORBELL_KINDS = ['dispatch', 'execute', 'request', 'publish'] as const
export type DoorbellKind = (typeof DOORBELL_KINDS)[number]

/** Messages on the bus between processes: ids and prices, never content that must arrive. */
export const BUS_CHANNELS = {
  /** Ids of new rows in `fact`. */
  facts: z.object({ ids: z.array(z.string()) }),
  /** Marks by unified symbol. */
  prices: z.object({ exchange: z.string(), atMs: z.number(), marks: z.record(z.string(), z.string()) }),
  /** Webhooks, users, accounts or switches whose cached copy is out of date. */
  invalidate: z.object({ kind: z.enum(['webhook', 'user', 'account', 'kill-switch', 'markets']), ids: z.array(z.string()) }),
  /** Exchange requests that were answered. */
  answers: z.object({ ids: z.array(z.string()) }),
} as const
export type BusChannel = keyof typeof BUS_CHANNELS
export type BusMessage<C extends BusChannel> = z.infer<(typeof BUS_CHANNELS)[C]>
