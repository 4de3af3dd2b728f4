import { Decimal } from 'decimal.js'
import { z } from 'zod'
import { PercentInput, PositiveDecimalInput } from './units.ts'

const Tier = z.strictObject({
  /** Up to this notional of the leader's order, quote; null: whatever comes. The last one alone has null. */
  upToQuote: PositiveDecimalInput.nullable(),
  ratio: PositiveDecimalInput,
})

/**
 * How large a copied opening is. ratio: of the leader's base quantity. equity-to-equity: as large a part of one's own equity as the leader's
 * is of theirs, times `multiplier`. tiered: a ratio by the leader's notional. risk-from-stop: what the stop may cost, percent of equity.
 * What is added to a position later grows it by as much as the leader's grows, whatever the mode.
 */
export const FollowSizing = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('ratio'), ratio: PositiveDecimalInput }),
  z.strictObject({ mode: z.literal('equity-to-equity'), multiplier: PositiveDecimalInput.default('1') }),
  z.strictObject({ mode: z.literal('fixed-quantity'), quantityBase: PositiveDecimalInput }),
  z.strictObject({ mode: z.literal('fixed-quote'), notionalQuote: PositiveDecimalInput }),
  z.strictObject({ mode: z.literal('fixed-margin'), marginQuote: PositiveDecimalInput }),
  z.strictObject({ mode: z.literal('percent-of-equity'), percent: PercentInput }),
  z.strictObject({ mode: z.literal('risk-from-stop'), percent: PercentInput }),
  z.strictObject({
    mode: z.literal('tiered'),
    tiers: z
      .array(Tier)
      .min(1)
      .max(10)
      .refine(
        (tiers) =>
          tiers.every(({ upToQuote }, index) =>
            index === tiers.length - 1 ? upToQuote === null : upToQuote !== null && isAbove(upToQuote, tiers[index - 1]?.upToQuote),
          ),
        'Each tier must end above the one before it, and the last one has no end',
      ),
  }),
])
export type FollowSizing = z.infer<typeof FollowSizing>

export const FOLLOW_SIZING_MODES = [
  'ratio',
  'equity-to-equity',
  'fixed-quantity',
  'fixed-quote',
  'fixed-margin',
  'percent-of-equity',
  'risk-from-stop',
  'tiered',
] as const satisfies readonly FollowSizing['mode'][]

const Symbols = z.array(z.string().trim().min(1).max(40)).max(200)

/** Where a follow says nothing of it. */
export const FOLLOW_REPAIR_DEFAULT = 'reduce-only'

/** What a follower decides about a follow. Percent values are percent (5 is 5 %); Quote is quote currency. The rules of the account hold beside these. */
export const FollowSettings = z.strictObject({
  sizing: FollowSizing,
  /** same side as the leader, or the opposite one */
  direction: z.enum(['normal', 'reverse']).default('normal'),
  /**
   * An opening too small for the market: not copied, as small as the market takes where that is worth no more than roundUpMaxQuote, or kept until
   * what has gathered of a position is enough for an order.
   */
  belowMinimum: z.enum(['skip', 'round-up', 'accumulate']).default('skip'),
  roundUpMaxQuote: PositiveDecimalInput.default('25'),
  /** An opening that needs more margin than there is: not copied, or as large as the margin allows. */
  notEnoughBalance: z.enum(['skip', 'shrink']).default('skip'),
  /** Null: as the leader. Never above the limits of one's own rules and of the strategy. */
  leverage: z.number().int().min(1).max(125).nullable().default(null),
  /** own: as one's own rules say. */
  marginMode: z.enum(['own', 'cross', 'isolated']).default('own'),
  /** Empty: every symbol. */
  allowedSymbols: Symbols.default([]),
  blockedSymbols: Symbols.default([]),
  /** Largest notional of one opening: what would be larger is made as large as this. */
  maxOrderQuote: PositiveDecimalInput.nullable().default(null),
  /** Symbols open by this follow at once. */
  maxPositions: z.number().int().min(1).max(100).nullable().default(null),
  /** How much worse than the leader's price an opening may be. Never stops a close. */
  entrySlippagePercent: PercentInput.nullable().default('1'),
  maxSignalAgeSeconds: z.number().int().min(1).max(3_600).default(60),
  /** Loss of this follow, percent of the equity it began with, at which everything it holds is closed and it stops. */
  portfolioStopPercent: PercentInput.nullable().default(null),
  /** Profit at which it does so. */
  takeProfitPercent: PositiveDecimalInput.nullable().default(null),
  /** After a losing trade of this follow nothing opens for so long. */
  coolDownMinutes: z.number().int().min(0).max(10_080).default(0),
  /** The leader's stop and target for an opening, or those of one's own rules. */
  protection: z.enum(['leader', 'own']).default('leader'),
  /**
   * What a follow holds beyond what it should: taken off by itself, or only when asked. full: taken off, and what it holds less because an order of an
   * opening failed is bought after it, once, while the leader is in and the price is near; only the follower can say so.
   */
  repair: z.enum(['reduce-only', 'ask', 'full']).default(FOLLOW_REPAIR_DEFAULT),
})
export type FollowSettings = z.infer<typeof FollowSettings>
export type FollowSettingsInput = z.input<typeof FollowSettings>

