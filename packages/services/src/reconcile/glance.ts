import type { AccountHandle, ExchangeOrder, ExchangePort, ExchangePosition } from '@matic/exchange/port'
import { Decimal } from 'decimal.js'
import type { ExecutionContext } from '../execution/context.ts'
import type { HeldLane } from '../execution/lane.ts'
import { isWatched, legsToTell, nextReading } from '../mirror/index.ts'
import { UNSETTLED } from './unsettled.ts'

/** What we know of an account before it is asked for its positions. */
export interface Known {
  readonly positions: readonly KnownPosition[]
  /** Everything executed is booked, and whose it is. */
  readonly isSettled: boolean
  /** Stops and targets of ours rest. */
  readonly hasOrders: boolean
  /** Somebody waits for what becomes of it. */
  readonly isWatched: boolean
}

type KnownPosition = Pick<ExchangePosition, 'symbol' | 'positionSide' | 'side' | 'quantityBase'> & { readonly entryPrice: string | null }

/** An account's list of positions that says nothing new but marks. */
export interface Glance {
  readonly lane: HeldLane
  /** Database ms, not later than the exchange was asked. */
  readonly askedAtMs: number
  readonly positions: readonly ExchangePosition[]
  readonly hasOrders: boolean
}

/** What we know of accounts that hold something, in one statement, by account. */
export async function loadKnown(ctx: ExecutionContext, lanes: readonly HeldLane[]): Promise<ReadonlyMap<string, Known>> {
  const rows = await ctx.db.query<Known & { accountId: string }>(
    `SELECT a.id AS "accountId", ${isWatched('a.id')} AS "isWatched",
            coalesce((SELECT jsonb_agg(jsonb_build_object('symbol', p.symbol, 'positionSide', p.position_side, 'side', p.side, 'quantityBase', p.quantity_base::text, 'entryPrice', p.entry_price::text))
                        FROM position p WHERE p.account_id = a.id AND p.quantity_base > 0), '[]') AS positions,
            EXISTS (SELECT 1 FROM trade_order o WHERE o.account_id = a.id AND o.state IN ('ACKED', 'PARTIAL')) AS "hasOrders",
            NOT EXISTS (SELECT 1 FROM (${UNSETTLED}) AS unsettled WHERE unsettled.account_id = a.id) AS "isSettled"
       FROM account a WHERE a.id = ANY($1::uuid[])`,
    [lanes.map(({ accountId }) => accountId)],
  )
  return new Map(rows.map(({ accountId, ...known }) => [accountId, known]))
}

/**
 * Asks an account for its positions alone: one request instead of five. Whatever matters shows there, for a stop or target that was hit changes
 * the position. Where somebody follows what becomes of the account, a stop that was moved is not for the next whole reading either.
 * @returns undefined where anything is different, or was not answered: the account is to be read whole
 */
export async function glanceAt(
  ctx: ExecutionContext,
  port: ExchangePort,
  handle: AccountHandle,
  known: Known,
): Promise<readonly ExchangePosition[] | undefined> {
  if (!known.isSettled) return undefined
  const listed = await port.fetchPositions(handle)
  if (!listed.ok || !areAsKnown(known.positions, listed.value)) return undefined
  if (known.isWatched && (await legsToTell(ctx.db, handle.accountId, (symbols) => readOrders(port, handle, symbols)))) return undefined
  return listed.value
}

function areAsKnown(known: readonly KnownPosition[], listed: readonly ExchangePosition[]): boolean {
  return known.length === listed.length && listed.every((position) => known.some((one) => isSame(one, position)))
}

function isSame(known: KnownPosition, listed: ExchangePosition): boolean {
  return (
    known.symbol === listed.symbol &&
    known.positionSide === listed.positionSide &&
    known.side === listed.side &&
    new Decimal(known.quantityBase).eq(listed.quantityBase) &&
    known.entryPrice !== null &&
    new Decimal(known.entryPrice).eq(new Decimal(listed.entryPrice).toDecimalPlaces(18))
  )
}

/** What could not be read is for the next whole reading. */
async function readOrders(port: ExchangePort, handle: AccountHandle, symbols: readonly string[]): Promise<readonly ExchangeOrder[]> {
  const read = await Promise.all(symbols.map((symbol) => port.fetchOpenOrders(handle, symbol)))
  return read.flatMap((orders) => (orders.ok ? orders.value : []))
}

