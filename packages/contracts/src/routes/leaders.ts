import { z } from 'zod'
import { defineRoute, PageQuery } from '../http.ts'
import { DecimalString } from '../units.ts'

/** Days back from the last row of a record. */
export const PERFORMANCE_WINDOWS = [7, 30, 90, 180, 365] as const

/** How young a record may be to stand on the leaderboard unless asked otherwise, days. */
export const LEADERBOARD_MIN_DAYS = 7

export const RiskLabel = z.enum(['UNKNOWN', 'LOW', 'MEDIUM', 'HIGH'])
export type RiskLabel = z.infer<typeof RiskLabel>

const Ratio = DecimalString.nullable()

/** Out of the record alone. Percent of the value of a share, which deposits and withdrawals do not move; pnl quote. Null: too little to tell, or kept back by the leader (pnl). */
export const PerformanceFigures = z.object({
  windowDays: z.number().int(),
  roiPercent: Ratio,
  pnl: Ratio,
  maxDrawdownPercent: Ratio,
  /** A year's worth; from seven days on. */
  sharpe: Ratio,
  winRatePercent: Ratio,
  profitFactor: Ratio,
  trades: z.number().int(),
  liquidations: z.number().int(),
  averageHoldSeconds: z.number().int().nullable(),
  /** Everything bought in over the equity: of the middle trade, and what 95 of 100 stay below. */
  medianLeverage: Ratio,
  highLeverage: Ratio,
})
export type PerformanceFigures = z.infer<typeof PerformanceFigures>

export const LeaderRow = z.object({
  strategyId: z.string(),
  name: z.string(),
  leader: z.string(),
  isOwn: z.boolean(),
  environment: z.enum(['PAPER', 'DEMO', 'LIVE']),
  days: z.number().int(),
  risk: RiskLabel,
  /** Of the leader's own amounts of money others see nothing where false: not pnl, not equity. */
  showsAmounts: z.boolean(),
  /** Worth of the leader's account, quote, as the record last told it. */
  equity: DecimalString.nullable(),
  /**
   * Equity of the accounts that follow it now, quote, cut to one or two digits that count, so that nobody's own is read off it; of the leader's own
   * kind: paper beside live counts nothing.
   */
  aum: DecimalString,
  /** People who follow it now. */
  copiers: z.number().int(),
  figures: PerformanceFigures,
  /** Value of a share by the day over the window, beginning with 1. */
  spark: z.array(z.number()),
})
export type LeaderRow = z.infer<typeof LeaderRow>

export const LEADER_SORTS = ['roi', 'pnl', 'drawdown', 'sharpe', 'winRate', 'days', 'aum', 'copiers', 'trades'] as const
export type LeaderSort = (typeof LEADER_SORTS)[number]

export const PerformanceWindow = z.coerce.number().pipe(z.union(PERFORMANCE_WINDOWS.map((days) => z.literal(days))))

export const listLeaders = defineRoute({
  method: 'GET',
  path: '/api/leaders',
  policy: 'user',
  summary:
    'The leaderboard: public strategies, one’s own and those one follows, by figures that each record can be checked against. What is not known comes last.',
  query: PageQuery.extend({
    window: PerformanceWindow.default(90),
    sort: z.enum(LEADER_SORTS).default('roi'),
    order: z.enum(['best', 'worst']).default('best'),
    minDays: z.coerce.number().int().min(0).max(3_650).default(LEADERBOARD_MIN_DAYS),
    risk: RiskLabel.optional(),
    text: z.string().trim().min(1).max(60).optional(),
  }),
  response: z.array(LeaderRow),
})

/** The value of a share at the end of a UTC day, beginning with 1, and its distance from the highest so far, percent, zero or below. */
export const SharePoint = z.object({ at: z.string(), value: DecimalString, drawdownPercent: DecimalString })
export type SharePoint = z.infer<typeof SharePoint>

export const MonthView = z.object({
  month: z.string(),
  roiPercent: DecimalString,
  pnl: Ratio,
  maxDrawdownPercent: DecimalString,
  trades: z.number().int(),
})
export type MonthView = z.infer<typeof MonthView>

/** Trades from `from` up to `to`; null: no end. */
export const BucketView = z.object({ from: z.number(), to: z.number().nullable(), trades: z.number().int() })
export type BucketView = z.infer<typeof BucketView>

/** Where the risk labels begin. */
export const RiskRule = z.object({
  minDays: z.number().int(),
  minTrades: z.number().int(),
  windowDays: z.number().int(),
  low: z.object({ drawdownPercent: z.number(), leverage: z.number() }),
  high: z.object({ drawdownPercent: z.number(), leverage: z.number() }),
})
export type RiskRule = z.infer<typeof RiskRule>

/** The rule that holds. Leverage is what 95 of 100 trades stay below. */
export const RISK_RULE: RiskRule = {
  minDays: 14,
  minTrades: 10,
  windowDays: 90,
  low: { drawdownPercent: 10, leverage: 3 },
  high: { drawdownPercent: 30, leverage: 10 },
}

/** By the day, oldest first; holding times in seconds. */
export const RecordPortrait = z.object({
  curve: z.array(SharePoint),
  months: z.array(MonthView),
  leverage: z.array(BucketView),
  holding: z.array(BucketView),
})
export type RecordPortrait = z.infer<typeof RecordPortrait>

