import { Decimal } from 'decimal.js'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'
import type { OrderRow } from '../execution/rows.ts'
import type { MarketSide } from './book-fills.ts'
import type { AccountReading } from './read-account.ts'

/** What the exchange lists for a side of a symbol: long above zero, base. */
export function signedBase(reading: Pick<AccountReading, 'positions'>, { symbol, positionSide }: MarketSide): Decimal {
  const position = reading.positions.find((candidate) => candidate.symbol === symbol && candidate.positionSide === positionSide)
  if (!position) return new Decimal(0)
  return position.side === 'LONG' ? new Decimal(position.quantityBase) : new Decimal(position.quantityBase).neg()
}

/**
 * Symbols where something was executed that we have no fills of yet, where whose the position is has not been settled, or whose followers wait
 * for fills to show a change.
 */
export async function symbolsThatMoved(
  ctx: ExecutionContext,
  lane: HeldLane,
  reading: Pick<AccountReading, 'positions' | 'ours'>,
  working: readonly OrderRow[],
): Promise<string[]> {
  const rows = await ctx.db.query<MarketSide & { signed: string | null; unbooked: boolean; unsettled: boolean }>(
    `SELECT p.symbol, p.position_side AS "positionSide", CASE p.side WHEN 'LONG' THEN p.quantity_base ELSE -p.quantity_base END AS signed, false AS unbooked,
            CASE p.side WHEN 'LONG' THEN p.quantity_base ELSE -p.quantity_base END <> coalesce(
              (SELECT sum(s.quantity_base) FROM position_share s WHERE s.account_id = p.account_id AND s.symbol = p.symbol AND s.position_side = p.position_side), 0) AS unsettled
       FROM position p WHERE p.account_id = $1
     UNION ALL
     SELECT DISTINCT o.symbol, o.position_side, NULL::numeric, true, false FROM trade_order o
      WHERE o.account_id = $1 AND o.filled_base > 0 AND o.type IN ('market', 'limit') AND o.filled_at > clock_timestamp() - interval '1 day'
        AND o.filled_base > (SELECT coalesce(sum(f.quantity_base), 0) FROM fill f WHERE f.order_id = o.id)
     UNION ALL
     SELECT m.symbol, m.position_side, NULL::numeric, true, false FROM mirror_mark m WHERE m.account_id = $1 AND m.doubted_since IS NOT NULL`,
    [lane.accountId],
  )
  const moved = new Set(rows.filter((row) => row.unbooked || row.unsettled).map((row) => row.symbol))
  const known = rows.filter((row) => row.signed !== null)
  for (const side of [...known, ...reading.positions]) {
    const row = known.find(({ symbol, positionSide }) => symbol === side.symbol && positionSide === side.positionSide)
    if (!signedBase(reading, side).eq(row?.signed ?? 0)) moved.add(side.symbol)
  }
  for (const order of working) {
    const seen = reading.ours.get(order.id)
    if (seen && (seen.status === 'filled' || !new Decimal(seen.filledBase).eq(order.filledBase))) moved.add(order.symbol)
  }
  return [...moved]
}
