import { z } from 'zod'
import { defineRoute } from '../http.ts'
import { Rules, RULE_FIELDS, RulesPatch } from '../rules.ts'
import { DecimalString, PositionDirection, PositiveDecimalInput } from '../units.ts'

/** How much of each limit is used up. Amounts quote; null: no such limit, or nothing known yet. */
export const RiskUsage = z.object({
  equity: DecimalString.nullable(),
  positions: z.object({ open: z.number().int(), limit: z.number().int() }),
  /** Above zero is a loss. `limitQuote` is today's. */
  daily: z.object({ lossQuote: DecimalString.nullable(), limitQuote: DecimalString.nullable(), resetsAt: z.string() }),
  drawdown: z.object({ percent: DecimalString.nullable(), limitPercent: DecimalString.nullable(), peakQuote: DecimalString.nullable() }),
  /** Until when nothing opens after a loss. */
  coolDownUntil: z.string().nullable(),
})
export type RiskUsage = z.infer<typeof RiskUsage>

/** The rules of one account: what differs from the person's, and what holds in the end. */
export const AccountRulesView = z.object({
  accountId: z.string(),
  label: z.string(),
  exchange: z.string(),
  environment: z.enum(['PAPER', 'DEMO', 'LIVE']),
  overrides: Rules.partial(),
  effective: Rules,
  usage: RiskUsage,
})
export type AccountRulesView = z.infer<typeof AccountRulesView>

export const RulesView = z.object({ rules: Rules, accounts: z.array(AccountRulesView) })
export type RulesView = z.infer<typeof RulesView>

export const getRules = defineRoute({
  method: 'GET',
  path: '/api/bot/rules',
  policy: 'user',
  summary: 'The rules, what each account has differently, and how much of each limit is used.',
  response: RulesView,
})

export const patchAccountRules = defineRoute({
  method: 'PATCH',
  path: '/api/bot/rules/:accountId',
  policy: 'user',
  summary: 'Override some of the rules for one account, or let it inherit them again.',
  params: z.object({ accountId: z.uuid() }),
  body: z.strictObject({ set: RulesPatch.default({}), inherit: z.array(z.enum(RULE_FIELDS)).default([]) }),
  response: AccountRulesView,
  errors: ['ACCOUNT_NOT_FOUND', 'VALIDATION_FAILED'],
})

export const resetPeak = defineRoute({
  method: 'POST',
  path: '/api/bot/rules/:accountId/reset-peak',
  policy: 'user',
  summary: 'Measure the drawdown of an account from its equity of now on.',
  params: z.object({ accountId: z.uuid() }),
  response: AccountRulesView,
  errors: ['ACCOUNT_NOT_FOUND'],
})

/** What the rules make of one open. Amounts quote, prices quote per base. */
export const RulesPreview = z.object({
  symbol: z.string(),
  direction: PositionDirection,
  price: DecimalString.nullable(),
  equityQuote: DecimalString,
  /** Why it would not open; null when it would. */
  reason: z.string().nullable(),
  text: z.string().nullable(),
  quantityBase: DecimalString.nullable(),
  notionalQuote: DecimalString.nullable(),
  marginQuote: DecimalString.nullable(),
  leverage: z.number().int().nullable(),
  /** What was asked for, where it was capped. */
  leverageAsked: z.number().int().nullable(),
  /** Average true range that the stop is measured by. */
  rangeQuote: DecimalString.nullable(),
  stop: z.object({ price: DecimalString, lossQuote: DecimalString, lossPercent: DecimalString }).nullable(),
  /** quantityBase null: whatever is left then. */
  targets: z.array(z.object({ price: DecimalString, quantityBase: DecimalString, profitQuote: DecimalString })),
  breakEven: z.object({ afterTarget: z.number().int().nullable(), price: DecimalString.nullable() }).nullable(),
  trailing: z.object({ percent: DecimalString, activationPrice: DecimalString.nullable() }).nullable(),
})
export type RulesPreview = z.infer<typeof RulesPreview>

export const previewRules = defineRoute({
  method: 'POST',
  path: '/api/bot/rules/preview',
  policy: 'user',
  summary: 'A worked example: what an open at the current price would be under the rules, with changes that are not saved yet.',
  body: z.strictObject({
    accountId: z.uuid().optional(),
    symbol: z.string().trim().min(1).max(40).default('BTCUSDT.P'),
    direction: PositionDirection.default('LONG'),
    equity: PositiveDecimalInput.default('10000'),
    changes: RulesPatch.default({}),
  }),
  response: RulesPreview,
  errors: ['ACCOUNT_NOT_FOUND', 'VALIDATION_FAILED'],
})
