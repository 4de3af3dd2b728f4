import { recordFacts } from '@matic/db'
import type { NewFact, Transaction } from '@matic/db'
import type { TradeFill } from '@matic/domain'
import type { AccountHandle, ExchangeFailure, ExchangeFill, ExchangePort } from '@matic/exchange/port'
import { applyPositions } from '../execution/apply-positions.ts'
import type { ExecutionContext } from '../execution/context.ts'
import { holdLane } from '../execution/lane.ts'
import type { HeldLane } from '../execution/lane.ts'
import { positionFact } from '../execution/position-rows.ts'
import { recordOrder } from '../execution/record-order.ts'
import { ORDER_COLUMNS } from '../execution/rows.ts'
import type { OrderRow } from '../execution/rows.ts'
import { nextReading, tellChanges } from '../mirror/index.ts'
import { adoptWishes } from './adopt-wishes.ts'
import { bookFills } from './book-fills.ts'
import type { MarketSide } from './book-fills.ts'
import { bookIncome } from './book-income.ts'
import { doubtSilence } from '../streams/stream-rows.ts'
import { cancelOrphans } from './cancel-orphans.ts'
import { finishCloses } from './finish-closes.ts'
import { readAccount } from './read-account.ts'
import type { AccountReading } from './read-account.ts'
import { readForced } from './read-forced.ts'
import { readingFailed } from './reading-failed.ts'
import { saveBalance } from './save-balance.ts'
import { settleShares } from './settle-shares.ts'
import { signedBase, symbolsThatMoved } from './symbols-that-moved.ts'

/**
 * Makes our rows what the exchange says: positions, working orders, fills, trades, ledger, balance. Runs in the account's lane, so nothing is
 * sent between reading and writing. Orders of ours that should not rest there are taken off. Where the account is mirrored, its followers are
 * told of what changed in the same commit.
 */
