import type { OrderState, ReasonCode, ReasonNumbers } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import type { NewFact, Transaction } from '@matic/db'
import type { ExchangeFailure } from '@matic/exchange/port'
import { noteRefusedKey } from '../accounts/refused-key.ts'
import type { ExecutionContext } from './context.ts'
import { orderFact } from './end-orders.ts'
import { insertNextRevision } from './insert-orders.ts'
import { holdLane, reconcileSoon } from './lane.ts'
import { isClose, isProtection, isReducing } from './rows.ts'
import { keyOf, lockPosition, positionFact } from './position-rows.ts'
import { noteProtection } from './protected.ts'
import { lockShares } from './share-rows.ts'
import type { Send } from './write-ahead.ts'

const OVERLOAD_DELAYS_MS = [200, 400, 800, 1_600, 3_200]
const TRIES_OF_OPEN = 5
const TRIES_OF_CLOSE = 190
const WAITS_FOR_OTHERS_MS = 60_000

/** What a failed send makes of its order. Times are database ms. */
type Outcome =
  | { readonly kind: 'unknown'; readonly lookupInMs: number }
  /** Provably not placed: the same order may go out again. */
  | { readonly kind: 'again'; readonly inMs: number }
  /** Too small while shares on the other side stand against it; asked again now and then. */
  | { readonly kind: 'waits'; readonly inMs: number; readonly numbers: ReasonNumbers }
  | { readonly kind: 'ended'; readonly state: OrderState; readonly reason: ReasonCode; readonly numbers: ReasonNumbers }

/** Writes down a failed send: settled only where the answer proves it, else unknown. */
export async function recordFailure(ctx: ExecutionContext, send: Send, failure: ExchangeFailure): Promise<void> {
  const { lane, order } = send
  if (failure.verdict === 'BACK_OFF' || failure.verdict === 'OVERLOAD') {
    ctx.circuit.pause(lane.exchange, send.attempt.createdAtMs + (failure.retryAfterMs ?? delayOf(order.tries) * ctx.timings.scale))
  }
  const ids = await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    const outcome = outcomeOf(ctx, send, failure)
    const facts = await writeOutcome(tx, ctx, send, failure, outcome)
    if (failure.verdict === 'AUTH') facts.push(...(await noteRefusedKey(tx, lane, failure)))
    if (failure.reason === 'REJECTED_POSITION_MODE') await readModeAgain(tx, lane.accountId)
    return recordFacts(tx, facts)
  })
  if (failure.reason === 'REJECTED_POSITION_MODE') ctx.keys.forget(lane.accountId)
  if (failure.verdict === 'AUTH') {
    ctx.keys.forget(lane.accountId)
    ctx.exchanges.get(lane.exchange)?.forget(lane.accountId)
  }
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
}

function outcomeOf(ctx: ExecutionContext, { order, request }: Send, failure: ExchangeFailure): Outcome {
  const { timings, sabotage } = ctx
  const numbers = { code: failure.code, text: failure.text }
  const tries = order.tries + 1
  const ended = (state: OrderState, reason: ReasonCode): Outcome => ({ kind: 'ended', state, reason, numbers: { ...numbers, tries } })
  const spent = tries >= (isReducing(order) ? TRIES_OF_CLOSE : TRIES_OF_OPEN)

  switch (failure.verdict) {
    case 'AUTH':
      return ended('REJECTED', 'KEY_INVALID')
    case 'ADOPT':
      return { kind: 'unknown', lookupInMs: 0 }
    case 'CLOCK':
      return spent ? ended('REJECTED', 'CLOCK_SKEW') : { kind: 'again', inMs: 0 }
    case 'BACK_OFF':
    case 'OVERLOAD':
      return spent
        ? ended('REJECTED', 'RATE_LIMITED')
        : {
            kind: 'again',
            inMs: isReducing(order) ? delayOf(order.tries) * timings.scale : (failure.retryAfterMs ?? delayOf(order.tries) * timings.scale),
          }
    case 'MOOT':
      // Nothing there to close, it says: the next plan reads the position and either agrees or sends again.
      if (isReducing(order) && !isProtection(order))
        return spent ? ended('DEAD', 'DEAD') : { kind: 'again', inMs: Math.min(50 * 2 ** order.tries, 10_000) * timings.scale }
      return ended('REJECTED', failure.reason)
    case 'REJECTED':
      if (failure.reason === 'REJECTED_MINIMUM' && isClose(order) && !request.reduceOnly && !request.closePosition)
        return { kind: 'waits', inMs: WAITS_FOR_OTHERS_MS * timings.scale, numbers }
      return ended('REJECTED', failure.reason)
    case 'NO_OP':
      return ended('REJECTED', failure.reason)
    case 'NOT_FOUND':
    case 'UNKNOWN':
      // A wire that is down comes back: an open tries until its time is over. Anything else that keeps it here is a fault of ours.
      if (failure.execution === 'not-sent' && spent && !failure.retryable) return ended('DEAD', 'DEAD')
      if (failure.execution === 'not-sent') return { kind: 'again', inMs: delayOf(order.tries) * timings.scale }
      if (failure.execution === 'refused') return ended('REJECTED', failure.reason)
      return sabotage.resendOnTimeout
        ? { kind: 'again', inMs: 0 }
        : { kind: 'unknown', lookupInMs: timings.lookupDelaysMs[0] ?? timings.lookupEveryMs }
  }
}

