import type { OrderState, ReasonCode } from '@matic/contracts'
import { invariant, isTerminal } from '@matic/contracts'
import type { NewFact, Transaction } from '@matic/db'
import { applyFill, planAtEntry, protectionPrices } from '@matic/domain'
import type { ExchangeOrder } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import { plain, plainOrNull } from '../plain.ts'
import type { ExecutionContext } from './context.ts'
import { orderFact } from './end-orders.ts'
import { insertNextRevision } from './insert-orders.ts'
import { reconcileAllSoon } from './lane.ts'
import type { HeldLane } from './lane.ts'
import { keyOf, lockPositions, movePositions, positionFact, savePosition, wishProtections } from './position-rows.ts'
import type { PositionMove, ProtectionWish } from './position-rows.ts'
import { noteProtections } from './protected.ts'
import { isTrigger, ORDER_COLUMNS } from './rows.ts'
import type { OrderRow, PositionRow } from './rows.ts'
import { lockShares, moveShares, nameOwners } from './share-rows.ts'
import { cancelReason } from './veto.ts'

export interface SeenOrder {
  readonly lane: HeldLane
  readonly orderId: string
  readonly seen: ExchangeOrder
  /**
   * Database ms when the answered request was written ahead. The position row moves with the fill only when it was read before
   * that; else the caller has brought it up to date in this transaction.
   */
  readonly sentAtMs: number | null
}

export interface RecordedOrder {
  readonly order: OrderRow
  readonly filledNow: Decimal
  readonly facts: NewFact[]
}

/** Writes what the exchange says of an order: state, cumulative fill, position, wanted protection. Saying it twice changes nothing. */
export async function recordOrder(tx: Transaction, ctx: ExecutionContext, input: SeenOrder): Promise<RecordedOrder> {
  const [recorded] = await recordOrders(tx, ctx, [input])
  if (!recorded) throw new Error(`Order ${input.orderId} is gone`)
  return recorded
}

/** What is known of one order before and after. */
interface Change {
  readonly input: SeenOrder
  readonly before: OrderRow
  readonly order: OrderRow
  readonly filledNow: Decimal
}

/**
 * `recordOrder` for orders of as many accounts, one each, in as many statements as for one.
 * @returns in the order of the inputs
 */
export async function recordOrders(tx: Transaction, ctx: ExecutionContext, inputs: readonly SeenOrder[]): Promise<RecordedOrder[]> {
  invariant(new Set(inputs.map(({ lane }) => lane.accountId)).size === inputs.length, 'One order of an account at a time')
  // The orders were found, so every request made for them is answered.
  const ids = inputs.map((input) => input.orderId)
  const [rows] = await Promise.all([lockOrders(tx, ids), settleAttempts(tx, ids)])
  const seen = inputs.map((input) => {
    const before = rows.get(input.orderId)
    if (!before) throw new Error(`Order ${input.orderId} is gone`)
    const filled = Decimal.max(before.filledBase, input.seen.filledBase)
    const filledNow = isTrigger(before) ? new Decimal(0) : filled.sub(before.filledBase)
    const next = nextState(before, input.seen, filled)
    const unchanged = next.state === before.state && filled.eq(before.filledBase) && before.exchangeOrderId === input.seen.exchangeOrderId
    return { input, before, filled, filledNow, next, unchanged }
  })
  const moving = seen.filter(({ unchanged }) => !unchanged)
  const updated = await updateOrders(tx, moving)
  const changes = moving.map(({ input, before, filledNow }): Change => ({
    input,
    before,
    filledNow,
    order: updated.get(before.id) ?? before,
  }))

  const news = await followUp(tx, ctx, changes)
  return seen.map(({ before, filledNow, unchanged }) => {
    const order = updated.get(before.id) ?? before
    if (unchanged) return { order, filledNow, facts: [] }
    const { state, reason, filledBase, averagePrice } = order
    const fact = orderFact(order, { state, reason, filledBase: plain(filledBase), averagePrice: plainOrNull(averagePrice) })
    return { order, filledNow, facts: [fact, ...(news.get(order.id) ?? [])] }
  })
}