/**
 * Writes down marks, margin and liquidation prices of these accounts' positions and gives their lanes back, all in one statement.
 * @returns in their order: whether something is waiting to be done in the lane
 */
export async function recordGlances(ctx: ExecutionContext, glances: readonly Glance[]): Promise<boolean[]> {
  const { reconcileBusyMs, reconcileIdleMs } = ctx.timings
  const positions = glances.flatMap(({ lane, positions: listed }) => listed.map((position) => ({ ...position, accountId: lane.accountId })))
  const rows = await ctx.db.query<{ accountId: string; hasWork: boolean }>(
    `WITH mine AS (
       SELECT l.account_id, x.at, x.secs FROM lane l JOIN unnest($1::uuid[], $2::text[], $3::bigint[], $4::float8[], $5::float8[]) AS x(a, o, f, at, secs)
           ON l.account_id = x.a AND l.owner = x.o AND l.fence = x.f
        ORDER BY l.account_id FOR UPDATE OF l),
     rows AS (SELECT p.id, mine.at FROM position p JOIN mine ON mine.account_id = p.account_id ORDER BY p.id FOR UPDATE OF p),
     listed AS (
       SELECT p.id, x.* FROM unnest($6::uuid[], $7::text[], $8::text[], $9::numeric[], $10::numeric[], $11::int[], $12::text[], $13::numeric[], $14::numeric[])
           AS x(a, symbol, position_side, mark, liquidation, leverage, mode, margin, pnl)
         JOIN position p ON p.account_id = x.a AND p.symbol = x.symbol AND p.position_side = x.position_side),
     marked AS (
       UPDATE position p SET synced_at = to_timestamp(rows.at / 1000.0), mark_price = coalesce(listed.mark, p.mark_price),
              liquidation_price = CASE WHEN listed.id IS NULL THEN p.liquidation_price ELSE listed.liquidation END,
              leverage = coalesce(listed.leverage, p.leverage), margin_mode = coalesce(listed.mode, p.margin_mode),
              margin = CASE WHEN listed.id IS NULL THEN p.margin ELSE listed.margin END,
              unrealized_pnl = CASE WHEN listed.id IS NULL THEN p.unrealized_pnl ELSE listed.pnl END,
              version = p.version + CASE WHEN listed.id IS NULL THEN 0 ELSE 1 END
         FROM rows LEFT JOIN listed ON listed.id = rows.id WHERE p.id = rows.id)
     UPDATE lane SET owner = NULL, lease_until = NULL,
            reconcile_at = CASE WHEN reconcile_at <= 'epoch' THEN reconcile_at ELSE ${nextReading(ctx.timings, { inSeconds: 'mine.secs', askedAtMs: 'mine.at' })} END
       FROM mine WHERE lane.account_id = mine.account_id
     RETURNING lane.account_id AS "accountId", EXISTS (
       SELECT 1 FROM trade_order o WHERE o.account_id = lane.account_id
          AND (o.state = 'READY' OR (o.state IN ('ACKED', 'PARTIAL') AND o.cancel_requested_at IS NOT NULL))) AS "hasWork"`,
    [
      glances.map(({ lane }) => lane.accountId),
      glances.map(({ lane }) => lane.owner),
      glances.map(({ lane }) => lane.fence),
      glances.map(({ askedAtMs }) => askedAtMs),
      glances.map(({ positions: held, hasOrders }) => (held.length > 0 || hasOrders ? reconcileBusyMs : reconcileIdleMs) / 1000),
      positions.map(({ accountId }) => accountId),
      positions.map(({ symbol }) => symbol),
      positions.map(({ positionSide }) => positionSide),
      positions.map(({ markPrice }) => markPrice),
      positions.map(({ liquidationPrice }) => liquidationPrice),
      positions.map(({ leverage }) => leverage),
      positions.map(({ marginMode }) => marginMode),
      positions.map(({ margin }) => margin),
      positions.map(({ unrealizedPnl }) => unrealizedPnl),
    ],
  )
  const waiting = new Map(rows.map(({ accountId, hasWork }) => [accountId, hasWork]))
  return glances.map(({ lane }) => waiting.get(lane.accountId) ?? false)
}
