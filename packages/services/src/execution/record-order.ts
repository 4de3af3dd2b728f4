import type { OrderState, ReasonCode } from '@matic/contracts'
import { isTerminal } from '@matic/contracts'
import type { NewFact, Transaction } from '@matic/db'
import { applyFill, planAtEntry, protectionPrices } from '@matic/domain'
import type { ExchangeOrder } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import { plainOrNull } from '../plain.ts'
import type { ExecutionContext } from './context.ts'
import { orderFact } from './end-orders.ts'
import { insertNextRevision } from './insert-orders.ts'
import type { HeldLane } from './lane.ts'
import { lockPosition, positionFact, savePosition, wishProtection } from './position-rows.ts'
import { noteProtection } from './protected.ts'
import { isTrigger, ORDER_COLUMNS } from './rows.ts'
import type { OrderRow, PositionRow } from './rows.ts'
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
  const before = await lockOrder(tx, input.orderId)
  const filled = Decimal.max(before.filledBase, input.seen.filledBase)
  const filledNow = isTrigger(before) ? new Decimal(0) : filled.sub(before.filledBase)
  const { state, reason } = nextState(before, input.seen, filled)
  const unchanged = state === before.state && filled.eq(before.filledBase) && before.exchangeOrderId === input.seen.exchangeOrderId
  await settleAttempts(tx, before.id)
  if (unchanged) return { order: before, filledNow, facts: [] }

  const order = await updateOrder(tx, before, input.seen, { state, reason, filled })
  const facts = [orderFact(order, { state, reason, filledBase: filled.toFixed(), averagePrice: plainOrNull(order.averagePrice) })]
  await watch(tx, ctx, order)
  facts.push(...(isTrigger(order) ? await afterTrigger(tx, order) : await afterFill(tx, ctx, input, before, order, filledNow)))
  return { order, filledNow, facts }
}

async function lockOrder(tx: Transaction, orderId: string): Promise<OrderRow> {
  const rows = await tx.query<OrderRow>(`SELECT ${ORDER_COLUMNS} FROM trade_order o WHERE o.id = $1 FOR UPDATE`, [orderId])
  if (!rows[0]) throw new Error(`Order ${orderId} is gone`)
  return rows[0]
}

