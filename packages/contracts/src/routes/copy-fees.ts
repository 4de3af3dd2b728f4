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
  /** Of all trades of the follow that are over, since it began: gross less fees plus funding. */
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

export const FollowFees = z.object({
  followId: z.string(),
  /** As agreed when the follow began. */
  terms: FeeTermsView,
  /** What would be charged if the period ended now; null once the last settlement is done. */
  accrued: FeeBasisView.extend({ amounts: FeeAmounts }).nullable(),
  charged: FeeAmounts,
  /** The newest first. */
  fees: z.array(CopyFeeView),
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