export async function reconcileAccount(ctx: ExecutionContext, port: ExchangePort, handle: AccountHandle, lane: HeldLane): Promise<void> {
  const working = await ctx.db.query<OrderRow>(
    `SELECT ${ORDER_COLUMNS} FROM trade_order o WHERE o.account_id = $1 AND o.state IN ('ACKED', 'PARTIAL')`,
    [lane.accountId],
  )
  const read = await readAccount(ctx, port, handle, working)
  if (!read.ok) return readingFailed(ctx, lane, read.failure)
  const reading = read.value
  await cancelOrphans(ctx, port, handle, lane, reading.openOrders)

  const movedSymbols = await symbolsThatMoved(ctx, lane, reading, working)
  const fills = await readFills(ctx, port, handle, lane, movedSymbols)
  if (!fills.ok) return readingFailed(ctx, lane, fills.failure)
  const forced = await readForced(ctx, port, handle, lane, fills.value)
  if (!forced.ok) return readingFailed(ctx, lane, forced.failure)
  const income = await readIncome(ctx, port, handle, lane, { askedAtMs: reading.askedAtMs, moved: movedSymbols.length > 0 })

  const { ids, told } = await ctx.db.transaction(async (tx) => {
    await holdLane(tx, ctx, lane)
    const facts: NewFact[] = []
    const funded = income ? await bookIncome(tx, ctx, lane, income.rows) : new Map<string, Date>()
    const unmoved = [...funded.keys()].filter((symbol) => !fills.value.has(symbol)).map((symbol) => [symbol, []] as const)

    await noteTriggered(tx, reading.ours)
    const settled = new Set<string>()
    const bookedSides: { side: MarketSide; fills: readonly TradeFill[] }[] = []
    for (const { side, own } of sidesOf(handle, new Map([...fills.value, ...unmoved]))) {
      const booked = await bookFills(tx, ctx, lane, side, own, { forced: forced.value, fundedAt: funded.get(side.symbol) })
      bookedSides.push({ side, fills: booked.fills })
      facts.push(...booked.facts)
      if (booked.netBase.eq(signedBase(reading, side))) settled.add(`${side.symbol} ${side.positionSide}`)
    }
    const applied = await applyPositions(tx, ctx, lane, reading, { settled })
    facts.push(...applied.facts)
    for (const [orderId, seen] of reading.ours) facts.push(...(await recordOrder(tx, ctx, { lane, orderId, seen, sentAtMs: null })).facts)
    for (const { side, fills: own } of bookedSides) await settleShares(tx, ctx, lane, side, own)
    await finishCloses(tx, ctx, lane)
    facts.push(...(await adoptWishes(tx, ctx, lane)).map(positionFact))
    facts.push(
      ...(await saveBalance(tx, ctx, lane, {
        balance: reading.balance,
        askedAtMs: reading.askedAtMs,
        incomeReadMs: income?.readMs ?? null,
      })),
    )

    const changes = await tellChanges(tx, ctx, lane, reading.openOrders)
    facts.push(...changes.facts)
    if (changes.signals > 0) await doubtSilence(tx, { accountId: lane.accountId, askedAtMs: reading.askedAtMs, timings: ctx.timings })
    const inMs = nextInMs(ctx, reading, working, applied.doubted.length > 0 || changes.waiting)
    await scheduleReading(tx, ctx, { accountId: lane.accountId, inMs, askedAtMs: reading.askedAtMs })
    const isNew = movedSymbols.length > 0 || applied.doubted.length > 0 || changes.waiting
    await noteCalm(tx, lane, !isNew && holdsNothing(reading, working))
    const factIds = await recordFacts(tx, facts)
    if (changes.signals > 0) ctx.crashPoints.pass('K15')
    return { ids: factIds, told: changes.signals }
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  if (told > 0) ctx.doorbell.ring('dispatch')
}

/** Fills by the side they belong to: one where long and short net out, two in a hedged account, and whatever an earlier mode left. */
function sidesOf(
  { positionMode }: AccountHandle,
  fills: ReadonlyMap<string, readonly ExchangeFill[]>,
): { side: MarketSide; own: readonly ExchangeFill[] }[] {
  const now: readonly MarketSide['positionSide'][] = positionMode === 'HEDGE' ? ['LONG', 'SHORT'] : ['BOTH']
  return [...fills].flatMap(([symbol, all]) =>
    [...new Set([...now, ...all.map((fill) => fill.positionSide)])].map((positionSide) => ({
      side: { symbol, positionSide },
      own: all.filter((fill) => fill.positionSide === positionSide),
    })),
  )
}

function nextInMs(ctx: ExecutionContext, reading: AccountReading, working: readonly OrderRow[], doubted: boolean): number {
  const { timings } = ctx
  if (doubted) return timings.sweepMs / 2
  if (working.some((order) => order.leg === 'open' || order.type === 'market' || order.type === 'limit')) return timings.orderPollMs
  return reading.positions.length > 0 || working.length > 0 ? timings.reconcileBusyMs : timings.reconcileIdleMs
}

async function scheduleReading(
  tx: Transaction,
  { timings }: ExecutionContext,
  { accountId, inMs, askedAtMs }: { accountId: string; inMs: number; askedAtMs: number },
): Promise<void> {
  const next = nextReading(timings, { inSeconds: '$2::float8', askedAtMs: '$3::float8' })
  await tx.query(`UPDATE lane SET reconcile_at = ${next} WHERE account_id = $1`, [accountId, inMs / 1000, askedAtMs])
}

/** No position, no order of anybody's. */
function holdsNothing({ positions, openOrders }: AccountReading, working: readonly OrderRow[]): boolean {
  return positions.length === 0 && openOrders.length === 0 && working.length === 0
}

/** From here on a look at it is enough, for some rounds. */
async function noteCalm(tx: Transaction, { accountId }: HeldLane, isCalm: boolean): Promise<void> {
  await tx.query('UPDATE lane SET is_calm = $2 WHERE account_id = $1 AND is_calm <> $2', [accountId, isCalm])
}

/** What has triggered fills under the id of the order that the exchange made for it: several in one round are told apart by that. */
async function noteTriggered(tx: Transaction, ours: AccountReading['ours']): Promise<void> {
  const triggered = [...ours].filter(([, seen]) => seen.isTrigger && seen.status === 'filled')
  if (triggered.length === 0) return
  await tx.query(
    `UPDATE trade_order o SET exchange_order_id = x.e FROM unnest($1::uuid[], $2::text[]) AS x(id, e) WHERE o.id = x.id AND o.exchange_order_id <> x.e`,
    [triggered.map(([orderId]) => orderId), triggered.map(([, seen]) => seen.exchangeOrderId)],
  )
}

type Fills =
  | { readonly ok: true; readonly value: ReadonlyMap<string, readonly ExchangeFill[]> }
  | { readonly ok: false; readonly failure: ExchangeFailure }

const OVERLAP_MS = 10_000

async function readFills(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  symbols: readonly string[],
): Promise<Fills> {
  const fills = new Map<string, readonly ExchangeFill[]>()
  for (const symbol of symbols) {
    const rows = await ctx.db.query<{ since: Date }>(
      `SELECT coalesce((SELECT max(at) FROM fill WHERE account_id = $1 AND symbol = $2), greatest((SELECT created_at FROM account WHERE id = $1), clock_timestamp() - interval '6 days')) AS since`,
      [lane.accountId, symbol],
    )
    const result = await port.fetchFills(handle, { symbol, sinceMs: (rows[0]?.since.getTime() ?? 0) - OVERLAP_MS })
    if (!result.ok) return result
    fills.set(symbol, result.value)
  }
  return { ok: true, value: fills }
}

/** When something was executed, and every now and then for funding and transfers. Unread is not an error: the next round reads it. */
async function readIncome(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  lane: HeldLane,
  { askedAtMs, moved }: { askedAtMs: number; moved: boolean },
) {
  const rows = await ctx.db.query<{ cursor: string | null; createdAt: Date }>(
    `SELECT s.income_cursor AS cursor, a.created_at AS "createdAt" FROM account a LEFT JOIN account_state s ON s.account_id = a.id WHERE a.id = $1`,
    [lane.accountId],
  )
  const row = rows[0]
  const lastMs = row?.cursor ? Number(row.cursor) : null
  if (!moved && lastMs !== null && lastMs + ctx.timings.reconcileIdleMs > askedAtMs) return undefined
  const sinceMs = (lastMs ?? row?.createdAt.getTime() ?? askedAtMs) - 60_000
  const income = await port.fetchIncome(handle, { sinceMs })
  return income.ok ? { rows: income.value, readMs: askedAtMs } : undefined
}
