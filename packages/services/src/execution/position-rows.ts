import type { PositionDirection } from '@matic/contracts'
import type { NewFact, Queryable } from '@matic/db'
import type { PositionPlan } from '@matic/domain'
import type { Decimal } from 'decimal.js'
import { plain, plainOrNull } from '../plain.ts'
import type { ExecutionContext } from './context.ts'
import type { HeldLane } from './lane.ts'
import { POSITION_COLUMNS, SHARE_COLUMNS } from './rows.ts'
import type { PositionRow } from './rows.ts'

/** Names one position: a symbol of an account, or one side of it where long and short stand side by side. */
export type PositionName = Pick<PositionRow, 'accountId' | 'symbol' | 'positionSide'>

/** The position row of a symbol, locked. */
export async function lockPosition(
  tx: Queryable,
  accountId: string,
  symbol: string,
  positionSide: PositionRow['positionSide'],
): Promise<PositionRow | undefined> {
  return (await lockPositions(tx, [{ accountId, symbol, positionSide }])).get(keyOf({ accountId, symbol, positionSide }))
}

/** The rows there are of these positions, locked, by `keyOf`. */
export async function lockPositions(tx: Queryable, names: readonly PositionName[]): Promise<Map<string, PositionRow>> {
  if (names.length === 0) return new Map()
  const rows = await tx.query<PositionRow>(
    `SELECT ${POSITION_COLUMNS} FROM position p
       JOIN (SELECT DISTINCT a, s, d FROM unnest($1::uuid[], $2::text[], $3::text[]) AS n(a, s, d)) AS x
         ON p.account_id = x.a AND p.symbol = x.s AND p.position_side = x.d
      ORDER BY p.id FOR UPDATE OF p`,
    [names.map((name) => name.accountId), names.map((name) => name.symbol), names.map((name) => name.positionSide)],
  )
  return new Map(rows.map((row) => [keyOf(row), row]))
}

export const keyOf = ({ accountId, symbol, positionSide }: PositionName): string => `${accountId} ${symbol} ${positionSide}`

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
       own_protection = p.own_protection AND NOT ($18 OR $20),
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

/** What fills make of a position that has a row: amounts base, prices quote per base. */
export interface PositionMove {
  readonly before: PositionRow
  readonly side: PositionDirection
  readonly quantityBase: Decimal
  readonly entryPrice: Decimal | null
  /** Another life begins: flat before, or on the other side. */
  readonly opened: boolean
  /** Route of the order that opened it; read only when opened. */
  readonly routeId: string | null
}

/**
 * `savePosition` for many positions at once that move by fills alone: a new life raises the epoch and starts without protection; flat clears it.
 * @returns the rows as they are now, by `keyOf`
 */
export async function movePositions(tx: Queryable, moves: readonly PositionMove[]): Promise<Map<string, PositionRow>> {
  if (moves.length === 0) return new Map()
  const rows = await tx.query<PositionRow>(
    `UPDATE position AS p SET
       route_id = CASE WHEN x.opened THEN x.r ELSE p.route_id END, epoch = p.epoch + CASE WHEN x.opened THEN 1 ELSE 0 END,
       side = x.side, quantity_base = x.q, entry_price = x.e,
       liquidation_price = CASE WHEN x.q = 0 THEN NULL ELSE p.liquidation_price END,
       margin = CASE WHEN x.q = 0 THEN NULL ELSE p.margin END,
       unrealized_pnl = CASE WHEN x.q = 0 THEN NULL ELSE p.unrealized_pnl END,
       opened_at = CASE WHEN x.opened THEN clock_timestamp() ELSE p.opened_at END,
       closed_at = CASE WHEN x.q > 0 THEN NULL WHEN p.quantity_base > 0 THEN clock_timestamp() ELSE p.closed_at END,
       protection = CASE WHEN x.opened OR x.q = 0 THEN 'NONE' ELSE p.protection END,
       stop_price = CASE WHEN x.opened OR x.q = 0 THEN NULL ELSE p.stop_price END,
       target_price = CASE WHEN x.opened OR x.q = 0 THEN NULL ELSE p.target_price END,
       plan = CASE WHEN x.opened OR x.q = 0 THEN NULL ELSE p.plan END,
       own_protection = p.own_protection AND NOT (x.opened OR x.q = 0),
       unprotected_since = CASE WHEN x.opened OR x.q = 0 THEN NULL ELSE p.unprotected_since END,
       version = p.version + 1
      FROM unnest($1::uuid[], $2::text[], $3::numeric[], $4::numeric[], $5::boolean[], $6::uuid[]) AS x(id, side, q, e, opened, r)
     WHERE p.id = x.id RETURNING ${POSITION_COLUMNS}`,
    [
      moves.map((move) => move.before.id),
      moves.map((move) => move.side),
      moves.map((move) => move.quantityBase.toFixed()),
      moves.map((move) => (move.quantityBase.isZero() ? null : (move.entryPrice?.toDecimalPlaces(18).toFixed() ?? null))),
      moves.map((move) => move.opened),
      moves.map((move) => move.routeId),
    ],
  )
  return new Map(rows.map((row) => [keyOf(row), row]))
}

