import { z } from 'zod'
import { Alert } from '../alert.ts'
import { defineRoute, PageQuery } from '../http.ts'
import { OrderView } from './exchange.ts'

/** One step on a signal's way; ms counts from the moment the alert arrived. */
export const TraceStep = z.object({
  step: z.enum(['received', 'stored', 'decided', 'sent', 'acknowledged', 'filled', 'protected', 'ended']),
  at: z.string(),
  ms: z.number(),
})
export type TraceStep = z.infer<typeof TraceStep>

export const DecisionView = z.object({
  id: z.string(),
  accountId: z.string(),
  outcome: z.enum(['ORDERS', 'SKIPPED', 'BLOCKED']),
  intent: z.string(),
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
  numbers: z.record(z.string(), z.unknown()),
  symbol: z.string().nullable(),
})

export const SignalView = z.object({
  id: z.string(),
  source: z.enum(['WEBHOOK', 'MANUAL', 'TEST']),
  ticker: z.string(),
  receivedAt: z.string(),
  state: z.string(),
  deliveries: z.number().int(),
  alert: Alert,
  decisions: z.array(DecisionView),
  orders: z.array(OrderView),
  steps: z.array(TraceStep),
})
export type SignalView = z.infer<typeof SignalView>

export const listSignals = defineRoute({
  method: 'GET',
  path: '/api/signals',
  policy: 'user',
  summary: 'Signals with their decisions, orders and the time of each step, newest first.',
  query: PageQuery,
  response: z.array(SignalView),
})

export const getSignal = defineRoute({
  method: 'GET',
  path: '/api/signals/:id',
  policy: 'user',
  summary: 'One signal, with its raw body.',
  params: z.object({ id: z.uuid() }),
  response: SignalView.extend({ rawBody: z.string() }),
  errors: ['NOT_FOUND'],
})

export const listRejectedDeliveries = defineRoute({
  method: 'GET',
  path: '/api/signals/rejected',
  policy: 'user',
  summary: 'Deliveries that made no signal, with what to fix.',
  query: PageQuery,
  response: z.array(
    z.object({ id: z.string(), receivedAt: z.string(), errorCode: z.string().nullable(), message: z.string(), rawBody: z.string() }),
  ),
})
