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

export const webhook = defineRoute({
  method: 'POST',
  path: '/api/webhook/:userId/:token',
  policy: 'public',
  summary: 'The door for alerts. Answers once the alert is stored for good.',
  params: z.object({ userId: z.string(), token: z.string() }),
  response: WebhookAnswer,
  errors: ['WEBHOOK_NOT_FOUND', 'ALERT_EMPTY', 'ALERT_TOO_LARGE', 'ALERT_NOT_UNDERSTOOD', 'STORAGE_UNAVAILABLE'],
})
