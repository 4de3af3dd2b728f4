import { z } from 'zod'
import { defineRoute } from '../http.ts'
import { Rules, RulesPatch } from '../rules.ts'
import { PositiveDecimalInput } from '../units.ts'

/** The rules of a person, and what else belongs to the bot. */
export const BotSettingsView = Rules.extend({
  isEnabled: z.boolean(),
  version: z.number().int(),
  /** Token masked. */
  webhookUrl: z.string().nullable(),
  webhookLastSeenAt: z.string().nullable(),
  killSwitch: z.object({ user: z.boolean(), global: z.boolean() }),
})
export type BotSettingsView = z.infer<typeof BotSettingsView>

export const BotSettingsPatch = RulesPatch.extend({ isEnabled: z.boolean().optional() })
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
  stepUp: true,
  summary: 'Make a new webhook token. The full address is answered this once; the old one stops, after the overlap if one is asked for.',
  body: z.strictObject({ overlapHours: z.number().int().min(0).max(24).default(0) }).optional(),
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
