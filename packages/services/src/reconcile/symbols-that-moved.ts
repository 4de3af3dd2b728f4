import { Decimal } from 'decimal.js'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'
import type { OrderRow } from '../execution/rows.ts'
import type { MarketSide } from './book-fills.ts'
import { UNSETTLED } from './unsettled.ts'
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
  const [known, unsettled] = await Promise.all([
    ctx.db.query<MarketSide & { signed: string }>(
      `SELECT p.symbol, p.position_side AS "positionSide", CASE p.side WHEN 'LONG' THEN p.quantity_base ELSE -p.quantity_base END AS signed
         FROM position p WHERE p.account_id = $1`,
      [lane.accountId],
    ),
    ctx.db.query<{ symbol: string }>(UNSETTLED, [[lane.accountId]]),
  ])
  const moved = new Set(unsettled.map(({ symbol }) => symbol))
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