async function lockOrders(tx: Transaction, orderIds: readonly string[]): Promise<Map<string, OrderRow>> {
  const rows = await tx.query<OrderRow>(
    `SELECT ${ORDER_COLUMNS} FROM trade_order o WHERE o.id = ANY($1::uuid[]) ORDER BY o.id FOR UPDATE`,
    [orderIds],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

async function settleAttempts(tx: Transaction, orderIds: readonly string[]): Promise<void> {
  await tx.query(
    `UPDATE attempt a SET state = CASE WHEN a.number = (SELECT max(number) FROM attempt WHERE order_id = a.order_id) THEN 'ACKED' ELSE a.state END,
            resolved_at = clock_timestamp(), next_lookup_at = NULL
      WHERE a.order_id = ANY($1::uuid[]) AND a.resolved_at IS NULL`,
    [orderIds],
  )
}

function nextState(before: OrderRow, seen: ExchangeOrder, filled: Decimal): { state: OrderState; reason: ReasonCode | null } {
  switch (seen.status) {
    case 'filled':
      return { state: 'FILLED', reason: keptReason(before) }
    case 'rejected':
      return { state: 'REJECTED', reason: 'REJECTED_OTHER' }
    case 'canceled':
    case 'expired':
      return before.state === 'CANCELED'
        ? { state: 'CANCELED', reason: keptReason(before) }
        : { state: 'CANCELED', reason: cancelReason(before) }
    case 'partial':
    case 'open':
      // A reading that is older than the end we know of changes nothing.
      if (isTerminal(before.state) && before.state !== 'EXPIRED') return { state: before.state, reason: keptReason(before) }
      return { state: filled.gt(0) ? 'PARTIAL' : 'ACKED', reason: keptReason(before) }
  }
}

function keptReason(order: OrderRow): ReasonCode | null {
  return (order.reason as ReasonCode | null) ?? null
}

interface OrderChange {
  readonly input: SeenOrder
  readonly before: OrderRow
  readonly filled: Decimal
  readonly next: { readonly state: OrderState; readonly reason: ReasonCode | null }
}

async function updateOrders(tx: Transaction, changes: readonly OrderChange[]): Promise<Map<string, OrderRow>> {
  if (changes.length === 0) return new Map()
  const rows = await tx.query<OrderRow>(
    `UPDATE trade_order AS o SET state = x.state, reason = x.reason, filled_base = x.filled, average_price = coalesce(x.price, o.average_price),
            exchange_order_id = x.exchange_id, acked_at = coalesce(o.acked_at, clock_timestamp()),
            filled_at = CASE WHEN x.filled > 0 THEN coalesce(o.filled_at, clock_timestamp()) ELSE o.filled_at END,
            ended_at = CASE WHEN x.ended THEN coalesce(o.ended_at, clock_timestamp()) END, version = o.version + 1
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::numeric[], $5::numeric[], $6::text[], $7::boolean[])
         AS x(id, state, reason, filled, price, exchange_id, ended)
      WHERE o.id = x.id RETURNING ${ORDER_COLUMNS}`,
    [
      changes.map(({ before }) => before.id),
      changes.map(({ next }) => next.state),
      changes.map(({ next }) => next.reason),
      changes.map(({ filled }) => filled.toFixed()),
      changes.map(({ input }) => input.seen.averagePrice),
      changes.map(({ input }) => input.seen.exchangeOrderId),
      changes.map(({ next }) => isTerminal(next.state)),
    ],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** What changed orders mean for positions, protection and the next comparison with the exchange. @returns facts by order */
async function followUp(tx: Transaction, ctx: ExecutionContext, changes: readonly Change[]): Promise<Map<string, NewFact[]>> {
  const triggers = changes.filter(({ order }) => isTrigger(order))
  const fills = changes.filter(({ order, filledNow }) => !isTrigger(order) && filledNow.gt(0))
  await reconcileAllSoon(tx, [
    // A resting order is looked at again soon, however quiet the account was.
    ...changes
      .filter(({ order }) => !isTerminal(order.state))
      .map(({ order }) => ({ accountId: order.accountId, inMs: isTrigger(order) ? ctx.timings.reconcileBusyMs : ctx.timings.orderPollMs })),
    ...fills.map(({ order }) => ({ accountId: order.accountId, inMs: 0 })),
    ...triggers.filter(({ order }) => order.state === 'FILLED').map(({ order }) => ({ accountId: order.accountId, inMs: 0 })),
  ])
  await moveShares(
    tx,
    ctx,
    fills.map(({ before, order, filledNow }) => ({ order, filledBase: filledNow, price: priceOfNow(before, order, filledNow) })),
  )
  const held = await lockPositions(
    tx,
    [...triggers, ...fills].map(({ order }) => order),
  )
  const shares = await lockShares(
    tx,
    [...triggers, ...fills].map(({ order }) => order).filter(({ nets }) => nets),
  )
  const facts = await afterFills(tx, ctx, fills, held, shares)
  const guarded = triggers.flatMap(({ order }) => (order.nets ? shares : held).get(keyOf(order)) ?? [])
  const noted = new Map((await noteProtections(tx, guarded)).map((position) => [keyOf(position), position]))
  for (const { order } of triggers) {
    const changed = noted.get(keyOf(order))
    if (changed) facts.set(order.id, [positionFact(changed)])
  }
  return facts
}

async function afterFills(
  tx: Transaction,
  ctx: ExecutionContext,
  fills: readonly Change[],
  held: ReadonlyMap<string, PositionRow>,
  shares: ReadonlyMap<string, PositionRow>,
): Promise<Map<string, NewFact[]>> {
  const moves = ({ input, order }: Change) => {
    const position = held.get(keyOf(order))
    return input.sentAtMs !== null && (!position || position.syncedAt.getTime() < input.sentAtMs)
  }
  const moved = await move(tx, ctx, fills.filter(moves), held)
  await nameOwners(
    tx,
    fills.filter((change) => change.order.leg === 'open' && !moves(change)).map(({ order }) => order),
  )
  const facts = new Map<string, NewFact[]>()
  const wishing: { position: PositionRow; order: OrderRow; lane: HeldLane }[] = []
  for (const change of fills) {
    const { input, before, order } = change
    const whole = moves(change) ? moved.get(keyOf(order)) : held.get(keyOf(order))
    const position = order.nets ? shares.get(keyOf(order)) : whole
    if (!position) continue
    if (order.leg === 'open' && !moves(change)) await closeOvertaken(tx, ctx, order)
    if (order.leg !== 'open' || Number(position.quantityBase) === 0 || new Decimal(before.filledBase).gt(0))
      facts.set(order.id, [positionFact(position)])
    else wishing.push({ position, order, lane: input.lane })
  }
  const wished = await wishForAll(tx, ctx, wishing)
  for (const { order, position } of wishing) facts.set(order.id, [positionFact(wished.get(keyOf(position)) ?? position)])
  return facts
}

/** An open found out about late, after a close that came in later had already done its work: that close has more to do. */
async function closeOvertaken(tx: Transaction, ctx: ExecutionContext, open: OrderRow): Promise<void> {
  const rows = await tx.query<OrderRow>(
    `SELECT ${ORDER_COLUMNS} FROM trade_order o JOIN signal later ON later.id = o.signal_id
      WHERE o.account_id = $1 AND o.symbol = $2 AND o.position_side = $4 AND o.leg = 'close' AND o.state IN ('FILLED', 'MOOT') AND ($5::uuid IS NULL OR o.route_id = $5)
        AND later.received_at > (SELECT received_at FROM signal WHERE id = $3)
      ORDER BY later.received_at DESC, o.revision DESC LIMIT 1`,
    [open.accountId, open.symbol, open.signalId, open.positionSide, open.nets ? open.routeId : null],
  )
  if (rows[0]) await insertNextRevision(tx, ctx, rows[0], 0)
}

/** Moves positions with their fills; one that has no row yet gets it. */
async function move(
  tx: Transaction,
  ctx: ExecutionContext,
  fills: readonly Change[],
  held: ReadonlyMap<string, PositionRow>,
): Promise<Map<string, PositionRow>> {
  const known: PositionMove[] = []
  const made: PositionRow[] = []
  for (const { input, before, order, filledNow } of fills) {
    const position = held.get(keyOf(order))
    const net = {
      side: position?.side ?? 'LONG',
      quantityBase: new Decimal(position?.quantityBase ?? 0),
      entryPrice: position?.entryPrice ? new Decimal(position.entryPrice) : null,
    } as const
    const effect = applyFill(net, { side: order.side, quantityBase: filledNow, price: priceOfNow(before, order, filledNow) })
    const change = { ...effect.position, opened: effect.opened, routeId: order.routeId }
    if (position) known.push({ before: position, ...change })
    else {
      const { symbol, positionSide } = order
      made.push(await savePosition(tx, ctx, input.lane, undefined, { symbol, positionSide, ...change, syncedAtMs: null }))
    }
  }
  const moved = await movePositions(tx, known)
  return new Map([...moved, ...made.map((position): [string, PositionRow] => [keyOf(position), position])])
}

/** Average price of what was filled since the last time we looked. */
function priceOfNow(before: OrderRow, order: OrderRow, filledNow: Decimal): Decimal {
  const total = new Decimal(order.averagePrice ?? order.price ?? 0).mul(order.filledBase)
  return total.sub(new Decimal(before.averagePrice ?? 0).mul(before.filledBase)).div(filledNow)
}

interface Wishing {
  readonly position: PositionRow
  readonly order: OrderRow
  readonly lane: HeldLane
}

/** `wishForAll` for one. */
export async function wishFor(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  position: PositionRow,
  order: OrderRow,
): Promise<PositionRow> {
  return (await wishForAll(tx, ctx, [{ position, order, lane }])).get(keyOf(position)) ?? position
}

/**
 * An open's first fill says what protection the position should get. Prices replace what was wanted; fractions only fill a gap.
 * @returns the rows that changed, by `keyOf`
 */
async function wishForAll(tx: Transaction, ctx: ExecutionContext, wishing: readonly Wishing[]): Promise<Map<string, PositionRow>> {
  const wishes: { position: PositionRow; wish: ProtectionWish }[] = []
  const guarded: OrderRow[] = []
  for (const { position, order, lane } of wishing) {
    const market = await ctx.markets.find(lane.exchange, order.symbol)
    if (!market || position.entryPrice === null || position.protection === 'EMERGENCY') continue
    const wish = wishOf(position, position.entryPrice, order, market.tickSize)
    if (wish) wishes.push({ position, wish })
    else if (position.protection === 'PROTECTED') guarded.push(order)
  }
  if (guarded.length > 0) {
    const ids = guarded.map((order) => order.id)
    await tx.query('UPDATE trade_order SET protected_at = clock_timestamp() WHERE id = ANY($1::uuid[])', [ids])
  }
  return wishProtections(tx, wishes)
}

/** @returns `undefined` when the position wants nothing that it did not want before */
function wishOf(position: PositionRow, entryPrice: string, order: OrderRow, tickSize: string): ProtectionWish | undefined {
  const number = (text: string | null) => (text === null ? null : new Decimal(text))
  const entry = { side: position.side, entryPrice: new Decimal(entryPrice), tickSize: new Decimal(tickSize) }
  const asked = protectionPrices({
    ...entry,
    wish: {
      stopPrice: number(order.stopPrice),
      targetPrice: number(order.targetPrice),
      stopFraction: position.stopPrice === null ? number(order.stopFraction) : null,
      targetFraction: position.targetPrice === null ? number(order.targetFraction) : null,
    },
  })
  const stopPrice = asked.stopPrice?.toFixed() ?? position.stopPrice
  const targetPrice = asked.targetPrice?.toFixed() ?? position.targetPrice
  const plan = position.plan === null && order.plan !== null ? planAtEntry(order.plan, entry) : undefined
  if (plan === undefined && same(stopPrice, position.stopPrice) && same(targetPrice, position.targetPrice)) return undefined
  return { stopPrice, targetPrice, ...(plan && { plan }) }
}

function same(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && new Decimal(a).eq(b))
}
