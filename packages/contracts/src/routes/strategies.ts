import { Decimal } from 'decimal.js'
import { z } from 'zod'
import {
  CanarySettings,
  DetachCause,
  FollowSettings,
  FollowState,
  ForcedSettings,
  StopCause,
  StopChoice,
  StrategyState,
  SuggestedSettings,
} from '../follow.ts'
import { TermsNews } from '../follow-terms.ts'
import { defineRoute, PageQuery } from '../http.ts'
import { DecimalInput, DecimalString, PercentInput } from '../units.ts'

const Percent = DecimalInput.refine((text) => Number(text) >= 0 && Number(text) <= 50, 'Must be from 0 to 50 percent').refine(
  (text) => new Decimal(text).decimalPlaces() <= 4,
  'At most four decimals',
)

/** What of a leader is copied: their webhook, their orders by hand, or whatever becomes of an exchange account of theirs, whoever trades it. */
export const StrategySource = z.enum(['WEBHOOK', 'MANUAL', 'ACCOUNT'])
export type StrategySource = z.infer<typeof StrategySource>

const MaxFollowers = z.number().int().min(1).max(100_000).nullable()
const OneStrategy = z.object({ strategyId: z.uuid() })
const OneFollow = z.object({ followId: z.uuid() })

/** What of a strategy is copied, and on which terms. */
export const CopyTermsView = z.object({
  strategyId: z.string(),
  name: z.string(),
  leader: z.string(),
  isOwn: z.boolean(),
  visibility: z.enum(['PUBLIC', 'PRIVATE']),
  state: StrategyState,
  /** False while its leader has not said what is copied. */
  isOffered: z.boolean(),
  source: StrategySource.nullable(),
  suggested: SuggestedSettings,
  forced: ForcedSettings,
  profitSharePercent: DecimalString,
  managementPercent: DecimalString,
  /** People who follow it now, with however many accounts. */
  followers: z.number().int(),
  /** People who hear of it when the leader changes what binds everybody; null for all but the leader. */
  told: z.number().int().nullable(),
  /** People. */
  maxFollowers: z.number().int().nullable(),
  /** False: on its page and in its record only ratios, no money. */
  showsAmounts: z.boolean(),
  canary: CanarySettings,
  version: z.number().int(),
})
export type CopyTermsView = z.infer<typeof CopyTermsView>

export const getCopyTerms = defineRoute({
  method: 'GET',
  path: '/api/strategies/:strategyId/copying',
  policy: 'user',
  summary: 'What of a strategy is copied and on which terms. A private one is shown to its leader, its followers and who has a code.',
  params: OneStrategy,
  query: z.object({ inviteCode: z.string().trim().min(8).max(64).optional() }),
  response: CopyTermsView,
  errors: ['NOT_FOUND'],
})

export const putCopyTerms = defineRoute({
  method: 'PUT',
  path: '/api/strategies/:strategyId/copying',
  policy: 'user',
  summary:
    'Offer a strategy for copying: what comes in at one’s webhook, what one trades by hand here on its account, or everything that happens on the account. PAUSED: nothing opens.',
  params: OneStrategy,
  body: z.strictObject({
    source: StrategySource.default('WEBHOOK'),
    state: z.enum(['PUBLISHED', 'PAUSED']).default('PUBLISHED'),
    suggested: SuggestedSettings.default({}),
    forced: ForcedSettings.default({ maxLeverage: null, marginMode: null, symbols: [] }),
    profitSharePercent: Percent.default('0'),
    managementPercent: Percent.default('0'),
    maxFollowers: MaxFollowers.default(null),
    /** Left as they are where nothing is said. */
    canary: CanarySettings.optional(),
    showsAmounts: z.boolean().optional(),
  }),
  response: CopyTermsView,
  errors: ['NOT_FOUND', 'CONFLICT', 'VALIDATION_FAILED'],
})