/** What a leader suggests to begin with. Nobody can suggest that a follow adds by itself. */
export const SuggestedSettings = FollowSettings.partial().refine(({ repair }) => repair !== 'full', {
  path: ['repair'],
  message: 'Only a follower can let a follow add by itself',
})
export type SuggestedSettings = z.infer<typeof SuggestedSettings>

/** What no follower gets past. */
export const ForcedSettings = z.strictObject({
  maxLeverage: z.number().int().min(1).max(125).nullable().default(null),
  marginMode: z.enum(['cross', 'isolated']).nullable().default(null),
  /** The only symbols that are copied; empty: every symbol. */
  symbols: Symbols.default([]),
})
export type ForcedSettings = z.infer<typeof ForcedSettings>

/** Of the openings of one signal some go first; the others follow once those are answered, and not at all where too many are refused. */
export const CanarySettings = z.strictObject({
  isOn: z.boolean().default(true),
  /** Of the followers, but from 5 to 25 of them. */
  percent: z.number().int().min(1).max(50).default(5),
  /** So many followers or fewer have none. */
  above: z.number().int().min(5).max(1_000).default(20),
  /** Longest that the others wait. */
  holdMs: z.number().int().min(50).max(5_000).default(500),
  /** Refused of what was answered, percent, above which the rest is not sent; also after the canary. */
  rejectPercent: z.number().int().min(5).max(95).default(30),
})
export type CanarySettings = z.infer<typeof CanarySettings>

export const FollowState = z.enum(['ACTIVE', 'PAUSED', 'CLOSE_ONLY', 'STOPPED'])
export type FollowState = z.infer<typeof FollowState>

export const StrategyState = z.enum(['PUBLISHED', 'PAUSED', 'CLOSED'])
export type StrategyState = z.infer<typeof StrategyState>

/** What becomes of a follow's positions when it stops: closed now, left to the leader's closes, or the follower's own from now on. */
export const StopChoice = z.enum(['close', 'keep', 'hand-over'])
export type StopChoice = z.infer<typeof StopChoice>

/** Why a follow stopped or only closes. LEADER_GONE: nobody is there any more to close what it holds. REMOVED: by the leader. */
export const StopCause = z.enum([
  'BY_FOLLOWER',
  'PORTFOLIO_STOP',
  'TAKE_PROFIT',
  'STRATEGY_CLOSED',
  'LEADER_GONE',
  'REMOVED',
  'ACCOUNT_DELETED',
])
export type StopCause = z.infer<typeof StopCause>

/** What ended a position of a follow without its leader. AT_EXCHANGE: not by us, so by hand over there. */
export const DetachCause = z.enum(['BY_HAND', 'AT_EXCHANGE', 'STOP', 'TARGET', 'PROTECTION', 'LIQUIDATION'])
export type DetachCause = z.infer<typeof DetachCause>

function isAbove(text: string, before: string | null | undefined): boolean {
  return before === undefined || (before !== null && new Decimal(text).gt(before))
}