function delayOf(tries: number): number {
  return OVERLOAD_DELAYS_MS[Math.min(tries, OVERLOAD_DELAYS_MS.length - 1)] ?? 1_000
}

async function writeOutcome(
  tx: Transaction,
  ctx: ExecutionContext,
  send: Send,
  failure: ExchangeFailure,
  outcome: Outcome,
): Promise<NewFact[]> {
  const { order } = send
  const settled = outcome.kind !== 'unknown'
  await tx.query(
    `UPDATE attempt SET state = $2, answer_code = $3, answer_text = $4, resolved_at = CASE WHEN $5 THEN clock_timestamp() END,
            next_lookup_at = CASE WHEN $5 THEN NULL ELSE clock_timestamp() + make_interval(secs => $6) END
      WHERE id = $1`,
    [
      send.attempt.id,
      settled ? 'REJECTED' : 'UNKNOWN',
      failure.code,
      failure.text.slice(0, 500),
      settled,
      (outcome.kind === 'unknown' ? outcome.lookupInMs : 0) / 1000,
    ],
  )
  const open = await tx.query(`SELECT 1 FROM attempt WHERE order_id = $1 AND resolved_at IS NULL LIMIT 1`, [order.id])
  // An earlier request of the same order may still turn out to have been accepted: only its lookups can end the order.
  if (!settled || open.length > 0) {
    await tx.query(`UPDATE trade_order SET state = 'UNKNOWN', version = version + 1 WHERE id = $1`, [order.id])
    return [orderFact(order, { state: 'UNKNOWN', reason: 'UNKNOWN_OUTCOME' })]
  }
  if (outcome.kind === 'again') {
    await tx.query(
      `UPDATE trade_order SET state = 'READY', not_before = clock_timestamp() + make_interval(secs => $2), version = version + 1 WHERE id = $1`,
      [order.id, outcome.inMs / 1000],
    )
    if (failure.verdict === 'MOOT') await distrustPosition(tx, order)
    return []
  }
  if (outcome.kind === 'waits') {
    await tx.query(
      `UPDATE trade_order SET state = 'READY', not_before = clock_timestamp() + make_interval(secs => $2), tries = 0, reason = 'CLOSE_WAITS', reason_numbers = $3, version = version + 1 WHERE id = $1`,
      [order.id, outcome.inMs / 1000, JSON.stringify(outcome.numbers)],
    )
    return [orderFact(order, { state: 'READY', reason: 'CLOSE_WAITS' })]
  }
  return endSent(tx, ctx, send, outcome)
}

async function endSent(
  tx: Transaction,
  ctx: ExecutionContext,
  send: Send,
  outcome: Extract<Outcome, { kind: 'ended' }>,
): Promise<NewFact[]> {
  const { order } = send
  const facts: NewFact[] = []
  const closing = isReducing(order) && !isProtection(order)
  // Nothing left to close is success; a close that was refused for any other reason is tried again with what is there then.
  const again = isClose(order) && outcome.reason !== 'KEY_INVALID' && order.revision < TRIES_OF_CLOSE
  await tx.query(
    `UPDATE trade_order SET state = $2, reason = $3, reason_numbers = $4, ended_at = clock_timestamp(), version = version + 1 WHERE id = $1`,
    [order.id, outcome.state, outcome.reason, JSON.stringify(outcome.numbers)],
  )
  facts.push(orderFact(order, { state: outcome.state, reason: outcome.reason }))
  // A position's own closes come back by themselves for as long as it is open.
  if (again && order.signalId !== null)
    await insertNextRevision(tx, ctx, order, Math.min(100 * 2 ** order.revision, 30_000) * ctx.timings.scale)
  if (closing) await distrustPosition(tx, order)
  if (isProtection(order)) await reconcileSoon(tx, send.lane, 0)
  if (isClose(order) || isProtection(order)) {
    const position = order.nets
      ? (await lockShares(tx, [order])).get(keyOf(order))
      : await lockPosition(tx, order.accountId, order.symbol, order.positionSide)
    const changed = position && (await noteProtection(tx, position))
    if (changed) facts.push(positionFact(changed))
  }
  return facts
}

/** The owner has changed it at the exchange: the account doctor looks now. */
async function readModeAgain(tx: Transaction, accountId: string): Promise<void> {
  await tx.query(`UPDATE account SET check_at = 'epoch' WHERE id = $1`, [accountId])
}

/** The next close of this symbol reads the position first. */
async function distrustPosition(tx: Transaction, order: Send['order']): Promise<void> {
  await tx.query(`UPDATE position SET synced_at = 'epoch' WHERE account_id = $1 AND symbol = $2`, [order.accountId, order.symbol])
}