export const LeaderView = LeaderRow.omit({ figures: true, spark: true }).extend({
  description: z.string(),
  visibility: z.enum(['PUBLIC', 'PRIVATE']),
  since: z.string(),
  closedAt: z.string().nullable(),
  riskRule: RiskRule,
  windows: z.array(PerformanceFigures),
  ...RecordPortrait.shape,
  record: z.object({ rows: z.number().int(), headHash: z.string().nullable(), updatedAt: z.string().nullable() }),
})
export type LeaderView = z.infer<typeof LeaderView>

const OneStrategy = z.object({ strategyId: z.uuid() })
/** Shows a private strategy to who was given it. */
const Invited = z.object({ inviteCode: z.string().trim().min(8).max(64).optional() })

export const getLeader = defineRoute({
  method: 'GET',
  path: '/api/leaders/:strategyId',
  policy: 'user',
  summary: 'A strategy with its figures over each window, curve, months, and how its trades are spread.',
  params: OneStrategy,
  query: Invited,
  response: LeaderView,
  errors: ['NOT_FOUND'],
})

/** Amounts quote, prices quote per base. `leverage`: what was bought in over the equity. */
export const RecordLine = z.object({
  number: z.number().int(),
  writtenAt: z.string(),
  hash: z.string(),
  previousHash: z.string(),
  /**
   * What the hash is of, as it was written. Amounts of quote and sizes are the leader's and administrators' to see, with the `salt` that they are hashed with; everybody else
   * gets `sealed`, that hash, and the hash of the row is the same. Rows from before they were sealed are as they were.
   */
  content: z.record(z.string(), z.unknown()),
})
export type RecordLine = z.infer<typeof RecordLine>

export const listRecord = defineRoute({
  method: 'GET',
  path: '/api/leaders/:strategyId/record',
  policy: 'user',
  summary: 'The rows of a track record, newest first, as they were chained.',
  params: OneStrategy,
  query: PageQuery.extend({ kind: z.enum(['all', 'trade', 'value']).default('all'), ...Invited.shape }),
  response: z.array(RecordLine),
  errors: ['NOT_FOUND'],
})

/** content: the row is not what was hashed. order: a row before it is missing or was moved. missing: published rows are gone from the end. */
export const RecordVerdict = z.object({
  fits: z.boolean(),
  rows: z.number().int(),
  /** How far the chain fits. */
  headNumber: z.number().int(),
  headHash: z.string(),
  firstFault: z.object({ number: z.number().int(), fault: z.enum(['content', 'order', 'missing']) }).nullable(),
  /** Published figures that the rows do not come to. */
  wrongFigures: z.array(z.object({ windowDays: z.number().int(), figure: z.string() })),
})
export type RecordVerdict = z.infer<typeof RecordVerdict>

export const verifyRecord = defineRoute({
  method: 'POST',
  path: '/api/leaders/:strategyId/verify',
  policy: 'user',
  summary: 'Recompute a track record from its first row, and every published figure out of it; the first row that does not fit is named.',
  params: OneStrategy,
  query: Invited,
  response: RecordVerdict,
  errors: ['NOT_FOUND', 'RATE_LIMITED'],
})

/** Everybody reads it: nothing that cannot be seen, nor turns round what stands after it. */
const UNSEEN = /[\p{Cc}\u00AD\u061C\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/u
const StrategyName = z
  .string()
  .trim()
  .min(3)
  .max(60)
  .refine((name) => !UNSEEN.test(name) && /[\p{L}\p{N}]/u.test(name), 'Letters or digits, and nothing that cannot be seen')
const Description = z
  .string()
  .trim()
  .max(2_000)
  .refine((text) => !UNSEEN.test(text.replaceAll(/[\r\n\t]/g, '')), 'Has characters that cannot be seen')
const Visibility = z.enum(['PUBLIC', 'PRIVATE'])

export const OwnStrategy = z.object({
  id: z.string(),
  /** People who hear of it when it is withdrawn. */
  told: z.number().int(),
  accountId: z.string(),
  accountLabel: z.string(),
  environment: z.enum(['PAPER', 'DEMO', 'LIVE']),
  name: z.string(),
  description: z.string(),
  visibility: Visibility,
  since: z.string(),
  closedAt: z.string().nullable(),
  days: z.number().int(),
  rows: z.number().int(),
})
export type OwnStrategy = z.infer<typeof OwnStrategy>

export const listOwnStrategies = defineRoute({
  method: 'GET',
  path: '/api/strategies',
  policy: 'user',
  summary: 'One’s own strategies, newest first.',
  response: z.array(OwnStrategy),
})

export const publishOwnStrategy = defineRoute({
  method: 'POST',
  path: '/api/strategies',
  policy: 'user',
  summary: 'Publish a strategy. Its record begins now and tells of everything the account trades.',
  body: z.strictObject({
    accountId: z.uuid(),
    name: StrategyName,
    description: Description.default(''),
    visibility: Visibility.default('PUBLIC'),
  }),
  response: OwnStrategy,
  errors: ['ACCOUNT_NOT_FOUND', 'CONFLICT', 'VALIDATION_FAILED'],
})

export const patchOwnStrategy = defineRoute({
  method: 'PATCH',
  path: '/api/strategies/:strategyId',
  policy: 'user',
  summary: 'Rename a strategy, show or hide it, or stop offering it. Its record stays.',
  params: OneStrategy,
  body: z.strictObject({
    name: StrategyName.optional(),
    description: Description.optional(),
    visibility: Visibility.optional(),
    isClosed: z.boolean().optional(),
  }),
  response: OwnStrategy,
  errors: ['NOT_FOUND', 'CONFLICT', 'VALIDATION_FAILED'],
})
