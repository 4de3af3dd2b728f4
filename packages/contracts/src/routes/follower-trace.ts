import { z } from 'zod'
import { defineRoute, PageQuery } from '../http.ts'
import { DecimalString, Side } from '../units.ts'
import { Timeline, TIMELINE_POINTS } from './signals.ts'

/** Above 0: worse for the follower. Percent of the price compared with, and quote. */
export const SlippageView = z.object({ percent: DecimalString, quote: DecimalString })
export type SlippageView = z.infer<typeof SlippageView>

/** What a signal became on one follower's account. Of several orders (a reversal) the opening one is told of. */
export const FollowerTrace = z.object({
  handle: z.string(),
  environment: z.enum(['PAPER', 'DEMO', 'LIVE']),
  outcome: z.enum(['ORDERS', 'SKIPPED', 'BLOCKED']),
  intent: z.string(),
  reason: z.string().nullable(),
  order: z
    .object({
      leg: z.string(),
      side: Side,
      state: z.string(),
      /** By when its first request was sent, of all followers: 1 is the first. Null while nothing was sent. */
      place: z.number().int().nullable(),
      fillPrice: DecimalString.nullable(),
      /** Null where the alert names no price, or nothing is filled. */
      againstAlert: SlippageView.nullable(),
      /** Null where the leader’s own order is not filled. */
      againstLeader: SlippageView.nullable(),
    })
    .nullable(),
  /** received, committed (parsed and stored), decided, queued, sent, acknowledged, filled, protected: as far as it has come. */
  timeline: Timeline,
})
export type FollowerTrace = z.infer<typeof FollowerTrace>

/** Of `count` followers: half, 95 and 99 of 100 took no more than this. Whole ms. */
export const SpanFigures = z.object({ count: z.number().int(), p50Ms: z.number().int(), p95Ms: z.number().int(), p99Ms: z.number().int() })
export type SpanFigures = z.infer<typeof SpanFigures>

/** Percent; above 0 is worse for followers. quote: of all of them together. */
export const SlippageFigures = z.object({
  count: z.number().int(),
  averagePercent: DecimalString,
  p50Percent: DecimalString,
  p95Percent: DecimalString,
  worstPercent: DecimalString,
  quote: DecimalString,
})
export type SlippageFigures = z.infer<typeof SlippageFigures>

/** Neighbours in the order of sending: what their fills came to. */
export const PlaceFigures = z.object({
  fromPlace: z.number().int(),
  toPlace: z.number().int(),
  filled: z.number().int(),
  averagePrice: DecimalString,
  /** Against the first place that is filled, percent; above 0 is worse. */
  worsePercent: DecimalString,
})
export type PlaceFigures = z.infer<typeof PlaceFigures>

export const FollowersTrace = z.object({
  signalId: z.string(),
  receivedAt: z.string(),
  /** leader: all followers. follower: one’s own alone. */
  view: z.enum(['leader', 'follower']),
  /** Quote per base; null where there is none. */
  alertPrice: DecimalString.nullable(),
  leaderFillPrice: DecimalString.nullable(),
  decided: z.number().int(),
  ordered: z.number().int(),
  filled: z.number().int(),
  /** By the point that the span leads to. */
  spans: z.array(SpanFigures.extend({ point: z.enum(TIMELINE_POINTS) })),
  /** From the arrival to the last point of each follower who ordered. */
  total: SpanFigures.nullable(),
  againstAlert: SlippageFigures.nullable(),
  againstLeader: SlippageFigures.nullable(),
  /** At most 20, in the order of sending. */
  byPlace: z.array(PlaceFigures),
  followers: z.array(FollowerTrace),
})
export type FollowersTrace = z.infer<typeof FollowersTrace>

export const getFollowersTrace = defineRoute({
  method: 'GET',
  path: '/api/signals/:id/followers',
  policy: 'user',
  summary:
    'What a signal became on every account that copies it: its leader reads of all, by handle; a follower of their own. Spans add up, percentiles and slippage are of all, followers page by page in the order of sending.',
  params: z.object({ id: z.uuid() }),
  query: PageQuery,
  response: FollowersTrace,
  errors: ['NOT_FOUND'],
})
