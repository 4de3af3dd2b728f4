import { z } from 'zod'
import { defineRoute } from '../http.ts'

/** Answered bare, outside the envelope: monitors expect it so. */
export const Health = z.object({ status: z.literal('ok'), timestamp: z.string() })

/** down: does not answer. late: answers, but nothing new comes from it. */
export const CheckState = z.enum(['ok', 'late', 'down'])
export type CheckState = z.infer<typeof CheckState>

/**
 * What the platform can do at this moment. unavailable (503): alerts cannot be stored, send them elsewhere. degraded (200): alerts are
 * stored and answered, but something behind the door is missing, so that they wait.
 */
export const Readiness = z.object({
  status: z.enum(['ok', 'degraded', 'unavailable']),
  timestamp: z.string(),
  checks: z.object({
    /** PostgreSQL: without it nothing is taken. */
    database: CheckState,
    /** Queue that wakes workers; without it they find work by looking once a second. */
    queue: CheckState,
    /** At least one worker whose session in the database stands. */
    worker: CheckState,
    /** Prices of the paper venue keep coming. */
    venue: CheckState,
  }),
})
export type Readiness = z.infer<typeof Readiness>

/** The webhook door's answer, in the shape alert senders expect. */
export const WebhookAnswer = z.object({
  success: z.literal(true),
  message: z.literal('Webhook received'),
  responseTime: z.string(),
  signalId: z.string(),
  duplicate: z.boolean().optional(),
})

/** The one-address form's answer: what was accepted. What became of it is in the signal's trace. */
export const OneAddressAnswer = z.object({
  success: z.literal(true),
  message: z.string(),
  signalId: z.string(),
  duplicate: z.boolean().optional(),
  order_details: z.object({
    exchange: z.string().nullable(),
    action: z.string(),
    symbol: z.string(),
    results: z.object({ entry: z.object({ status: z.literal('accepted'), signal_id: z.string() }), leverage: z.string().nullable() }),
  }),
})

export const oneAddress = defineRoute({
  method: 'POST',
  path: '/api/webhook/tradingview',
  policy: 'public',
  summary: 'One address for everybody: the token stands in the body as `secret`, `account_id` names one account of its owner.',
  body: z.object({
    secret: z.string(),
    action: z.string().describe('LONG, SHORT, CLOSE_LONG, CLOSE_SHORT or CLOSE_ALL'),
    symbol: z.string().optional(),
    account_id: z.string().optional(),
    exchange: z.string().optional(),
    leverage: z.union([z.string(), z.number()]).optional(),
  }),
  response: OneAddressAnswer,
  errors: ['WEBHOOK_SECRET_INVALID', 'ACCOUNT_NOT_FOUND', 'ALERT_EMPTY', 'ALERT_TOO_LARGE', 'ALERT_NOT_UNDERSTOOD', 'STORAGE_UNAVAILABLE'],
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
