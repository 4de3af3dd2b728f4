import { z } from 'zod'
import { defineRoute } from '../http.ts'

/** Answered bare, outside the envelope: monitors expect it so. */
export const Health = z.object({ status: z.literal('ok'), timestamp: z.string() })

/** The webhook door's answer, in the shape alert senders expect. */
export const WebhookAnswer = z.object({
  success: z.literal(true),
  message: z.literal('Webhook received'),
  responseTime: z.string(),
  signalId: z.string(),
  duplicate: z.boolean().optional(),
})

export const webhook = defineRoute({
  method: 'POST',
  path: '/api/webhook/:userId/:token',
  policy: 'public',
  summary: 'The door for alerts. Answers once the alert is stored for good.',
  params: z.object({ userId: z.string(), token: z.string() }),
  response: WebhookAnswer,
  errors: ['WEBHOOK_NOT_FOUND', 'ALERT_EMPTY', 'ALERT_TOO_LARGE', 'ALERT_NOT_UNDERSTOOD', 'STORAGE_UNAVAILABLE'],
})
