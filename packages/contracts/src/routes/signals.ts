import { z } from 'zod'
import { Alert } from '../alert.ts'
import { defineRoute, PageQuery } from '../http.ts'
import { OrderView } from './exchange.ts'
import { AttemptView, FillView } from './orders.ts'

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

/**
 * REPLAY is a stored signal decided once more, on paper accounts only. RELEASE carries out one that was held. FOLLOW is for one follow alone:
 * what it joins with, or its end. ACCOUNT is what became of a position on an account that is mirrored.
 */
export const SIGNAL_SOURCES = ['WEBHOOK', 'MANUAL', 'TEST', 'REPLAY', 'RELEASE', 'FOLLOW', 'ACCOUNT'] as const
export type SignalSource = (typeof SIGNAL_SOURCES)[number]

export const HOLD_STATES = ['HELD', 'EXPIRED', 'RELEASED', 'PASSED', 'DROPPED'] as const
export type HoldState = (typeof HOLD_STATES)[number]

/**
 * A signal that opened nothing because one before it is missing. HELD waits for it. EXPIRED waits no more: only its owner can have it carried
 * out. PASSED: the sender has moved on. Positions are words, such as `long 0.5`.
 */
export const HoldView = z.object({
  state: z.enum(HOLD_STATES),
  missingFrom: z.string(),
  missingTo: z.string(),
  heldAt: z.string(),
  expiresAt: z.string(),
  settledAt: z.string().nullable(),
  /** The signal that carries it out. */
  releaseId: z.string().nullable(),
})
export type HoldView = z.infer<typeof HoldView>

export const SignalView = z.object({
  kind: z.literal('signal'),
  id: z.string(),
  source: z.enum(SIGNAL_SOURCES),
  ticker: z.string(),
  receivedAt: z.string(),
  state: z.string(),
  deliveries: z.number().int(),
  alert: Alert,
  hold: HoldView.nullable(),
  decisions: z.array(DecisionView),
  orders: z.array(OrderView),
  steps: z.array(TraceStep),
})
export type SignalView = z.infer<typeof SignalView>

/** A delivery that made no signal; `message` says what to fix. */
export const RejectedView = z.object({
  kind: z.literal('rejected'),
  id: z.string(),
  receivedAt: z.string(),
  errorCode: z.string().nullable(),
  message: z.string(),
  rawBody: z.string(),
})
export type RejectedView = z.infer<typeof RejectedView>

/** A line of the signal log. */
export const SignalLogEntry = z.discriminatedUnion('kind', [SignalView, RejectedView])
export type SignalLogEntry = z.infer<typeof SignalLogEntry>

/** waiting: not decided yet. held: waits for one before it, or for its owner. orders: decided to trade, whatever came of it. refused: an order ended without a fill because somebody said no. */
export const SIGNAL_OUTCOMES = ['waiting', 'held', 'orders', 'filled', 'refused', 'blocked', 'skipped', 'rejected'] as const

/** What narrows the signal log. `text` looks into the body as it came, and takes a signal's or a client order's id. */
export const SignalFilter = z.object({
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  symbol: z.string().trim().min(1).max(60).optional(),
  outcome: z.enum(SIGNAL_OUTCOMES).optional(),
  /** A reason of a decision or an order, or the error code of a rejected delivery. */
  reason: z.string().trim().min(1).max(60).optional(),
  source: z.enum(SIGNAL_SOURCES).optional(),
  accountId: z.uuid().optional(),
  text: z.string().trim().min(1).max(200).optional(),
})
export type SignalFilter = z.infer<typeof SignalFilter>

export const listSignals = defineRoute({
  method: 'GET',
  path: '/api/signals',
  policy: 'user',
  summary: 'The signal log, newest first: signals with their decisions, orders and the time of each step, and rejected deliveries.',
  query: SignalFilter.extend(PageQuery.shape).extend({ kind: z.enum(['all', 'signal', 'rejected']).default('all') }),
  response: z.array(SignalLogEntry),
})

export const getSignal = defineRoute({
  method: 'GET',
  path: '/api/signals/:id',
  policy: 'user',
  summary: 'One signal, with its raw body, secrets in it hidden.',
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
  response: z.array(RejectedView),
})

/** One order as it would be. Quantities base, prices quote per base; fractions of the entry price, or of the position for a reduction. */
export const DryOrder = z.object({
  leg: z.string(),
  side: z.enum(['buy', 'sell']),
  type: z.string(),
  symbol: z.string(),
  quantityBase: z.string().nullable(),
  reduceFraction: z.string().nullable(),
  price: z.string().nullable(),
  leverage: z.number().int().nullable(),
  reduceOnly: z.boolean(),
  stopPrice: z.string().nullable(),
  targetPrice: z.string().nullable(),
  stopFraction: z.string().nullable(),
  targetFraction: z.string().nullable(),
})

export const DryDecision = z.object({
  account: z.object({ id: z.string(), label: z.string(), exchange: z.string(), environment: z.string() }),
  outcome: z.enum(['ORDERS', 'SKIPPED', 'BLOCKED']),
  intent: z.string(),
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
  numbers: z.record(z.string(), z.unknown()),
  symbol: z.string().nullable(),
  orders: z.array(DryOrder),
})
export type DryDecision = z.infer<typeof DryDecision>

/** How a body is read, and what would become of it on each account. `problem` says what to fix where it cannot be read. */
export const DryRun = z.object({
  alert: Alert.nullable(),
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  decisions: z.array(DryDecision),
})
export type DryRun = z.infer<typeof DryRun>

