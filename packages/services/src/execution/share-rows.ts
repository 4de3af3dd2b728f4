import type { Queryable } from '@matic/db'
import type { Decimal } from 'decimal.js'
import type { ExecutionContext } from './context.ts'
import { keyOf } from './position-rows.ts'
import type { PositionName } from './position-rows.ts'
import { SHARE_COLUMNS } from './rows.ts'
import type { OrderRow, PositionRow } from './rows.ts'

/** What an order of ours has filled since it was last looked at. */
export interface OrderFill {
  readonly order: Pick<OrderRow, 'userId' | 'accountId' | 'routeId' | 'symbol' | 'side' | 'positionSide' | 'leg'>
  readonly filledBase: Decimal
  /** Quote per base. */
  readonly price: Decimal
}

/** What a share `s` that goes from one signed quantity to another begins or ends with: a new life has a new epoch, and starts without protection. */
export function lifeOf(before: string, after: string): string {
  const begins = `(${after} <> 0 AND (${before} = 0 OR sign(${after}) = -sign(${before})))`
  const over = `(${after} = 0 OR ${begins})`
  return `epoch = s.epoch + CASE WHEN ${begins} THEN 1 ELSE 0 END, opened_at = CASE WHEN ${begins} THEN clock_timestamp() ELSE s.opened_at END,
    protection = CASE WHEN ${over} THEN 'NONE' ELSE s.protection END, stop_price = CASE WHEN ${over} THEN NULL ELSE s.stop_price END,
    target_price = CASE WHEN ${over} THEN NULL ELSE s.target_price END, plan = CASE WHEN ${over} THEN NULL ELSE s.plan END, own_protection = s.own_protection AND NOT ${over},
    unprotected_since = CASE WHEN ${over} THEN NULL ELSE s.unprotected_since END, updated_at = clock_timestamp(), version = s.version + 1`
}

/** The shares that these orders are about, locked, by `keyOf`: of an account no two at a time. */
export async function lockShares(
  tx: Queryable,
  orders: readonly Pick<OrderRow, 'accountId' | 'symbol' | 'positionSide' | 'routeId'>[],
): Promise<Map<string, PositionRow>> {
  if (orders.length === 0) return new Map()
  const rows = await tx.query<PositionRow>(
    `SELECT ${SHARE_COLUMNS} FROM position_share p
       JOIN (SELECT DISTINCT a, s, d, coalesce(r, hand_route(a)) AS r FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS n(a, s, d, r)) AS x
         ON p.account_id = x.a AND p.symbol = x.s AND p.position_side = x.d AND p.route_id = x.r
      ORDER BY p.id FOR UPDATE OF p`,
    [
      orders.map((order) => order.accountId),
      orders.map((order) => order.symbol),
      orders.map((order) => order.positionSide),
      orders.map((order) => order.routeId),
    ],
  )
  return new Map(rows.map((row) => [keyOf(row), row]))
}

/**
 * Moves the shares of the orders' own routes: an open adds to its route's, everything else takes off no more than that has. What a close
 * takes from others is shared out by the next comparison with the exchange, which follows each fill.
 */
export async function moveShares(tx: Queryable, ctx: ExecutionContext, fills: readonly OrderFill[]): Promise<void> {
  // One statement changes a row once: two fills of one share take two.
  const byShare = Map.groupBy(fills, ({ order }) => `${keyOf(order)} ${order.routeId}`)
  for (let round = 0; ; round += 1) {
    const together = [...byShare.values()].flatMap((own) => own.slice(round, round + 1))
    if (together.length === 0) return
    await moveDifferentShares(tx, ctx, together)
  }
}

async function moveDifferentShares(tx: Queryable, ctx: ExecutionContext, fills: readonly OrderFill[]): Promise<void> {
  await tx.query(
    `WITH x AS (
       SELECT id, u, a, coalesce(r, hand_route(a)) AS r, sym, ps, q, p, opens
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::numeric[], $8::numeric[], $9::boolean[])
           AS f(id, u, a, r, sym, ps, q, p, opens)),
     m AS (
       SELECT s.id, s.quantity_base AS before, x.q, x.p, CASE WHEN x.opens OR abs(x.q) <= abs(s.quantity_base) THEN s.quantity_base + x.q ELSE 0 END AS after
         FROM position_share s JOIN x ON s.account_id = x.a AND s.symbol = x.sym AND s.position_side = x.ps AND s.route_id = x.r
        WHERE x.opens OR sign(s.quantity_base) = -sign(x.q)),
     moved AS (
       UPDATE position_share s SET ${lifeOf('m.before', 'm.after')}, quantity_base = m.after,
         entry_price = CASE WHEN m.after = 0 THEN NULL WHEN m.before = 0 OR sign(m.after) = -sign(m.before) THEN m.p
           WHEN sign(m.before) = sign(m.q) THEN ((m.before * s.entry_price + m.q * m.p) / m.after)::numeric(38, 18) ELSE s.entry_price END
        FROM m WHERE s.id = m.id)
     INSERT INTO position_share (id, user_id, account_id, route_id, symbol, position_side, quantity_base, entry_price, epoch, opened_at)
     SELECT id, u, a, r, sym, ps, q, p, 1, clock_timestamp() FROM x
      WHERE opens AND NOT EXISTS (SELECT 1 FROM position_share s WHERE s.account_id = x.a AND s.symbol = x.sym AND s.position_side = x.ps AND s.route_id = x.r)`,
    [
      fills.map(() => ctx.newId()),
      fills.map(({ order }) => order.userId),
      fills.map(({ order }) => order.accountId),
      fills.map(({ order }) => order.routeId),
      fills.map(({ order }) => order.symbol),
      fills.map(({ order }) => order.positionSide),
      fills.map(({ order, filledBase }) => (order.side === 'buy' ? filledBase : filledBase.neg()).toFixed()),
      fills.map(({ price }) => price.toDecimalPlaces(18).toFixed()),
      fills.map(({ order }) => order.leg === 'open'),
    ],
  )
}

/**
 * A position that was read from the exchange before the order that made it was known to be filled is nobody's, and the closes of its source would
 * find nothing to close. Where all of it is one route's share it is that route's; an account that nets goes by shares alone.
 */
export async function nameOwners(tx: Queryable, sides: readonly PositionName[]): Promise<void> {
  if (sides.length === 0) return
  await tx.query(
    `UPDATE position p SET route_id = s.route_id, version = p.version + 1
       FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x(a, sym, ps)
       JOIN account a ON a.id = x.a AND a.shared_symbols <> 'net'
       JOIN position_share s ON s.account_id = x.a AND s.symbol = x.sym AND s.position_side = x.ps AND s.quantity_base <> 0 AND s.route_id <> hand_route(x.a)
      WHERE p.account_id = x.a AND p.symbol = x.sym AND p.position_side = x.ps AND p.route_id IS NULL AND p.quantity_base > 0 AND p.unexplained_base = 0
        AND sign(s.quantity_base) = CASE p.side WHEN 'SHORT' THEN -1 ELSE 1 END AND abs(s.quantity_base) >= p.quantity_base
        AND NOT EXISTS (SELECT 1 FROM position_share other WHERE other.account_id = x.a AND other.symbol = x.sym AND other.position_side = x.ps
                          AND other.quantity_base <> 0 AND other.id <> s.id)`,
    [sides.map((side) => side.accountId), sides.map((side) => side.symbol), sides.map((side) => side.positionSide)],
  )
}