export const InviteView = z.object({
  id: z.string(),
  uses: z.number().int(),
  maxUses: z.number().int().nullable(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  createdAt: z.string(),
})
export type InviteView = z.infer<typeof InviteView>

export const listInvites = defineRoute({
  method: 'GET',
  path: '/api/strategies/:strategyId/invites',
  policy: 'user',
  summary: 'The invites to one’s strategy. Codes are not kept.',
  params: OneStrategy,
  response: z.array(InviteView),
  errors: ['NOT_FOUND'],
})

export const createInvite = defineRoute({
  method: 'POST',
  path: '/api/strategies/:strategyId/invites',
  policy: 'user',
  summary: 'A new invite code, shown this once.',
  params: OneStrategy,
  body: z.strictObject({
    maxUses: z.number().int().min(1).max(10_000).nullable().default(null),
    expiresInDays: z.number().int().min(1).max(365).nullable().default(30),
  }),
  response: InviteView.extend({ code: z.string() }),
  errors: ['NOT_FOUND'],
})

export const revokeInvite = defineRoute({
  method: 'DELETE',
  path: '/api/strategies/:strategyId/invites/:inviteId',
  policy: 'user',
  summary: 'Revoke an invite. Who has used it stays.',
  params: OneStrategy.extend({ inviteId: z.uuid() }),
  response: z.array(InviteView),
  errors: ['NOT_FOUND'],
})

/** What a leader may know of a follower. */
export const FollowerView = z.object({
  /** Of the follow, which the handle is made of; it opens nothing to a leader but removing. */
  followId: z.string(),
  handle: z.string(),
  state: FollowState,
  environment: z.enum(['PAPER', 'DEMO', 'LIVE']),
  joinedAt: z.string(),
  stoppedAt: z.string().nullable(),
  copied: z.number().int(),
  notCopied: z.number().int(),
  /** By the leader: nothing opens any more. */
  isRemoved: z.boolean(),
})
export type FollowerView = z.infer<typeof FollowerView>

export const listFollowers = defineRoute({
  method: 'GET',
  path: '/api/strategies/:strategyId/followers',
  policy: 'user',
  summary: 'Who follows one’s strategy and who did, by handle: those who do first, the newest first.',
  params: OneStrategy,
  query: PageQuery,
  response: z.array(FollowerView),
  errors: ['NOT_FOUND'],
})

export const removeFollower = defineRoute({
  method: 'DELETE',
  path: '/api/strategies/:strategyId/followers/:followId',
  policy: 'user',
  summary:
    'Remove a follower from one’s strategy: nothing opens for them any more, what they hold is closed with the leader, and they are told. A private strategy is followed again with a valid invite alone.',
  params: OneStrategy.extend({ followId: z.uuid() }),
  response: FollowerView,
  errors: ['NOT_FOUND', 'CONFLICT'],
})

/** A market that is not copied at the moment: what the follow held there ended without the leader, who is still in. */
export const DetachedView = z.object({
  symbol: z.string(),
  side: z.enum(['LONG', 'SHORT']),
  cause: DetachCause,
  detachedAt: z.string(),
})

export const FollowView = z.object({
  id: z.string(),
  strategyId: z.string(),
  strategyName: z.string(),
  strategyState: StrategyState,
  leader: z.string(),
  accountId: z.string(),
  accountLabel: z.string(),
  environment: z.enum(['PAPER', 'DEMO', 'LIVE']),
  state: FollowState,
  settings: FollowSettings,
  forced: ForcedSettings,
  joinedAt: z.string(),
  stoppedAt: z.string().nullable(),
  stopCause: StopCause.nullable(),
  stopChoice: StopChoice.nullable(),
  /** What portfolio stop and take profit go by, quote; null until the account is read for the first time. */
  joinedEquity: DecimalString.nullable(),
  /** Results at which everything is closed, quote: a loss is below zero. Null where not set, or while joinedEquity is not known. */
  stopAtResult: DecimalString.nullable(),
  takeAtResult: DecimalString.nullable(),
  /** What the leader changed last for everybody, as long as that is how it stands. */
  termsTold: z.object({ at: z.string(), news: TermsNews }).nullable(),
  /** Copied again once the leader is flat there. */
  detached: z.array(DetachedView),
  /** As agreed when it began, percent: of profit above its high-water mark, and of the copied equity a year. */
  profitSharePercent: DecimalString,
  managementPercent: DecimalString,
  /** Signals that became orders, and that did not. */
  copied: z.number().int(),
  notCopied: z.number().int(),
  /** Quote: of trades that are over, after fees and funding; of positions. */
  realizedPnl: DecimalString,
  unrealizedPnl: DecimalString,
  openPositions: z.number().int(),
  version: z.number().int(),
})
export type FollowView = z.infer<typeof FollowView>

export const listFollows = defineRoute({
  method: 'GET',
  path: '/api/follows',
  policy: 'user',
  summary: 'What one follows and has followed, newest first.',
  response: z.array(FollowView),
})

export const getFollow = defineRoute({
  method: 'GET',
  path: '/api/follows/:followId',
  policy: 'user',
  summary: 'One follow.',
  params: OneFollow,
  response: FollowView,
  errors: ['NOT_FOUND'],
})

export const startFollow = defineRoute({
  method: 'POST',
  path: '/api/follows',
  policy: 'user',
  stepUp: true,
  summary:
    'Follow a strategy with one account: what its leader does from now on is copied under these settings and the account’s own rules.',
  body: z.strictObject({
    strategyId: z.uuid(),
    accountId: z.uuid(),
    settings: FollowSettings,
    inviteCode: z.string().trim().min(8).max(64).optional(),
    /** flat: with the leader's next opening. copy-open: what the leader holds now as well, where the price is within maxDistancePercent of the leader's entry. */
    join: z
      .discriminatedUnion('mode', [
        z.strictObject({ mode: z.literal('flat') }),
        z.strictObject({ mode: z.literal('copy-open'), maxDistancePercent: PercentInput.default('1') }),
      ])
      .default({ mode: 'flat' }),
  }),
  response: FollowView,
  errors: ['NOT_FOUND', 'ACCOUNT_NOT_FOUND', 'FOLLOW_REFUSED', 'CONFLICT', 'VALIDATION_FAILED'],
})

export const patchFollow = defineRoute({
  method: 'PATCH',
  path: '/api/follows/:followId',
  policy: 'user',
  summary: 'Change a follow: its settings, from the next signal on; or pause it, take it up again, or let it close only.',
  params: OneFollow,
  body: z.strictObject({
    settings: FollowSettings.optional(),
    state: z.enum(['ACTIVE', 'PAUSED', 'CLOSE_ONLY']).optional(),
  }),
  response: FollowView,
  errors: ['NOT_FOUND', 'CONFLICT', 'VALIDATION_FAILED'],
})

export const stopFollow = defineRoute({
  method: 'POST',
  path: '/api/follows/:followId/stop',
  policy: 'user',
  summary: 'Stop following now. What becomes of its positions is asked each time.',
  params: OneFollow,
  body: z.strictObject({ positions: StopChoice }),
  response: FollowView,
  errors: ['NOT_FOUND', 'CONFLICT'],
})
