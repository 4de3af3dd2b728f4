import { z } from 'zod'
import { StrategyState } from '../follow.ts'
import { defineRoute, PageQuery } from '../http.ts'
import { OrderView } from './exchange.ts'
import { DecisionView } from './signals.ts'

/** What became of one move of a leader in one follow. */
export const CopyDecisionView = DecisionView.omit({ accountId: true }).extend({
  signalId: z.string(),
  decidedAt: z.string(),
  /** From the alert's arrival to the decision. */
  tookMs: z.number().int(),
  orders: z.array(OrderView),
})
export type CopyDecisionView = z.infer<typeof CopyDecisionView>

export const listCopyDecisions = defineRoute({
  method: 'GET',
  path: '/api/follows/:followId/decisions',
  policy: 'user',
  summary: 'What became of each move of the leader in one follow, newest first: orders, or the reason with its numbers.',
  params: z.object({ followId: z.uuid() }),
  query: PageQuery.extend({ outcome: z.enum(['copied', 'not-copied']).optional() }),
  response: z.array(CopyDecisionView),
  errors: ['NOT_FOUND'],
})

/** One signal as it went out to followers. */
export const FanOutView = z.object({
  signalId: z.string(),
  strategyName: z.string(),
  ticker: z.string(),
  receivedAt: z.string(),
  /** Follows there were when it was committed, and decisions of them. */
  follows: z.number().int(),
  decisions: z.number().int(),
  copied: z.number().int(),
  /** From its arrival to the last decision; null before there is one. */
  lastDecisionMs: z.number().int().nullable(),
})
export type FanOutView = z.infer<typeof FanOutView>

export const CopyingHealth = z.object({
  /** (signal, follow) pairs without a decision, of all that was ever dealt with: always 0, or something is wrong. */
  gaps: z.number().int(),
  strategies: z.array(z.object({ state: StrategyState, count: z.number().int() })),
  follows: z.object({ active: z.number().int(), paused: z.number().int(), closeOnly: z.number().int(), stopped: z.number().int() }),
  fanOuts: z.array(FanOutView),
  countedAt: z.string(),
})
export type CopyingHealth = z.infer<typeof CopyingHealth>

export const getCopyingHealth = defineRoute({
  method: 'GET',
  path: '/api/admin/copying',
  policy: 'admin',
  summary: 'Copy trading as its operators see it: decisions that are missing, follows, and the last signals that went out to followers.',
  response: CopyingHealth,
})
