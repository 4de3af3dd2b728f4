import { z } from 'zod'
import { FollowSettings, FollowState } from '../follow.ts'
import { defineRoute, PageQuery } from '../http.ts'
import { Alert } from '../alert.ts'
import { DecimalString, PositiveDecimalInput, Side } from '../units.ts'
import { DryOrder } from './signals.ts'

const OneStrategy = z.object({ strategyId: z.uuid() })
const InviteCode = z.string().trim().min(8).max(64).optional()
const Outcome = z.enum(['ORDERS', 'SKIPPED', 'BLOCKED'])

/**
 * A size after one rule, in the order in which they hold. leader: their order. sizing: what the mode makes of it. capped, shrunk, rounded-up: what
 * the follower's policies allow. step: what the market takes. Base and quote at the price of the decision.
 */
export const CopySizeStep = z.object({
  rule: z.enum(['leader', 'sizing', 'capped', 'shrunk', 'rounded-up', 'gathered', 'step']),
  quantityBase: DecimalString,
  notionalQuote: DecimalString.nullable(),
})
export type CopySizeStep = z.infer<typeof CopySizeStep>

/** What a follow makes of a signal: orders, or a reason with its numbers. Amounts quote, prices quote per base; null where nothing opens. */
export const CopyPlan = z.object({
  outcome: Outcome,
  intent: z.string(),
  symbol: z.string().nullable(),
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
  numbers: z.record(z.string(), z.unknown()),
  steps: z.array(CopySizeStep),
  price: z.string().nullable(),
  quantityBase: z.string().nullable(),
  notionalQuote: z.string().nullable(),
  marginQuote: z.string().nullable(),
  leverage: z.number().int().nullable(),
  /** Taker fee of the opening. */
  feeQuote: z.string().nullable(),
  stopPrice: z.string().nullable(),
  targetPrice: z.string().nullable(),
  orders: z.array(DryOrder),
})
export type CopyPlan = z.infer<typeof CopyPlan>

const ReasonCount = z.object({ reason: z.string(), count: z.number().int() })

/** Of its plan, what is the leader’s business: why and how large, not what the follower has. */
export const PreviewRow = z.object({ handle: z.string(), state: FollowState, plan: CopyPlan })
export type PreviewRow = z.infer<typeof PreviewRow>

/** Totals are of all followers, whatever page and filter. `orders` counts orders, `copied` followers with one. Sums are of what opens. */
export const PreviewTotals = z.object({
  followers: z.number().int(),
  copied: z.number().int(),
  orders: z.number().int(),
  notionalQuote: DecimalString,
  marginQuote: DecimalString,
  reasons: z.array(ReasonCount),
})
export type PreviewTotals = z.infer<typeof PreviewTotals>

export const CopyPreview = z.object({
  /** How it was read; null with a problem that says what to fix. */
  alert: Alert.nullable(),
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Null on later pages of all followers: those are not decided again. */
  totals: PreviewTotals.nullable(),
  rows: z.array(PreviewRow),
})
export type CopyPreview = z.infer<typeof CopyPreview>

export const previewCopies = defineRoute({
  method: 'POST',
  path: '/api/strategies/:strategyId/preview',
  policy: 'user',
  summary:
    'What an alert would do at this moment for each follower of one’s strategy, by the very decision that would carry it out. Nothing is stored and nothing is sent.',
  params: OneStrategy,
  query: PageQuery.extend({ limit: z.coerce.number().int().min(1).max(500).default(50), outcome: Outcome.optional() }),
  body: z.strictObject({ body: z.string().max(16_384) }),
  response: CopyPreview,
  errors: ['NOT_FOUND', 'CONFLICT', 'VALIDATION_FAILED'],
})

/**
 * Of the leader's last openings, each for itself on an account that holds nothing, at the price it had. `minimumBalanceQuote`: the smallest balance
 * that copies at least `sharePercent` of what any balance could copy under these settings (`atMost`); null where none copies anything.
 */
export const CopyabilityView = z.object({
  equityQuote: DecimalString,
  total: z.number().int(),
  copyable: z.number().int(),
  /** Of the copyable, those made smaller or larger to fit. */
  fitted: z.object({ capped: z.number().int(), shrunk: z.number().int(), roundedUp: z.number().int() }),
  byReason: z.array(ReasonCount),
  atMost: z.number().int(),
  sharePercent: z.number().int(),
  minimumBalanceQuote: DecimalString.nullable(),
  /** Of the openings looked at. */
  from: z.string().nullable(),
  to: z.string().nullable(),
  /** The last one that is copied, else the last one. */
  example: z.object({ at: z.string(), side: Side, leaderQuantityBase: z.string().nullable(), plan: CopyPlan }).nullable(),
})
export type CopyabilityView = z.infer<typeof CopyabilityView>

export const getCopyability = defineRoute({
  method: 'POST',
  path: '/api/strategies/:strategyId/copyability',
  policy: 'user',
  summary:
    'How many of the leader’s last 100 openings a balance could copy under these settings, why not the others, and what balance would.',
  params: OneStrategy,
  body: z
    .strictObject({
      /** One's own: its equity, rules and market. */
      accountId: z.uuid().optional(),
      /** Quote; instead of the account's. */
      equity: PositiveDecimalInput.optional(),
      settings: FollowSettings,
      inviteCode: InviteCode,
    })
    .refine(({ accountId, equity }) => accountId !== undefined || equity !== undefined, {
      error: 'Name an account or an equity',
      path: ['equity'],
    }),
  response: CopyabilityView,
  errors: ['NOT_FOUND', 'ACCOUNT_NOT_FOUND', 'FOLLOW_REFUSED', 'CONFLICT', 'VALIDATION_FAILED'],
})

/** last: the leader's last opening, at today's price. given: the one that was asked for. made-up: the leader has not opened anything yet. */
export const CopyExample = z.object({
  origin: z.enum(['last', 'given', 'made-up']),
  leader: z.object({
    symbol: z.string(),
    side: Side,
    quantityBase: z.string().nullable(),
    notionalQuote: z.string().nullable(),
    equityQuote: z.string().nullable(),
    /** When it was, for `last`. */
    at: z.string().nullable(),
  }),
  plan: CopyPlan,
})
export type CopyExample = z.infer<typeof CopyExample>

export const getCopyExample = defineRoute({
  method: 'POST',
  path: '/api/strategies/:strategyId/example',
  policy: 'user',
  summary: 'The leader opens this, you open that: decided for one’s account as it is now, at today’s price, as if the follow were on.',
  params: OneStrategy,
  body: z.strictObject({
    accountId: z.uuid(),
    settings: FollowSettings,
    inviteCode: InviteCode,
    alert: z.strictObject({ symbol: z.string().trim().min(1).max(40), side: Side, quantity: PositiveDecimalInput }).optional(),
  }),
  response: CopyExample,
  errors: ['NOT_FOUND', 'ACCOUNT_NOT_FOUND', 'FOLLOW_REFUSED', 'CONFLICT', 'VALIDATION_FAILED'],
})
