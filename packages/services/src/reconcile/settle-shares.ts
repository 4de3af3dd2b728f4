import type { Transaction } from '@matic/db'
import { buildShares } from '@matic/domain'
import type { BuiltShares, TradeFill } from '@matic/domain'
import { Decimal } from 'decimal.js'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'
import { lifeOf, nameOwners } from '../execution/share-rows.ts'
import type { MarketSide } from './book-fills.ts'

interface SideNow {
  readonly handRouteId: string
  /** Signed base. */
  readonly heldBase: string
  readonly unexplainedBase: string
  /** Fills and position have differed by something new for long enough to be believed. */
  readonly isOverdue: boolean
  /** An order's outcome or fills are not known yet, or what has just filled may be a stop of ours that has triggered. */
  readonly isUnderWay: boolean
}

/**
 * The ownership ledger of one side of a market, made anew from its fills since it was flat. While anything is under way it stays as it is:
 * a fill must not be taken for somebody else's because its order is not known yet, nor a position for smaller because its fills are late.
 */
export async function settleShares(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  side: MarketSide,
  fills: readonly TradeFill[],
): Promise<void> {
  const now = await readSide(tx, ctx, lane, side)
  if (now === undefined || now.isUnderWay) return
  const explained = fills.reduce(
    (sum, fill) => (fill.side === 'buy' ? sum.add(fill.quantityBase) : sum.sub(fill.quantityBase)),
    new Decimal(0),
  )
  const unexplainedBase = new Decimal(now.heldBase).sub(explained)
  const isNews = !unexplainedBase.isZero() && !unexplainedBase.eq(now.unexplainedBase)
  await noteUnexplained(tx, lane, side, isNews && !now.isOverdue ? null : unexplainedBase)
  if (isNews && !now.isOverdue) return

  const market = await ctx.markets.find(lane.exchange, side.symbol)
  const stepBase = new Decimal(market?.stepSize ?? '0.000000000000000001')
  await saveShares(tx, ctx, lane, side, buildShares({ fills, handRouteId: now.handRouteId, unexplainedBase, stepBase }))
  await nameOwners(tx, [{ accountId: lane.accountId, ...side }])
}

async function readSide(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  { symbol, positionSide }: MarketSide,
): Promise<SideNow | undefined> {
  const rows = await tx.query<SideNow>(
    `SELECT hand_route(p.account_id) AS "handRouteId", CASE p.side WHEN 'SHORT' THEN -p.quantity_base ELSE p.quantity_base END AS "heldBase",
            p.unexplained_base AS "unexplainedBase", coalesce(p.unsettled_since < clock_timestamp() - make_interval(secs => $4), false) AS "isOverdue",
            EXISTS (SELECT 1 FROM trade_order o
                     WHERE o.account_id = $1 AND o.symbol = $2 AND o.position_side = $3
                       AND (o.state IN ('SUBMITTING', 'UNKNOWN') AND o.type IN ('market', 'limit')
                            OR o.filled_base > 0 AND o.type IN ('market', 'limit') AND o.filled_at > clock_timestamp() - interval '1 day'
                               AND o.filled_base <> (SELECT coalesce(sum(f.quantity_base), 0) FROM fill f WHERE f.order_id = o.id)))
              OR EXISTS (SELECT 1 FROM fill f JOIN trade_order o ON o.account_id = f.account_id AND o.symbol = f.symbol AND o.position_side = f.position_side AND o.side = f.side
                          WHERE f.account_id = $1 AND f.symbol = $2 AND f.position_side = $3 AND f.order_id IS NULL AND NOT f.is_liquidation AND f.at > clock_timestamp() - make_interval(secs => $4)
                            AND o.leg IN ('stop', 'target', 'trailing') AND (o.state IN ('ACKED', 'PARTIAL') OR o.state = 'FILLED' AND o.filled_base = 0)) AS "isUnderWay"
       FROM position p WHERE p.account_id = $1 AND p.symbol = $2 AND p.position_side = $3 FOR UPDATE`,
    [lane.accountId, symbol, positionSide, (2 * ctx.timings.replicaLagMs) / 1000],
  )
  return rows[0]
}

/** @param unexplainedBase what is believed now; null: it differs, and is looked at again */
async function noteUnexplained(tx: Transaction, lane: HeldLane, side: MarketSide, unexplainedBase: Decimal | null): Promise<void> {
  await tx.query(
    `UPDATE position SET unexplained_base = coalesce($4, unexplained_base), unsettled_since = CASE WHEN $4::numeric IS NULL THEN coalesce(unsettled_since, clock_timestamp()) END
      WHERE account_id = $1 AND symbol = $2 AND position_side = $3
        AND (unexplained_base <> $4 OR ($4 IS NULL) <> (unsettled_since IS NOT NULL))`,
    [lane.accountId, side.symbol, side.positionSide, unexplainedBase?.toFixed() ?? null],
  )
}

async function saveShares(
  tx: Transaction,
  ctx: ExecutionContext,
  lane: HeldLane,
  { symbol, positionSide }: MarketSide,
  { shares }: BuiltShares,
): Promise<void> {
  await tx.query(
    `WITH x AS (SELECT * FROM unnest($5::uuid[], $6::uuid[], $7::numeric[], $8::numeric[]) AS x(id, r, q, p)),
     flat AS (
       UPDATE position_share s SET ${lifeOf('s.quantity_base', '0')}, quantity_base = 0, entry_price = NULL
        WHERE s.account_id = $2 AND s.symbol = $3 AND s.position_side = $4 AND s.quantity_base <> 0 AND NOT EXISTS (SELECT 1 FROM x WHERE x.r = s.route_id))
     INSERT INTO position_share AS s (id, user_id, account_id, route_id, symbol, position_side, quantity_base, entry_price, epoch, opened_at)
     SELECT id, $1, $2, r, $3, $4, q, p, 1, clock_timestamp() FROM x WHERE q <> 0 OR EXISTS (SELECT 1 FROM position_share s WHERE s.account_id = $2 AND s.symbol = $3 AND s.position_side = $4 AND s.route_id = r)
     ON CONFLICT (account_id, symbol, position_side, route_id) DO UPDATE SET ${lifeOf('s.quantity_base', 'excluded.quantity_base')},
       quantity_base = excluded.quantity_base, entry_price = excluded.entry_price
       WHERE s.quantity_base <> excluded.quantity_base OR s.entry_price IS DISTINCT FROM excluded.entry_price`,
    [
      lane.userId,
      lane.accountId,
      symbol,
      positionSide,
      shares.map(() => ctx.newId()),
      shares.map(({ routeId }) => routeId),
      shares.map(({ quantityBase }) => quantityBase.toFixed()),
      shares.map(({ entryPrice }) => entryPrice?.toDecimalPlaces(18).toFixed() ?? null),
    ],
  )
}