export const dryRun = defineRoute({
  method: 'POST',
  path: '/api/signals/dry-run',
  policy: 'user',
  summary: 'What an alert would do at this moment, by the very decision that would carry it out. Nothing is stored and nothing is sent.',
  body: z.strictObject({ body: z.string().max(16_384), accountId: z.uuid().optional() }),
  response: DryRun,
  errors: ['CONFLICT'],
})

export const replaySignal = defineRoute({
  method: 'POST',
  path: '/api/signals/:id/replay',
  policy: 'user',
  summary: 'Decide a stored signal once more, as a new one and on paper accounts only.',
  params: z.object({ id: z.uuid() }),
  body: z.strictObject({ accountId: z.uuid().optional() }).optional(),
  response: z.object({ signalId: z.string() }),
  errors: ['NOT_FOUND', 'NO_ACCOUNT', 'CONFLICT'],
})

export const settleHold = defineRoute({
  method: 'POST',
  path: '/api/signals/:id/hold',
  policy: 'user',
  summary: 'Carry out a held signal although one before it is missing, or drop it for good.',
  params: z.object({ id: z.uuid() }),
  body: z.strictObject({ action: z.enum(['carry-out', 'drop']) }),
  /** The signal that carries it out; null for a drop. */
  response: z.object({ signalId: z.string().nullable() }),
  errors: ['NOT_FOUND', 'CONFLICT'],
})

/**
 * Bytes as they came, but for secrets: `hidden` places show *** instead. `bytes` and `sha256` are of what came. `hex` stands where the bytes
 * are not plain text; `text` then is only an approximation.
 */
export const BodyView = z.object({
  bytes: z.number().int(),
  text: z.string(),
  hex: z.string().nullable(),
  sha256: z.string(),
  hidden: z.number().int(),
})
export type BodyView = z.infer<typeof BodyView>

export const DeliveryView = z.object({
  id: z.string(),
  outcome: z.string(),
  receivedAt: z.string(),
  /** Milliseconds after the first delivery. */
  afterMs: z.number(),
  statusCode: z.number().int(),
  /** When the answer was fully written; null when the sender may not have got it. */
  acknowledgedAt: z.string().nullable(),
  requestId: z.string().nullable(),
})
export type DeliveryView = z.infer<typeof DeliveryView>

/** Moments on the way of a signal on one account, in the order in which they can happen. */
export const TIMELINE_POINTS = [
  'received',
  'committed',
  'dispatched',
  'decided',
  'queued',
  'sent',
  'acknowledged',
  'filled',
  'protected',
  'ended',
] as const
export type TimelinePoint = (typeof TIMELINE_POINTS)[number]

/** From the point before to this one. startMs counts from the arrival; whole milliseconds, so that the spans add up to totalMs exactly. */
export const TimelineSpan = z.object({ point: z.enum(TIMELINE_POINTS), startMs: z.number().int(), ms: z.number().int() })
export type TimelineSpan = z.infer<typeof TimelineSpan>

/** startedAtMs: epoch ms of the arrival. */
export const Timeline = z.object({ startedAtMs: z.number().int(), totalMs: z.number().int(), spans: z.array(TimelineSpan) })
export type Timeline = z.infer<typeof Timeline>

export const TracedOrder = OrderView.extend({ attempts: z.array(AttemptView), fills: z.array(FillView) })
export type TracedOrder = z.infer<typeof TracedOrder>

/** What the signal became on one account: the decision with its numbers, every order and request, and what guards the position. */
export const TracedRoute = z.object({
  routeId: z.string(),
  account: z.object({ id: z.string(), label: z.string(), exchange: z.string(), environment: z.string() }),
  decision: DecisionView.extend({ decidedAt: z.string() }),
  orders: z.array(TracedOrder),
  /** Stops and targets of the position that the signal opened. */
  protection: z.array(TracedOrder),
  timeline: Timeline,
})
export type TracedRoute = z.infer<typeof TracedRoute>

export const SignalTrace = z.object({
  kind: z.literal('signal'),
  id: z.string(),
  source: z.enum(SIGNAL_SOURCES),
  ticker: z.string(),
  state: z.string(),
  receivedAt: z.string(),
  requestId: z.string().nullable(),
  body: BodyView,
  alert: Alert,
  hold: HoldView.nullable(),
  deliveries: z.array(DeliveryView),
  routes: z.array(TracedRoute),
  /** As far as it goes for every account alike. */
  timeline: Timeline,
})
export type SignalTrace = z.infer<typeof SignalTrace>

export const RejectedTrace = RejectedView.omit({ rawBody: true }).extend({
  statusCode: z.number().int(),
  requestId: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
  body: BodyView,
})
export type RejectedTrace = z.infer<typeof RejectedTrace>

export const Trace = z.discriminatedUnion('kind', [SignalTrace, RejectedTrace])
export type Trace = z.infer<typeof Trace>

export const getSignalTrace = defineRoute({
  method: 'GET',
  path: '/api/signals/:id/trace',
  policy: 'user',
  summary:
    'Everything about one signal or rejected delivery: body, reading, deliveries, decision for each account with its numbers, orders with requests and answers, fills, protection, and a timeline whose spans add up.',
  params: z.object({ id: z.uuid() }),
  response: Trace,
  errors: ['NOT_FOUND'],
})
