import { recordFacts } from '@matic/db'
import type { AccountHandle, ExchangeOrder, ExchangePort } from '@matic/exchange/port'
import { applyPositions } from '../execution/apply-positions.ts'
import type { ExecutionContext } from '../execution/context.ts'
import { holdLane } from '../execution/lane.ts'
import type { HeldLane } from '../execution/lane.ts'
import { readPositions } from '../execution/read-positions.ts'
import type { OrderRow } from '../execution/rows.ts'
import { isTrigger } from '../execution/rows.ts'
import { legsToTell, scheduleReading } from '../mirror/index.ts'
import { readingFailed } from './reading-failed.ts'
import { symbolsThatMoved } from './symbols-that-moved.ts'

/** Rounds of glancing between two whole readings. */
const ROUNDS = 5

/**
 * Asks a quiet account for its positions alone: one request instead of five. Whatever matters shows there, for a stop or target that was hit
 * changes the position.
 * @returns true when nothing moved and the round is done
 */
export async function glance(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  working: readonly OrderRow[],
): Promise<boolean> {
  if (working.some((order) => !isTrigger(order)) || !(await wasReadLately(ctx, lane))) return false
  const reading = await readPositions(ctx, port, handle)
  if (!reading.ok) {
    await readingFailed(ctx, lane, reading.failure)
    return true
  }
  if ((await symbolsThatMoved(ctx, lane, { positions: reading.value.positions, ours: new Map() }, [])).length > 0) return false
  if (await legsToTell(ctx.db, lane.accountId, (symbols) => readOrders(port, handle, symbols))) return false

  const ids = await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    const { facts } = await applyPositions(tx, ctx, lane, reading.value)
    const inMs = reading.value.positions.length > 0 || working.length > 0 ? ctx.timings.reconcileBusyMs : ctx.timings.reconcileIdleMs
    await scheduleReading(tx, { accountId: lane.accountId, askedAtMs: reading.value.askedAtMs, inMs, timings: ctx.timings })
    return recordFacts(tx, facts)
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return true
}

/** Where somebody follows what becomes of the account, a stop that was moved is not for the next whole reading. What could not be read is. */
async function readOrders(port: ExchangePort, handle: AccountHandle, symbols: readonly string[]): Promise<readonly ExchangeOrder[]> {
  const read = await Promise.all(symbols.map((symbol) => port.fetchOpenOrders(handle, symbol)))
  return read.flatMap((orders) => (orders.ok ? orders.value : []))
}

/** Read whole within the last rounds, and nobody asks for more. */
async function wasReadLately(ctx: ExecutionContext, lane: HeldLane): Promise<boolean> {
  const rows = await ctx.db.query<{ lately: boolean }>(
    `SELECT s.synced_at > clock_timestamp() - make_interval(secs => $2) AND l.reconcile_at > 'epoch' AS lately
       FROM lane l JOIN account_state s ON s.account_id = l.account_id WHERE l.account_id = $1`,
    [lane.accountId, (ROUNDS * ctx.timings.reconcileBusyMs) / 1000],
  )
  return rows[0]?.lately === true
}
