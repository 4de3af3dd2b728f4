import { z } from 'zod'
import { defineRoute } from '../http.ts'
import { DecimalString, PercentInput, PositiveDecimalInput } from '../units.ts'

export const SizingMode = z.enum(['alert', 'percent-of-equity', 'fixed-quote'])
export type SizingMode = z.infer<typeof SizingMode>

/** Percent values are percent (5 is 5 %); fixedQuote and maxNotional are quote currency. */
export const BotSettingsView = z.object({
  isEnabled: z.boolean(),
  sizingMode: SizingMode,
  equityPercent: DecimalString,
  fixedQuote: DecimalString,
  maxPositions: z.number().int(),
  defaultLeverage: z.number().int(),
  maxLeverage: z.number().int(),
  marginMode: z.enum(['cross', 'isolated']),
  riskPerTrade: DecimalString,
  stopLossPercent: DecimalString.nullable(),
  takeProfitPercent: DecimalString.nullable(),
  trailingStop: z.boolean(),
  allowedSymbols: z.array(z.string()),
  blacklistedSymbols: z.array(z.string()),
  maxNotional: DecimalString.nullable(),
  maxSignalAgeSeconds: z.number().int(),
  spotTickerToPerp: z.boolean(),
  version: z.number().int(),
  /** Token masked. */
  webhookUrl: z.string().nullable(),
  webhookLastSeenAt: z.string().nullable(),
  killSwitch: z.object({ user: z.boolean(), global: z.boolean() }),
})
export type BotSettingsView = z.infer<typeof BotSettingsView>

const SymbolList = z.array(z.string().trim().min(1).max(40)).max(500)

export const BotSettingsPatch = z
  .strictObject({
    isEnabled: z.boolean(),
    sizingMode: SizingMode,
    equityPercent: PercentInput,
    fixedQuote: PositiveDecimalInput,
    maxPositions: z.number().int().min(1).max(100),
    defaultLeverage: z.number().int().min(1).max(125),
    maxLeverage: z.number().int().min(1).max(125),
    marginMode: z.enum(['cross', 'isolated']),
    riskPerTrade: PercentInput,
    stopLossPercent: PercentInput.nullable(),
    takeProfitPercent: PositiveDecimalInput.nullable(),
    trailingStop: z.literal(false, { error: 'Trailing stops are not available yet' }),
    allowedSymbols: SymbolList,
    blacklistedSymbols: SymbolList,
    maxNotional: PositiveDecimalInput.nullable(),
    maxSignalAgeSeconds: z.number().int().min(5).max(3600),
    spotTickerToPerp: z.boolean(),
  })
  .partial()
export type BotSettingsPatch = z.infer<typeof BotSettingsPatch>

export const getSettings = defineRoute({
  method: 'GET',
  path: '/api/bot/settings',
  policy: 'user',
  summary: 'Rules of the bot and its webhook address, token masked.',
  response: BotSettingsView,
})

export const patchSettings = defineRoute({
  method: 'PATCH',
  path: '/api/bot/settings',
  policy: 'user',
  summary: 'Change some of the rules.',
  body: BotSettingsPatch,
  response: BotSettingsView,
  errors: ['VALIDATION_FAILED'],
})

export const toggleBot = defineRoute({
  method: 'POST',
  path: '/api/bot/toggle',
  policy: 'user',
  summary: 'Switch the bot on or off. Closes run either way.',
  body: z.strictObject({ enabled: z.boolean() }),
  response: BotSettingsView,
})

export const rotateWebhook = defineRoute({
  method: 'POST',
  path: '/api/bot/webhook/rotate',
  policy: 'user',
  summary: 'Make a new webhook token. The full address is answered this once; the old one stops working.',
  response: z.object({ webhookUrl: z.string() }),
})

export const testAlert = defineRoute({
  method: 'POST',
  path: '/api/bot/test-alert',
  policy: 'user',
  summary: 'Send an alert through the same door as TradingView. It executes on paper and demo accounts only.',
  body: z.strictObject({
    symbol: z.string().min(3).max(40).default('BTCUSDT.P'),
    action: z.enum(['buy', 'sell', 'close']).default('buy'),
    quantity: PositiveDecimalInput.optional(),
  }),
  response: z.object({ signalId: z.string() }),
})

export const killSwitch = defineRoute({
  method: 'POST',
  path: '/api/bot/kill-switch',
  policy: 'user',
  summary: 'Stop every new entry of this user at once; closes and protection go on.',
  body: z.strictObject({ engaged: z.boolean(), reason: z.string().max(200).optional(), closePositions: z.boolean().default(false) }),
  response: z.object({ user: z.boolean(), global: z.boolean(), closing: z.array(z.string()) }),
})

export const globalKillSwitch = defineRoute({
  method: 'POST',
  path: '/api/admin/kill-switch',
  policy: 'super-admin',
  summary: 'Stop every new entry of every user at once.',
  body: z.strictObject({ engaged: z.boolean(), reason: z.string().max(200).optional() }),
  response: z.object({ global: z.boolean() }),
})
