import { z } from 'zod'
import { defineRoute } from '../http.ts'

/** The owner's webhook: its address with the token masked, who may send, and how it is doing. */
export const WebhookView = z.object({
  /** Token masked; null before the first one was made. */
  url: z.string().nullable(),
  /** The address that takes the token in the body. */
  oneAddressUrl: z.string(),
  lastSeenAt: z.string().nullable(),
  /** The token before this one, while it is still taken. */
  previous: z.object({ tail: z.string(), validUntil: z.string(), lastSeenAt: z.string().nullable() }).nullable(),
  onlyTradingView: z.boolean(),
  maxAgeSeconds: z.number().int().nullable(),
  /** What opens after a gap in the sender's positions waits for the missing alert. */
  holdGaps: z.boolean(),
  /** Markets whose alerts fired most in the last three minutes: TradingView stops an alert at the limit. */
  busiest: z.array(z.object({ ticker: z.string(), triggers: z.number().int() })),
  triggersMax: z.number().int(),
  allowedAddresses: z.array(z.string()),
})
export type WebhookView = z.infer<typeof WebhookView>

export const getWebhook = defineRoute({
  method: 'GET',
  path: '/api/bot/webhook',
  policy: 'user',
  summary: 'The webhook: masked address, last seen, limits, and markets whose alerts are about to be stopped by TradingView.',
  response: WebhookView,
})

export const patchWebhook = defineRoute({
  method: 'PATCH',
  path: '/api/bot/webhook',
  policy: 'user',
  summary: "Take alerts from TradingView's addresses only, limit the age of opens, or hold what comes after a gap.",
  body: z.strictObject({
    onlyTradingView: z.boolean().optional(),
    maxAgeSeconds: z.number().int().min(1).max(3_600).nullable().optional(),
    holdGaps: z.boolean().optional(),
  }),
  response: WebhookView,
  errors: ['CONFLICT'],
})

export const revokePreviousToken = defineRoute({
  method: 'POST',
  path: '/api/bot/webhook/revoke-previous',
  policy: 'user',
  summary: 'Stop the token before the present one at once.',
  response: WebhookView,
})
