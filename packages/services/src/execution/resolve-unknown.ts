import { recordFacts } from '@matic/db'
import type { AccountHandle, ExchangeFill, ExchangeOrder, ExchangePort, ExchangeResult } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import { applyPositions } from './apply-positions.ts'
import type { PositionReading } from './apply-positions.ts'
import type { ExecutionContext } from './context.ts'
import { orderFact } from './end-orders.ts'
import { holdLane } from './lane.ts'
import type { HeldLane } from './lane.ts'
import type { LaneOrder } from './lane-view.ts'
import { readPositions } from './read-positions.ts'
import { recordOrder } from './record-order.ts'
import { ATTEMPT_COLUMNS, isReducing, isTrigger } from './rows.ts'
import type { AttemptRow } from './rows.ts'

/** What the exchange knows of one client order id: the order, proof that nothing answers to it right now, or no answer. */
type Lookup = { readonly kind: 'found'; readonly seen: ExchangeOrder } | { readonly kind: 'absent' } | { readonly kind: 'unanswered' }

/** Asks the exchange about an order whose outcome is unknown, and writes down what that proves. */
export async function resolveUnknown(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  order: LaneOrder,
): Promise<void> {
  const attempt = await newestAttempt(ctx, order)
  if (!attempt) return settleWithoutAttempt(ctx, lane, order)

  const lookup = await lookUp(port, handle, order)
  if (lookup.kind === 'found') return adopt(ctx, port, handle, lane, order, lookup.seen, attempt)
  if (lookup.kind === 'unanswered') return lookLater(ctx, lane, attempt, { negative: false })
  if (!(await provesAbsence(ctx, attempt))) return lookLater(ctx, lane, attempt, { negative: true })
  if (await leftTrace(ctx, port, handle, order, attempt)) return lookLater(ctx, lane, attempt, { negative: true })
  await notPlaced(ctx, lane, order, attempt)
}

async function newestAttempt(ctx: ExecutionContext, order: LaneOrder): Promise<AttemptRow | undefined> {
  const rows = await ctx.db.query<AttemptRow>(
    `SELECT ${ATTEMPT_COLUMNS} FROM attempt a WHERE a.order_id = $1 AND a.resolved_at IS NULL ORDER BY a.number DESC LIMIT 1`,
    [order.id],
  )
  return rows[0]
}

/** SUBMITTING or UNKNOWN with every request answered: the answer was refusal, so the order may go out again. */
async function settleWithoutAttempt(ctx: ExecutionContext, lane: HeldLane, order: LaneOrder): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    await tx.query(`UPDATE trade_order SET state = 'READY', version = version + 1 WHERE id = $1 AND state IN ('SUBMITTING', 'UNKNOWN')`, [
      order.id,
    ])
  })
}

async function lookUp(port: ExchangePort, handle: AccountHandle, order: LaneOrder): Promise<Lookup> {
  const found = await port.findOrder(handle, { symbol: order.symbol, clientOrderId: order.clientOrderId, isTrigger: isTrigger(order) })
  if (found.ok) return { kind: 'found', seen: found.value }
  if (found.failure.verdict !== 'NOT_FOUND') return { kind: 'unanswered' }

  const open = await port.fetchOpenOrders(handle, order.symbol)
  if (!open.ok) return { kind: 'unanswered' }
  const resting = open.value.find((candidate) => candidate.clientOrderId === order.clientOrderId)
  return resting ? { kind: 'found', seen: resting } : { kind: 'absent' }
}

/**
 * Takes the order over as the exchange has it. What it filled is in the position list by then, or the list lags and we look again:
 * a fill must never be counted twice, nor a position be taken for flat.
 */
