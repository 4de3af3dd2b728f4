import { z } from 'zod'
import { defineRoute, PageQuery } from '../http.ts'
import { DecimalString, PositionDirection } from '../units.ts'

/** Why a copy moved otherwise than its leader: its own stop or target, an emergency close, … */
export const OwnCause = z.enum([
  'stop',
  'target',
  'emergency',
  'liquidation',
  'follow-ended',
  'repair',
  'by-hand',
  'at-exchange',
  'other-signal',
])

/**
 * Quote. What the leader's trades came to in the follower's terms, what the copies came to, and the difference, leader less follower, in six
 * parts that sum to it; a part above zero cost the follower that much. slippage is slippageEntry and slippageExit.
 */
export const GapAmounts = z.object({
  leader: DecimalString,
  follower: DecimalString,
  gap: DecimalString,
  slippage: DecimalString,
  fees: DecimalString,
  funding: DecimalString,
  skipped: DecimalString,
  sizing: DecimalString,
  own: DecimalString,
  slippageEntry: DecimalString,
  slippageExit: DecimalString,
})
export type GapAmounts = z.infer<typeof GapAmounts>

const Amounts = {
  /** To the last of 18 decimals. */
  exact: GapAmounts,
  /** In whole cents, rounded so that they still sum. */
  cents: GapAmounts,
}

export const GapMonth = z.object({
  /** UTC, 2026-11: in which both were over. */
  month: z.string(),
  trades: z.number().int(),
  /** Of these, those that were not copied at all. */
  notCopied: z.number().int(),
  ...Amounts,
})
export type GapMonth = z.infer<typeof GapMonth>

/** A signal of the leader's that was not copied; reason is null where none came in. Quote: what it cost, below zero where it was luck. */
export const GapSkipped = z.object({
  signalId: z.string().nullable(),
  what: z.enum(['opening', 'close']),
  reason: z.string().nullable(),
  numbers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  quote: DecimalString,
})

export const GapOwn = z.object({ cause: OwnCause, at: z.string(), quantityBase: DecimalString, quote: DecimalString })

export const GapTrade = z.object({
  id: z.string(),
  symbol: z.string(),
  /** The follower's; the leader's other way around where the follow is reversed. */
  side: PositionDirection,
  openedAt: z.string(),
  closedAt: z.string().nullable(),
  month: z.string(),
  /** What the settings make of one base of the leader's; null where it cannot be told, and for a trade that copies none. */
  ratio: DecimalString.nullable(),
  /** Base bought in: by the leader; meant for the follower; by the follower. */
  leaderBase: DecimalString,
  meantBase: DecimalString,
  copiedBase: DecimalString,
  ...Amounts,
  skipped: z.array(GapSkipped),
  own: z.array(GapOwn),
})
export type GapTrade = z.infer<typeof GapTrade>

/** Not over: on which side it is still open. */
export const GapOpen = z.object({
  id: z.string(),
  symbol: z.string(),
  side: PositionDirection,
  openedAt: z.string(),
  open: z.enum(['leader', 'follower', 'both']),
})
export type GapOpen = z.infer<typeof GapOpen>

export const CopyGapView = z.object({
  /** Newest first. */
  months: z.array(GapMonth),
  /** One page of the trades of these months, newest first; `meta` counts them all. */
  trades: z.array(GapTrade),
  /** Counted in no month yet. */
  open: z.array(GapOpen),
})
export type CopyGapView = z.infer<typeof CopyGapView>

export const getCopyGap = defineRoute({
  method: 'GET',
  path: '/api/follows/:followId/gap',
  policy: 'user',
  summary:
    'Why a follow came to something else than its leader: slippage, fees, funding, skipped, sizing and own moves, which sum to the difference, by month and by trade.',
  params: z.object({ followId: z.uuid() }),
  query: PageQuery.extend({
    month: z
      .string()
      .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'Write a month such as 2026-11')
      .optional(),
  }),
  response: CopyGapView,
  errors: ['NOT_FOUND', 'VALIDATION_FAILED'],
})
