import type { NewFact, Transaction } from '@matic/db'
import { shareMeant, takesAll } from '@matic/domain'
import type { Decision, PlannedOrder } from '@matic/domain'
import { followFact, type ToldFollow } from '../follows/follow-facts.ts'
import { saveBases, type Basis } from './copy-basis.ts'
import { moveProtections } from './move-protections.ts'
import type { DispatchContext } from './dispatch-signals.ts'
import { planFanOuts, type InFanOut } from './plan-fan-outs.ts'
import type { ReceivedSignal, RouteRow } from './load-batch.ts'
import { saveRemainders } from './remainders.ts'

export interface Decided {
  readonly id: string
  readonly signal: ReceivedSignal
  readonly route: RouteRow
  readonly decision: Decision
  /** What a follow was sized by. */
  readonly basis: Basis | null
  /** Markets of a follow that are copied again from here on. */
  readonly attaches: readonly string[]
}

export interface OrderToInsert {
  id: string
  decided: Decided
  order: PlannedOrder
  dependsOnId: string | null
  /** A later signal of the same batch takes it back. */
  takenBack: 'flat' | 'cancel' | null
}

/**
 * Writes decisions and their orders. A decision that stands already brings no orders: whoever wrote it wrote those too.
 * @returns facts to record last
 */
export async function saveDecisions(tx: Transaction, ctx: DispatchContext, decided: readonly Decided[]): Promise<NewFact[]> {
  if (decided.length === 0) return []
  const inserted = await tx.query<{ id: string }>(
    `INSERT INTO decision (id, signal_id, route_id, user_id, account_id, outcome, intent, reason, numbers, symbol, decided_at)
     SELECT id, s, r, u, a, o, i, re, n::jsonb, sy, clock_timestamp()
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[])
         AS x(id, s, r, u, a, o, i, re, n, sy)
     ON CONFLICT DO NOTHING RETURNING id`,
    [
      decided.map((item) => item.id),
      decided.map((item) => item.signal.id),
      decided.map((item) => item.route.id),
      decided.map((item) => item.route.userId),
      decided.map((item) => item.route.accountId),
      decided.map((item) => item.decision.outcome),
      decided.map((item) => item.decision.intent),
      decided.map((item) => item.decision.reason),
      decided.map((item) => JSON.stringify(item.decision.numbers)),
      decided.map((item) => item.decision.symbol),
    ],
  )
  const fresh = new Set(inserted.map((row) => row.id))
  const ours = decided.filter((item) => fresh.has(item.id))
  const bases = decided.flatMap(({ signal, basis }) => (basis === null ? [] : [{ ...basis, signalId: signal.id }]))
  const orders = ours.flatMap((item, index) => ordersOf(ctx, item, ours.slice(index + 1)))
  // One behind the other on their way: cancels come before the orders that they are not meant for.
  const [, fanOuts] = await Promise.all([
    requestCancels(tx, ours),
    planFanOuts(tx, ctx, orders),
    saveBases(tx, bases),
    saveRemainders(tx, ours),
  ])
  await insertOrders(tx, ctx, orders, fanOuts)
  return [...ours.map(decisionFact), ...(await attach(tx, ours)), ...(await moveProtections(tx, ours))]
}

async function attach(tx: Transaction, decided: readonly Decided[]): Promise<NewFact[]> {
  const again = decided.flatMap(({ route, attaches }) =>
    attaches.flatMap((symbol) => (route.follow === null ? [] : [{ followId: route.follow.id, symbol }])),
  )
  if (again.length === 0) return []
  const ended = await tx.query<ToldFollow & { symbol: string }>(
    `UPDATE follow_detachment d SET ended_at = clock_timestamp()
       FROM (SELECT DISTINCT f, s FROM unnest($1::uuid[], $2::text[]) AS u(f, s)) AS x, follow f, strategy sy
      WHERE d.follow_id = x.f AND d.symbol = x.s AND d.ended_at IS NULL AND f.id = d.follow_id AND sy.id = f.strategy_id
     RETURNING d.follow_id AS "followId", d.user_id AS "userId", sy.name AS strategy, d.symbol`,
    [again.map(({ followId }) => followId), again.map(({ symbol }) => symbol)],
  )
  return ended.map(({ symbol, ...follow }) => followFact(follow, 'attached', { symbol }))
}

function ordersOf(ctx: DispatchContext, decided: Decided, later: readonly Decided[]): OrderToInsert[] {
  const closeId = ctx.newId()
  return decided.decision.orders.map((order) => {
    const leadsOthers = order.leg === 'close' && decided.decision.intent === 'reverse'
    const id = leadsOthers ? closeId : ctx.newId()
    return { id, decided, order, dependsOnId: order.afterClose ? closeId : null, takenBack: takenBack(decided, order, later) }
  })
}

/** Orders of this batch are not stored yet when cancels are requested: they are stored as cancelled. */
function takenBack({ route }: Decided, order: PlannedOrder, later: readonly Decided[]): OrderToInsert['takenBack'] {
  if (order.leg !== 'open') return null
  const by = later.find(
    (other) =>
      other.route.accountId === route.accountId &&
      (meansAll(other) || shareMeantBy(other) === route.id) &&
      other.decision.cancelSymbols.includes(order.symbol),
  )
  if (by === undefined) return null
  return by.decision.intent === 'cancel' ? 'cancel' : 'flat'
}