export interface ProtectionWish {
  readonly stopPrice: string | null
  readonly targetPrice: string | null
  readonly plan?: PositionPlan | null
}

/** Trigger prices, and a plan where one is given, that this position should have; what is missing at the exchange is placed by the next plan. */
export async function wishProtection(tx: Queryable, position: PositionRow, wish: ProtectionWish): Promise<PositionRow> {
  return (await wishProtections(tx, [{ position, wish }])).get(keyOf(position)) ?? position
}

/** Positions, and shares that are looked after as such, where each kind is stored. */
export const KINDS = [
  { table: 'position', columns: POSITION_COLUMNS, has: (row: PositionRow) => row.shareOf === undefined },
  { table: 'position_share', columns: SHARE_COLUMNS, has: (row: PositionRow) => row.shareOf !== undefined },
] as const
export type Kind = (typeof KINDS)[number]

/** @returns the rows as they are now, by `keyOf` */
export async function wishProtections(
  tx: Queryable,
  wishes: readonly { position: PositionRow; wish: ProtectionWish }[],
): Promise<Map<string, PositionRow>> {
  const rows: PositionRow[] = []
  for (const kind of KINDS)
    rows.push(
      ...(await wishOfKind(
        tx,
        kind,
        wishes.filter(({ position }) => kind.has(position)),
      )),
    )
  return new Map(rows.map((row) => [keyOf(row), row]))
}

async function wishOfKind(
  tx: Queryable,
  { table, columns }: Kind,
  wishes: readonly { position: PositionRow; wish: ProtectionWish }[],
): Promise<PositionRow[]> {
  if (wishes.length === 0) return []
  return tx.query<PositionRow>(
    `UPDATE ${table} AS p SET stop_price = x.s, target_price = x.t, plan = CASE WHEN x.planned THEN x.plan::jsonb ELSE p.plan END, protection = 'PROTECTING',
            unprotected_since = CASE WHEN x.s IS NULL THEN NULL WHEN p.protection = 'PROTECTED' THEN p.unprotected_since ELSE coalesce(p.unprotected_since, clock_timestamp()) END,
            version = p.version + 1
       FROM unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::boolean[], $5::text[]) AS x(id, s, t, planned, plan)
      WHERE p.id = x.id RETURNING ${columns}`,
    [
      wishes.map(({ position }) => position.id),
      wishes.map(({ wish }) => wish.stopPrice),
      wishes.map(({ wish }) => wish.targetPrice),
      wishes.map(({ wish }) => wish.plan !== undefined),
      wishes.map(({ wish }) => (wish.plan ? JSON.stringify(wish.plan) : null)),
    ],
  )
}

export function positionFact(position: PositionRow): NewFact {
  // Who looks at the position reads its shares with it.
  if (position.shareOf !== undefined) {
    const payload = { accountId: position.accountId, symbol: position.symbol }
    return { userId: position.userId, kind: 'position-changed', entity: 'position', entityId: position.shareOf, payload }
  }
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
