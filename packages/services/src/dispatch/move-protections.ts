import type { NewFact, Transaction } from '@matic/db'
import type { MovedProtection, PositionPlan } from '@matic/domain'
import { positionFact, wishProtections } from '../execution/position-rows.ts'
import { POSITION_COLUMNS, SHARE_COLUMNS, type PositionRow } from '../execution/rows.ts'
import type { Decided } from './save-decisions.ts'

type Moved = PositionRow & { wantedStop: string | null; wantedTarget: string | null; wantedTrailing: MovedProtection['trailing'] }

/**
 * Writes down the stops and targets that decisions moved: of positions that stand, whose lanes then make it so as for any other wish, and of
 * openings under way, which bring it with their fill. A position that its owner protects by hand is left alone, and so is one that is being
 * closed because it could not be protected.
 * @returns facts to record last
 */
export async function moveProtections(tx: Transaction, decided: readonly Decided[]): Promise<NewFact[]> {
  const moved = decided.flatMap(({ route, decision }) => (decision.protection === undefined ? [] : [{ route, ...decision.protection }]))
  if (moved.length === 0) return []
  const wanted = [
    moved.map(({ route }) => route.accountId),
    moved.map(({ route }) => route.id),
    moved.map(({ symbol }) => symbol),
    moved.map(({ side }) => side),
    moved.map(({ stopPrice }) => stopPrice),
    moved.map(({ target }) => target !== null),
    moved.map(({ target }) => target?.price ?? null),
    moved.map(({ trailing }) => (trailing === null ? null : JSON.stringify(trailing))),
  ]
  const given = `unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::numeric[], $6::boolean[], $7::numeric[], $8::text[]) AS x(a, r, sym, side, s, moves, t, tr)`
  await tx.query(
    `UPDATE trade_order o SET stop_price = coalesce(x.s, o.stop_price), stop_fraction = CASE WHEN x.s IS NULL THEN o.stop_fraction END,
            target_price = CASE WHEN x.moves THEN x.t ELSE o.target_price END, target_fraction = CASE WHEN x.moves THEN NULL ELSE o.target_fraction END,
            plan = CASE WHEN x.tr IS NULL OR (x.tr::jsonb->'to' = 'null' AND (o.plan IS NULL OR coalesce(x.s, o.stop_price, o.stop_fraction) IS NULL)) THEN o.plan
                        ELSE coalesce(o.plan, '{"targets": [], "breakEven": null}') || jsonb_build_object('trailing',
                          CASE WHEN x.tr::jsonb->'to' <> 'null' THEN x.tr::jsonb->'to' || '{"activationFraction": null}' END) END,
            version = o.version + 1
       FROM ${given}
      WHERE o.account_id = x.a AND o.route_id = x.r AND o.symbol = x.sym AND o.leg = 'open' AND o.side = CASE x.side WHEN 'LONG' THEN 'buy' ELSE 'sell' END
        AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')`,
    wanted,
  )
  // After the orders, as a fill takes them: it is seen in the one or in the other.
  const legs = `coalesce(x.s, p.stop_price) AS "wantedStop", CASE WHEN x.moves THEN x.t ELSE p.target_price END AS "wantedTarget", x.tr::jsonb AS "wantedTrailing"`
  const positions = await tx.query<Moved>(
    `SELECT ${POSITION_COLUMNS}, ${legs} FROM position p JOIN ${given} ON p.account_id = x.a AND p.route_id = x.r AND p.symbol = x.sym AND p.side = x.side
       JOIN account a ON a.id = p.account_id AND a.shared_symbols <> 'net'
      WHERE p.quantity_base > 0 AND NOT p.own_protection AND p.protection <> 'EMERGENCY' ORDER BY p.id FOR UPDATE OF p`,
    wanted,
  )
  const shares = await tx.query<Moved>(
    `SELECT ${SHARE_COLUMNS}, ${legs} FROM position_share p JOIN ${given} ON p.account_id = x.a AND p.route_id = x.r AND p.symbol = x.sym
       JOIN account a ON a.id = p.account_id AND a.shared_symbols = 'net'
      WHERE sign(p.quantity_base) = CASE x.side WHEN 'LONG' THEN 1 ELSE -1 END AND NOT p.own_protection AND p.protection <> 'EMERGENCY' ORDER BY p.id FOR UPDATE OF p`,
    wanted,
  )
  const rows = [...positions, ...shares]
  const changed = await wishProtections(
    tx,
    rows.map(({ wantedStop, wantedTarget, wantedTrailing, ...position }) => ({
      position,
      wish: { stopPrice: wantedStop, targetPrice: wantedTarget, ...planWith(position.plan, wantedTrailing, wantedStop !== null) },
    })),
  )
  return [...changed.values()].map(positionFact)
}

/** What trails is taken away only where a stop stays. */
function planWith(plan: PositionPlan | null, trailing: MovedProtection['trailing'], hasStop: boolean): { plan?: PositionPlan | null } {
  if (trailing === null || (trailing.to === null && !hasStop)) return {}
  const targets = plan?.targets ?? []
  const breakEven = plan?.breakEven ?? null
  const isEmpty = trailing.to === null && targets.length === 0 && breakEven === null
  return { plan: isEmpty ? null : { targets, breakEven, trailing: trailing.to } }
}