async function insertOrders(
  tx: Transaction,
  ctx: DispatchContext,
  rows: readonly OrderToInsert[],
  fanOuts: ReadonlyMap<string, InFanOut>,
): Promise<void> {
  if (rows.length === 0) return
  await tx.query(
    `INSERT INTO trade_order (id, user_id, account_id, route_id, signal_id, decision_id, cause, leg, client_order_id, symbol, side, position_side, type,
                              quantity_base, reduce_fraction, price, reduce_only, leverage, margin_mode, stop_price, target_price, stop_fraction, target_fraction,
                              plan, priority, depends_on_id, expires_at, cancel_requested_at, reason, fan_out_id, is_canary)
     SELECT id, u, a, r, s, d, c, leg, cid, sym, side, ps, type, q, rf, p, ro, lev, mm, sp, tp, sf, tf, plan::jsonb, prio, dep, to_timestamp(ex / 1000.0),
            CASE WHEN tb IS NOT NULL THEN clock_timestamp() END, CASE WHEN tb = 'flat' THEN 'CANCELED_BY_FLAT' END, fo, ca
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
                   $12::text[], $13::text[], $14::numeric[], $15::numeric[], $16::numeric[], $17::boolean[], $18::int[], $19::text[], $20::numeric[],
                   $21::numeric[], $22::numeric[], $23::numeric[], $24::text[], $25::int[], $26::uuid[], $27::float8[], $28::text[],
                   $29::uuid[], $30::boolean[])
         AS x(id, u, a, r, s, d, c, leg, cid, sym, side, ps, type, q, rf, p, ro, lev, mm, sp, tp, sf, tf, plan, prio, dep, ex, tb, fo, ca)
     ON CONFLICT DO NOTHING`,
    [
      rows.map((row) => row.id),
      rows.map((row) => row.decided.route.userId),
      rows.map((row) => row.decided.route.accountId),
      rows.map((row) => row.order.routeId ?? row.decided.route.id),
      rows.map((row) => row.decided.signal.id),
      rows.map((row) => row.decided.id),
      rows.map((row) => row.order.cause),
      rows.map((row) => row.order.leg),
      rows.map((row) => ctx.clientOrderId(row.id)),
      rows.map((row) => row.order.symbol),
      rows.map((row) => row.order.side),
      rows.map((row) => row.order.positionSide),
      rows.map((row) => row.order.type),
      rows.map((row) => row.order.quantityBase),
      rows.map((row) => row.order.reduceFraction),
      rows.map((row) => row.order.price),
      rows.map((row) => row.order.reduceOnly),
      rows.map((row) => row.order.leverage),
      rows.map((row) => row.order.marginMode),
      rows.map((row) => row.order.stopPrice),
      rows.map((row) => row.order.targetPrice),
      rows.map((row) => row.order.stopFraction),
      rows.map((row) => row.order.targetFraction),
      rows.map(({ order }) => (order.plan === null ? null : JSON.stringify(order.plan))),
      rows.map((row) => row.order.priority),
      rows.map((row) => row.dependsOnId),
      rows.map((row) => row.order.expiresAtMs),
      rows.map((row) => row.takenBack),
      rows.map((row) => fanOuts.get(row.id)?.fanOutId ?? null),
      rows.map((row) => fanOuts.get(row.id)?.isCanary ?? false),
    ],
  )
}

/** What it takes back is everybody's: by hand, and where routes share symbols only where all of them are meant. */
function meansAll({ route, signal }: Decided): boolean {
  if (route.sourceKind !== 'MANUAL') return false
  return route.sharedSymbols !== 'net' || signal.alert.action === 'close-all' || takesAll({ route, alert: signal.alert })
}

function shareMeantBy({ route, signal }: Decided): string {
  return shareMeant({ route, alert: signal.alert })
}

/** Opens that wait or rest in symbols that are being closed or cancelled. */
async function requestCancels(tx: Transaction, decided: readonly Decided[]): Promise<void> {
  const wanted = decided.flatMap((item) => item.decision.cancelSymbols.map((symbol) => ({ item, symbol })))
  if (wanted.length === 0) return
  await tx.query(
    `UPDATE trade_order o SET cancel_requested_at = clock_timestamp(), reason = CASE WHEN x.flat THEN 'CANCELED_BY_FLAT' ELSE o.reason END, version = o.version + 1
       FROM unnest($1::uuid[], $2::text[], $3::boolean[], $4::uuid[]) AS x(account_id, symbol, flat, route_id)
      WHERE o.account_id = x.account_id AND o.symbol = x.symbol AND o.leg = 'open' AND o.cancel_requested_at IS NULL
        AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL') AND (x.route_id IS NULL OR o.route_id = x.route_id)`,
    [
      wanted.map(({ item }) => item.route.accountId),
      wanted.map(({ symbol }) => symbol),
      wanted.map(({ item }) => item.decision.intent !== 'cancel'),
      wanted.map(({ item }) => (meansAll(item) ? null : shareMeantBy(item))),
    ],
  )
}

function decisionFact({ id, signal, route, decision }: Decided): NewFact {
  const { outcome, intent, reason, symbol } = decision
  return {
    userId: route.userId,
    kind: 'signal-decided',
    entity: 'signal',
    entityId: signal.id,
    payload: { decisionId: id, accountId: route.accountId, outcome, intent, reason, symbol },
  }
}