async function adopt(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  order: LaneOrder,
  seen: ExchangeOrder,
  attempt: AttemptRow,
): Promise<void> {
  const filledNow = new Decimal(seen.filledBase).sub(order.filledBase)
  const movedPosition = filledNow.gt(0) && !isTrigger(order)
  const reading = movedPosition ? await readPositions(ctx, port, handle) : undefined
  if (reading && !reading.ok) return lookLater(ctx, lane, attempt, { negative: false })
  if (reading && (await listLags(ctx, port, handle, order, seen, attempt, reading.value)))
    return lookLater(ctx, lane, attempt, { negative: false })

  const ids = await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    const moved = reading
      ? await applyPositions(tx, ctx, lane, reading.value, { only: order, settled: new Set([`${order.symbol} ${order.positionSide}`]) })
      : undefined
    const recorded = await recordOrder(tx, ctx, { lane, orderId: order.id, seen, sentAtMs: null })
    if (moved)
      await tx.query(
        `UPDATE position SET route_id = coalesce(route_id, $3) WHERE account_id = $1 AND symbol = $2 AND position_side = $4 AND quantity_base > 0`,
        [lane.accountId, order.symbol, order.routeId, order.positionSide],
      )
    return recordFacts(tx, [...(moved?.facts ?? []), ...recorded.facts])
  })
  ctx.log.info({ orderId: order.id, state: seen.status, lookups: attempt.lookups + 1 }, 'order of unknown outcome found at the exchange')
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
}

/** Does the list of positions not show yet what the found order did? Its own fills tell. */
async function listLags(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  order: LaneOrder,
  seen: ExchangeOrder,
  attempt: AttemptRow,
  reading: PositionReading,
): Promise<boolean> {
  const fills = await port.fetchFills(handle, { symbol: order.symbol, sinceMs: Number(attempt.signedAtMs) - 1_000 })
  if (!fills.ok) return true
  const own = fills.value.filter((fill) => fill.exchangeOrderId === seen.exchangeOrderId)
  if (sum(own).lt(seen.filledBase)) return true

  const listed = reading.positions.find((position) => position.symbol === order.symbol && position.positionSide === order.positionSide)
  const listedSide = listed && (listed.side === 'LONG' ? 'buy' : 'sell')
  if (isReducing(order))
    return listed !== undefined && listedSide !== order.side && (await stillWhole(ctx, order, seen, listed.quantityBase, attempt))
  if (listedSide === order.side) return false
  // An open of ours, yet no position on its side: either something closed it since, or the list is late.
  const firstOwn = fills.value.findIndex((fill) => fill.exchangeOrderId === seen.exchangeOrderId)
  const after = sum(fills.value.slice(firstOwn).filter((fill) => fill.side !== order.side && fill.positionSide === order.positionSide))
  return after.lt(seen.filledBase)
}

/** The list shows more than our row less what this order took off it. Long after the request that is the truth, not a late list. */
async function stillWhole(
  ctx: ExecutionContext,
  order: LaneOrder,
  seen: ExchangeOrder,
  listedBase: string,
  attempt: AttemptRow,
): Promise<boolean> {
  const rows = await ctx.db.query<{ quantityBase: string; early: boolean }>(
    `SELECT quantity_base AS "quantityBase", clock_timestamp() < $3::timestamptz + make_interval(secs => $4) AS early FROM position WHERE account_id = $1 AND symbol = $2 AND position_side = $5`,
    [order.accountId, order.symbol, attempt.createdAt, (2 * ctx.timings.replicaLagMs) / 1000, order.positionSide],
  )
  const row = rows[0]
  return row !== undefined && row.early && new Decimal(listedBase).gt(new Decimal(row.quantityBase).sub(seen.filledBase))
}

function sum(fills: readonly ExchangeFill[]): Decimal {
  return fills.reduce((total, fill) => total.add(fill.quantityBase), new Decimal(0))
}

/** This absence would be the third at least, and too late for any copy of the request still to be accepted or to be invisible. */
async function provesAbsence(ctx: ExecutionContext, attempt: AttemptRow): Promise<boolean> {
  const rows = await ctx.db.query<{ late: boolean }>(`SELECT clock_timestamp() > $1::timestamptz + make_interval(secs => $2) AS late`, [
    attempt.createdAt,
    ctx.timings.notPlacedAfterMs / 1000,
  ])
  return attempt.negatives + 1 >= ctx.timings.minNegativeLookups && rows[0]?.late === true
}

