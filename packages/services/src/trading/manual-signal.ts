import {
  AppError,
  isTerminal,
  ORDER_STATES,
  UNRESOLVED_STATES,
  type Alert,
  type OrderState,
  type OrderView,
  type ReasonNumbers,
} from '@matic/contracts'
import type { ServiceContext } from '../context.ts'
import type { AnswerDesk } from '../requests/index.ts'
import type { SharedCommit } from '../webhook/index.ts'
import { ordersOfSignals, sentenceFor } from './orders.ts'

export type TradingContext = ServiceContext & { readonly ingest: SharedCommit; readonly desk: AnswerDesk }

/** What a manual signal became. */
export interface Placed {
  readonly signalId: string
  /** ORDERS, SKIPPED or BLOCKED; null while nobody has decided. */
  readonly decision: string | null
  readonly reason: string | null
  readonly reasonText: string | null
  readonly orders: OrderView[]
}

export interface Outcome {
  readonly placed: Placed
  /** False when the wait was over first. */
  readonly settled: boolean
}

interface ManualSignal {
  readonly userId: string
  readonly accountId: string
  readonly alert: Alert
  readonly rawBody: Uint8Array
  readonly requestId: string | null
}

const LOOK_EVERY_MS = 200

/** Puts a person's wish through the same door as alerts, and waits until the exchange has it or somebody said no. @throws AppError STORAGE_UNAVAILABLE */
export async function sendManualSignal({ ctx, input }: { ctx: TradingContext; input: ManualSignal }): Promise<Outcome> {
  const deadlineMs = ctx.clock.monotonic() + ctx.timings.apiRequestWaitMs
  using watch = ctx.desk.watchFacts()
  const { signalId } = await ctx.ingest.submit({
    id: ctx.newId(),
    userId: input.userId,
    source: 'MANUAL',
    sourceId: input.accountId,
    receivedAtMs: ctx.clock.now(),
    rawBody: input.rawBody,
    alert: input.alert,
    requestId: input.requestId,
    deliveryId: null,
  })

  for (;;) {
    const placed = await look(ctx, input, signalId)
    if (isSettled(placed)) return { placed, settled: true }
    const leftMs = deadlineMs - ctx.clock.monotonic()
    if (leftMs <= 0) return { placed, settled: false }
    await watch.next(Math.min(LOOK_EVERY_MS, leftMs))
  }
}

async function look(ctx: ServiceContext, { userId, accountId }: ManualSignal, signalId: string): Promise<Placed> {
  const [decision] = await ctx.db.query<{ outcome: string; reason: string | null; numbers: ReasonNumbers }>(
    'SELECT outcome, reason, numbers FROM decision WHERE signal_id = $1 AND user_id = $2 AND account_id = $3',
    [signalId, userId, accountId],
  )
  const orders = decision === undefined ? [] : await ordersOfSignals({ db: ctx.db, input: { userId, signalIds: [signalId] } })
  const reason = decision?.reason ?? null
  return { signalId, decision: decision?.outcome ?? null, reason, reasonText: sentenceFor(reason, decision?.numbers ?? null), orders }
}

function isSettled({ decision, orders }: Placed): boolean {
  if (decision === null) return false
  return (
    decision !== 'ORDERS' || orders.every((order) => order.state !== 'READY' && !UNRESOLVED_STATES.some((state) => state === order.state))
  )
}

/** @throws AppError ORDER_REFUSED, with the reason in words, when nothing of it reached the exchange */
export function assertNotRefused({ placed, settled }: Outcome): void {
  if (!settled) return
  if (placed.decision !== 'ORDERS') throw refused(placed.signalId, placed.reason, placed.reasonText)
  const failed = placed.orders.find((order) => order.ackedAt === null && isFailure(order.state))
  if (failed && placed.orders.every((order) => order.ackedAt === null)) throw refused(placed.signalId, failed.reason, failed.reasonText)
}

function isFailure(state: string): boolean {
  const known = ORDER_STATES.find((candidate): candidate is OrderState => candidate === state)
  return known !== undefined && isTerminal(known) && known !== 'FILLED' && known !== 'MOOT'
}

function refused(signalId: string, reason: string | null, text: string | null): AppError {
  return new AppError('ORDER_REFUSED', text ?? 'The order was refused', { details: { signalId, reason } })
}
