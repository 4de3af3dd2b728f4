import { z } from 'zod'
import { FollowState } from '../follow.ts'
import { defineRoute, PageQuery } from '../http.ts'
import { DecimalString } from '../units.ts'

/** Percent: of profit above its high-water mark, and of the copied equity a year. */
export const FeeTermsView = z.object({ profitSharePercent: DecimalString, managementPercent: DecimalString })
export type FeeTermsView = z.infer<typeof FeeTermsView>

/** Quote. */
export const FeeAmounts = z.object({ profitShare: DecimalString, management: DecimalString, total: DecimalString })
export type FeeAmounts = z.infer<typeof FeeAmounts>

/** What fees are computed from. Quote; equityDays is copied equity times days, of the period alone. */
export const FeeBasisView = z.object({
  from: z.string(),
  to: z.string(),
  /** Of all trades of the follow that are over, since it began: gross less fees plus funding; and of what was handed over, as it was worth then. */
  profit: DecimalString,
  highWaterBefore: DecimalString,
  highWaterAfter: DecimalString,
  equityDays: DecimalString,
})

/** A fee that is in the books, once for each period: a UTC month such as 2026-11, or final. */
export const CopyFeeView = FeeBasisView.extend({
  id: z.string(),
  period: z.string(),
  at: z.string(),
  terms: FeeTermsView,
  amounts: FeeAmounts,
})
export type CopyFeeView = z.infer<typeof CopyFeeView>

/** What became the follower's own while it was open, and what it was worth at that moment. Base is signed. */
export const HandedOverView = z.object({
  symbol: z.string(),
  quantityBase: DecimalString,
  entryPrice: DecimalString.nullable(),
  price: DecimalString,
  /** When the exchange told that mark; null: none was known, and the entry price stood for it. */
  pricedAt: z.string().nullable(),
  /** Quote; what comes of it later is the follower's own. */
  profit: DecimalString,
  at: z.string(),
})
export type HandedOverView = z.infer<typeof HandedOverView>

export const FollowFees = z.object({
  followId: z.string(),
  /** As agreed when the follow began. */
  terms: FeeTermsView,
  /**
   * The earlier follow of the same strategy that it goes on from. It begins that far below its mark, quote: what the earlier one had lost is made good
   * before anything is shared. Null below: that one is not settled for good yet, and until then nothing of this one is charged.
   */
  goesOnFrom: z.object({ followId: z.string(), below: DecimalString.nullable() }).nullable(),
  /** What would be charged if the period ended now; null once the last settlement is done. */
  accrued: FeeBasisView.extend({ amounts: FeeAmounts }).nullable(),
  charged: FeeAmounts,
  /** The newest first. */
  fees: z.array(CopyFeeView),
  handedOver: z.array(HandedOverView),
})
export type FollowFees = z.infer<typeof FollowFees>

export const getFollowFees = defineRoute({
  method: 'GET',
  path: '/api/follows/:followId/fees',
  policy: 'user',
  summary:
    'What one owes the leader of a follow: charged so far, and what has accrued since. Entries in these books alone; no money moves.',
  params: z.object({ followId: z.uuid() }),
  response: FollowFees,
  errors: ['NOT_FOUND'],
})

/** What a leader may know of what a follower owes. */
export const FollowerFees = z.object({
  handle: z.string(),
  environment: z.enum(['PAPER', 'DEMO', 'LIVE']),
  state: FollowState,
  terms: FeeTermsView,
  /** Null once the last settlement is done. */
  accrued: FeeAmounts.nullable(),
  charged: FeeAmounts,
  /** The period charged last. */
  lastPeriod: z.string().nullable(),
})
export type FollowerFees = z.infer<typeof FollowerFees>

export const StrategyFees = z.object({
  /** Those of new follows. */
  terms: FeeTermsView,
  /** Charged so far, of all followers; play money apart from money. */
  charged: z.array(FeeAmounts.extend({ environment: z.enum(['PAPER', 'DEMO', 'LIVE']), followers: z.number().int() })),
  followers: z.array(FollowerFees),
})
export type StrategyFees = z.infer<typeof StrategyFees>

export const getStrategyFees = defineRoute({
  method: 'GET',
  path: '/api/strategies/:strategyId/fees',
  policy: 'user',
  summary: 'What one’s followers owe, by handle, page by page: charged so far and accrued since.',
  params: z.object({ strategyId: z.uuid() }),
  query: PageQuery,
  response: StrategyFees,
  errors: ['NOT_FOUND'],
})