/** Fills since the request was signed that no order of ours explains. A failed query proves nothing, so it counts as a trace. */
async function leftTrace(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  order: LaneOrder,
  attempt: AttemptRow,
): Promise<boolean> {
  const fills = await port.fetchFills(handle, { symbol: order.symbol, sinceMs: Number(attempt.signedAtMs) - 1_000 })
  if (!fills.ok) return true
  const positions: ExchangeResult<unknown> = await port.fetchPositions(handle)
  if (!positions.ok) return true

  const sameSide = fills.value.filter((fill) => fill.side === order.side && fill.positionSide === order.positionSide)
  if (sameSide.length === 0) return false
  const explained = await ctx.db.query<{ exchangeOrderId: string }>(
    `SELECT exchange_order_id AS "exchangeOrderId" FROM trade_order WHERE account_id = $1 AND exchange_order_id = ANY($2::text[])
     UNION SELECT exchange_order_id FROM fill WHERE account_id = $1 AND order_id IS NOT NULL AND exchange_order_id = ANY($2::text[])`,
    [order.accountId, sameSide.map((fill) => fill.exchangeOrderId)],
  )
  const known = new Set(explained.map((row) => row.exchangeOrderId))
  const strange = sameSide.filter((fill) => !known.has(fill.exchangeOrderId))
  // Somebody else's hand at the same account looks the same; after that long without the order itself, it was that.
  const givenUp = attempt.lookups > 40
  if (strange.length > 0 && !givenUp)
    ctx.log.warn({ orderId: order.id, fills: strange.length }, 'fills that no known order explains while an order is missing')
  return strange.length > 0 && !givenUp
}

async function lookLater(ctx: ExecutionContext, lane: HeldLane, attempt: AttemptRow, { negative }: { negative: boolean }): Promise<void> {
  const { lookupDelaysMs, lookupEveryMs } = ctx.timings
  await ctx.db.transaction(async (tx) => {
    const nowMs = await holdLane(tx, ctx, lane)
    const sinceMs = nowMs - attempt.createdAt.getTime()
    const nextMs = lookupDelaysMs.find((delay) => delay > sinceMs) ?? sinceMs + lookupEveryMs
    await tx.query(
      `UPDATE attempt SET state = 'UNKNOWN', lookups = lookups + 1, negatives = negatives + $2,
              last_negative_at = CASE WHEN $2 > 0 THEN clock_timestamp() ELSE last_negative_at END,
              next_lookup_at = created_at + make_interval(secs => $3)
        WHERE id = $1`,
      [attempt.id, negative ? 1 : 0, nextMs / 1000],
    )
    await tx.query(`UPDATE attempt SET state = 'UNKNOWN', next_lookup_at = $2 WHERE order_id = $1 AND resolved_at IS NULL AND id <> $3`, [
      attempt.orderId,
      new Date(attempt.createdAt.getTime() + nextMs),
      attempt.id,
    ])
    await tx.query(`UPDATE trade_order SET state = 'UNKNOWN', version = version + 1 WHERE id = $1 AND state = 'SUBMITTING'`, [
      attempt.orderId,
    ])
  })
}

/** Proven: the exchange never had it. An open whose time is over ends EXPIRED at the next plan, everything else goes out again. */
async function notPlaced(ctx: ExecutionContext, lane: HeldLane, order: LaneOrder, attempt: AttemptRow): Promise<void> {
  const ids = await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    await tx.query(
      `UPDATE attempt SET state = 'NOT_PLACED', negatives = negatives + 1, lookups = lookups + 1, last_negative_at = clock_timestamp(), resolved_at = clock_timestamp(), next_lookup_at = NULL WHERE order_id = $1 AND resolved_at IS NULL`,
      [order.id],
    )
    await tx.query(`UPDATE trade_order SET state = 'READY', not_before = NULL, version = version + 1 WHERE id = $1`, [order.id])
    return recordFacts(tx, [orderFact(order, { state: 'READY', reason: 'NOT_PLACED' })])
  })
  ctx.log.info({ orderId: order.id, attempt: attempt.number }, 'the exchange never had this order')
  ctx.bus.publish('facts', { ids })
}
