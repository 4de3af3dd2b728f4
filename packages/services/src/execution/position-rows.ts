import type { PositionDirection } from '@matic/contracts'
import type { NewFact, Queryable } from '@matic/db'
import type { PositionPlan } from '@matic/domain'
import type { Decimal } from 'decimal.js'
import { plain, plainOrNull } from '../plain.ts'
import type { ExecutionContext } from './context.ts'
import type { HeldLane } from './lane.ts'
import { POSITION_COLUMNS } from './rows.ts'
import type { PositionRow } from './rows.ts'

/** The position row of a symbol, locked. */
export async function lockPosition(
  tx: Queryable,
  accountId: string,
  symbol: string,
  positionSide: string,
): Promise<PositionRow | undefined> {
  const rows = await tx.query<PositionRow>(
    `SELECT ${POSITION_COLUMNS} FROM position p WHERE p.account_id = $1 AND p.symbol = $2 AND p.position_side = $3 FOR UPDATE`,
    [accountId, symbol, positionSide],
  )
  return rows[0]
}

/** What a position becomes. Amounts base, prices quote per base; what is left out stays as it was. */
export interface PositionChange {
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly side: PositionDirection
  readonly quantityBase: Decimal
  readonly entryPrice: Decimal | null
  /** Another life begins: flat before, or on the other side. */
  readonly opened: boolean
  /** Route of the order that opened it; read only when opened. */
  readonly routeId: string | null
  readonly exchange?: {
    readonly markPrice: string
    readonly liquidationPrice: string | null
    readonly leverage: number | null
    readonly marginMode: string | null
    readonly margin: string | null
    readonly unrealizedPnl: string
  }
  /** Database ms when the exchange was asked; null: derived from a fill, not from the exchange's list. */
  readonly syncedAtMs: number | null
}

/**
 * Writes the one row of (account, symbol, positionSide). A new life raises the epoch and starts without protection; flat clears it.
 * @param before the row as locked in this transaction
 */
export async function savePosition(
  tx: Queryable,
  ctx: ExecutionContext,
  lane: HeldLane,
  before: PositionRow | undefined,
  change: PositionChange,
): Promise<PositionRow> {
  const flat = change.quantityBase.isZero()
  const seen = change.exchange
  const rows = await tx.query<PositionRow>(
    `INSERT INTO position AS p (id, user_id, account_id, route_id, symbol, position_side, epoch, side, quantity_base, entry_price, mark_price, liquidation_price,
                                leverage, margin_mode, margin, unrealized_pnl, opened_at, closed_at, synced_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
             CASE WHEN $7 > 0 AND $9::numeric > 0 THEN clock_timestamp() END, NULL, coalesce(to_timestamp($17::float8 / 1000.0), 'epoch'))
     ON CONFLICT (account_id, symbol, position_side) DO UPDATE SET
       route_id = CASE WHEN $18 THEN excluded.route_id ELSE p.route_id END,
       epoch = excluded.epoch, side = excluded.side, quantity_base = excluded.quantity_base, entry_price = excluded.entry_price,
       mark_price = coalesce(excluded.mark_price, p.mark_price),
       liquidation_price = CASE WHEN $19 THEN excluded.liquidation_price WHEN $20 THEN NULL ELSE p.liquidation_price END,
       leverage = coalesce(excluded.leverage, p.leverage), margin_mode = coalesce(excluded.margin_mode, p.margin_mode),
       margin = CASE WHEN $19 OR $20 THEN excluded.margin ELSE p.margin END,
       unrealized_pnl = CASE WHEN $19 OR $20 THEN excluded.unrealized_pnl ELSE p.unrealized_pnl END,
       opened_at = CASE WHEN $18 THEN clock_timestamp() ELSE p.opened_at END,
       closed_at = CASE WHEN NOT $20 THEN NULL WHEN p.quantity_base > 0 THEN clock_timestamp() ELSE p.closed_at END,
       protection = CASE WHEN $18 OR $20 THEN 'NONE' ELSE p.protection END,
       stop_price = CASE WHEN $18 OR $20 THEN NULL ELSE p.stop_price END,
       target_price = CASE WHEN $18 OR $20 THEN NULL ELSE p.target_price END,
       plan = CASE WHEN $18 OR $20 THEN NULL ELSE p.plan END,
       unprotected_since = CASE WHEN $18 OR $20 THEN NULL ELSE p.unprotected_since END,
       synced_at = coalesce(to_timestamp($17::float8 / 1000.0), p.synced_at), version = p.version + 1
     RETURNING ${POSITION_COLUMNS}`,
    [
      before?.id ?? ctx.newId(),
      lane.userId,
      lane.accountId,
      change.opened ? change.routeId : (before?.routeId ?? null),
      change.symbol,
      change.positionSide,
      (before?.epoch ?? 0) + (change.opened ? 1 : 0),
      change.side,
      change.quantityBase.toFixed(),
      flat ? null : (change.entryPrice?.toDecimalPlaces(18).toFixed() ?? null),
      seen?.markPrice ?? null,
      seen?.liquidationPrice ?? null,
      seen?.leverage ?? null,
      seen?.marginMode ?? null,
      seen?.margin ?? null,
      seen?.unrealizedPnl ?? null,
      change.syncedAtMs,
      change.opened,
      seen !== undefined,
      flat,
    ],
  )
  const saved = rows[0]
  if (!saved) throw new Error(`Position ${change.symbol} was not written`)
  return saved
}

/** Trigger prices, and a plan where one is given, that this position should have; what is missing at the exchange is placed by the next plan. */
export async function wishProtection(
  tx: Queryable,
  position: PositionRow,
  wish: { stopPrice: string | null; targetPrice: string | null; plan?: PositionPlan | null },
): Promise<PositionRow> {
  const rows = await tx.query<PositionRow>(
    `UPDATE position AS p SET stop_price = $2, target_price = $3, plan = CASE WHEN $4 THEN $5::jsonb ELSE p.plan END, protection = 'PROTECTING',
            unprotected_since = CASE WHEN $2::numeric IS NULL THEN NULL WHEN p.protection = 'PROTECTED' THEN p.unprotected_since ELSE coalesce(p.unprotected_since, clock_timestamp()) END,
            version = p.version + 1
      WHERE p.id = $1 RETURNING ${POSITION_COLUMNS}`,
    [position.id, wish.stopPrice, wish.targetPrice, wish.plan !== undefined, wish.plan ? JSON.stringify(wish.plan) : null],
  )
  return rows[0] ?? position
}

export function positionFact(position: PositionRow): NewFact {
  const { accountId, symbol, side, protection, epoch, version } = position
  const payload = {
    accountId,
    symbol,
    side,
    quantityBase: plain(position.quantityBase),
    entryPrice: plainOrNull(position.entryPrice),
    protection,
    stopPrice: plainOrNull(position.stopPrice),
    targetPrice: plainOrNull(position.targetPrice),
    epoch,
    version,
  }
  return { userId: position.userId, kind: 'position-changed', entity: 'position', entityId: position.id, payload }
}