/** The order was found, so every request made for it is answered. */
async function settleAttempts(tx: Transaction, orderId: string): Promise<void> {
  await tx.query(
    `UPDATE attempt SET state = CASE WHEN number = (SELECT max(number) FROM attempt WHERE order_id = $1) THEN 'ACKED' ELSE state END,
            resolved_at = clock_timestamp(), next_lookup_at = NULL
      WHERE order_id = $1 AND resolved_at IS NULL`,
    [orderId],
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

async function updateOrder(
  tx: Transaction,
  before: OrderRow,
  seen: ExchangeOrder,
  next: { state: OrderState; reason: ReasonCode | null; filled: Decimal },
): Promise<OrderRow> {
  const rows = await tx.query<OrderRow>(
    `UPDATE trade_order AS o SET state = $2, reason = $3, filled_base = $4, average_price = coalesce($5, o.average_price), exchange_order_id = $6,
            acked_at = coalesce(o.acked_at, clock_timestamp()),
            filled_at = CASE WHEN $4::numeric > 0 THEN coalesce(o.filled_at, clock_timestamp()) ELSE o.filled_at END,
            ended_at = CASE WHEN $7 THEN coalesce(o.ended_at, clock_timestamp()) END, version = o.version + 1
      WHERE o.id = $1 RETURNING ${ORDER_COLUMNS}`,
    [before.id, next.state, next.reason, next.filled.toFixed(), seen.averagePrice, seen.exchangeOrderId, isTerminal(next.state)],
  )
  return rows[0] ?? before
}

/** A resting order is looked at again soon, however quiet the account was. */
async function watch(tx: Transaction, ctx: ExecutionContext, order: OrderRow): Promise<void> {
  if (isTerminal(order.state)) return
  const inMs = isTrigger(order) ? ctx.timings.reconcileBusyMs : ctx.timings.orderPollMs
  await tx.query(
    `UPDATE lane SET reconcile_at = least(reconcile_at, clock_timestamp() + make_interval(secs => $2)) WHERE account_id = $1`,
    [order.accountId, inMs / 1000],
  )
}

async function afterFill(
  tx: Transaction,
  ctx: ExecutionContext,
  input: SeenOrder,
  before: OrderRow,
  order: OrderRow,
  filledNow: Decimal,
): Promise<NewFact[]> {
  if (filledNow.lte(0)) return []
  const { lane, sentAtMs } = input
  const held = await lockPosition(tx, lane.accountId, order.symbol, order.positionSide)
  const moves = sentAtMs !== null && (!held || held.syncedAt.getTime() < sentAtMs)
  const position = moves ? await movePosition(tx, ctx, lane, held, before, order, filledNow) : held
  await tx.query(`UPDATE lane SET reconcile_at = clock_timestamp() WHERE account_id = $1`, [lane.accountId])
  if (!position) return []
  if (order.leg === 'open' && !moves) await closeOvertaken(tx, ctx, order)
  if (order.leg !== 'open' || Number(position.quantityBase) === 0 || new Decimal(before.filledBase).gt(0)) return [positionFact(position)]
  return [positionFact(await wishFor(tx, ctx, lane, position, order))]
}

/** An open found out about late, after a close that came in later had already done its work: that close has more to do. */
async function closeOvertaken(tx: Transaction, ctx: ExecutionContext, open: OrderRow): Promise<void> {
  const rows = await tx.query<OrderRow>(
    `SELECT ${ORDER_COLUMNS} FROM trade_order o JOIN signal later ON later.id = o.signal_id
      WHERE o.account_id = $1 AND o.symbol = $2 AND o.position_side = $4 AND o.leg = 'close' AND o.state IN ('FILLED', 'MOOT')
        AND later.received_at > (SELECT received_at FROM signal WHERE id = $3)
      ORDER BY later.received_at DESC, o.revision DESC LIMIT 1`,
    [open.accountId, open.symbol, open.signalId, open.positionSide],
  )
  if (rows[0]) await insertNextRevision(tx, ctx, rows[0], 0)
}

async function movePosition(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  held: PositionRow | undefined,
  before: OrderRow,
  order: OrderRow,
  filledNow: Decimal,
): Promise<PositionRow> {
  const net = {
    side: held?.side ?? 'LONG',
    quantityBase: new Decimal(held?.quantityBase ?? 0),
    entryPrice: held?.entryPrice ? new Decimal(held.entryPrice) : null,
  } as const
  const effect = applyFill(net, { side: order.side, quantityBase: filledNow, price: priceOfNow(before, order, filledNow) })
  return savePosition(tx, ctx, lane, held, {
    symbol: order.symbol,
    positionSide: order.positionSide,
    ...effect.position,
    opened: effect.opened,
    routeId: order.routeId,
    syncedAtMs: null,
  })
}

/** Average price of what was filled since the last time we looked. */
function priceOfNow(before: OrderRow, order: OrderRow, filledNow: Decimal): Decimal {
  const total = new Decimal(order.averagePrice ?? order.price ?? 0).mul(order.filledBase)
  return total.sub(new Decimal(before.averagePrice ?? 0).mul(before.filledBase)).div(filledNow)
}

/** An open's first fill says what protection the position should get. Prices replace what was wanted; fractions only fill a gap. */
export async function wishFor(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  position: PositionRow,
  order: OrderRow,
): Promise<PositionRow> {
  const market = await ctx.markets.find(lane.exchange, order.symbol)
  if (!market || position.entryPrice === null || position.protection === 'EMERGENCY') return position
  const number = (text: string | null) => (text === null ? null : new Decimal(text))
  const entry = { side: position.side, entryPrice: new Decimal(position.entryPrice), tickSize: new Decimal(market.tickSize) }
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
  if (plan === undefined && same(stopPrice, position.stopPrice) && same(targetPrice, position.targetPrice)) {
    if (position.protection === 'PROTECTED')
      await tx.query('UPDATE trade_order SET protected_at = clock_timestamp() WHERE id = $1', [order.id])
    return position
  }
  return wishProtection(tx, position, { stopPrice, targetPrice, ...(plan && { plan }) })
}

function same(a: string | null, b: string | null): boolean {
  return a === b || (a !== null && b !== null && new Decimal(a).eq(b))
}

async function afterTrigger(tx: Transaction, order: OrderRow): Promise<NewFact[]> {
  const position = await lockPosition(tx, order.accountId, order.symbol, order.positionSide)
  if (!position) return []
  if (order.state === 'FILLED') await tx.query(`UPDATE lane SET reconcile_at = clock_timestamp() WHERE account_id = $1`, [order.accountId])
  const changed = await noteProtection(tx, position)
  return changed ? [positionFact(changed)] : []
}
