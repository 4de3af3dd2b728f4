import { recordFacts } from '@matic/db'
import type { Queryable, Transaction } from '@matic/db'
import type { ExecutionContext } from './context.ts'
import { insertPositionOrders } from './insert-orders.ts'
import { positionFact } from './position-rows.ts'
import { positionCause, SHARE_COLUMNS, type PositionRow } from './rows.ts'

/** A price that stands still for longer is not believed. */
const MARK_MAX_AGE_S = 60

type Reached = PositionRow & { readonly leg: 'emergency' | 'close' }

interface LastOrder {
  readonly cause: string
  readonly leg: string
  readonly revision: number
  /** Database ms. */
  readonly endedMs: number | null
  readonly isUnderWay: boolean
}

/** What an exchange refuses is tried ever more rarely. */
function againAtMs({ timings }: ExecutionContext, last: LastOrder | undefined): number | null {
  if (last === undefined || last.endedMs === null) return null
  return last.endedMs + Math.min((timings.sweepMs / 4) * 2 ** last.revision, 30 * timings.sweepMs)
}

/**
 * Shares on both sides of a market are not all at the exchange, so that their stops and targets cannot all rest there: these are watched here, at the mark of
 * every second, and carried out by a close of the share. Only shares whose price was crossed are read, by index, however many there are.
 * @returns how many were reached
 */
export async function watchShares(ctx: ExecutionContext): Promise<number> {
  const crossed = await findCrossed(ctx.db)
  if (crossed.length === 0) return 0
  const ids = await ctx.db.transaction(async (tx) => {
    const found = await findReached(tx, crossed)
    if (found.length === 0) return []
    const orders = await tx.query<LastOrder>(
      `SELECT cause, leg, max(revision) AS revision, (extract(epoch FROM max(ended_at)) * 1000)::float8 AS "endedMs", bool_or(state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')) AS "isUnderWay"
         FROM trade_order WHERE account_id = ANY($1::uuid[]) AND cause = ANY($2::text[]) GROUP BY cause, leg`,
      [found.map(({ accountId }) => accountId), found.map(positionCause)],
    )
    const last = new Map(orders.map((order) => [`${order.cause} ${order.leg}`, order]))
    const isBeingClosed = (share: Reached) =>
      ['close', 'emergency'].some((leg) => last.get(`${positionCause(share)} ${leg}`)?.isUnderWay === true)
    // Another worker may have ordered it after the look above and before its lock.
    const reached = found.filter((share) => !isBeingClosed(share))
    if (reached.length === 0) return []
    const stopped = reached.filter(({ leg }) => leg === 'emergency').map(({ id }) => id)
    await tx.query(
      `UPDATE position_share SET protection = 'EMERGENCY', unprotected_since = coalesce(unprotected_since, clock_timestamp()), version = version + 1 WHERE id = ANY($1::uuid[])`,
      [stopped],
    )
    await insertPositionOrders(
      tx,
      ctx,
      reached.map((position) => ({
        position,
        leg: position.leg,
        revision: (last.get(`${positionCause(position)} ${position.leg}`)?.revision ?? 0) + 1,
        triggerPrice: null,
        quantityBase: null,
        level: null,
        callbackPercent: null,
        notBeforeMs: againAtMs(ctx, last.get(`${positionCause(position)} ${position.leg}`)),
        reason: null,
        numbers: {},
      })),
    )
    return recordFacts(tx, reached.map(positionFact))
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return ids.length
}

/** Markets that some share waits for, one after the other from an index, so that it is not read whole. */
const marketsOf = (way: 'falls_to' | 'rises_to') => `
  (SELECT symbol FROM position_share WHERE ${way} IS NOT NULL ORDER BY symbol LIMIT 1)
  UNION ALL
  SELECT (SELECT s.symbol FROM position_share s WHERE s.${way} IS NOT NULL AND s.symbol > before.symbol ORDER BY s.symbol LIMIT 1)
    FROM ${way}_markets before WHERE before.symbol IS NOT NULL`

const crossedBy = (way: 'falls_to' | 'rises_to', compared: '>=' | '<=') => `
  SELECT s.id FROM ${way}_markets w JOIN market m ON m.symbol = w.symbol AND m.mark_at > clock_timestamp() - make_interval(secs => $1)
    CROSS JOIN LATERAL (SELECT p.id, p.account_id FROM position_share p WHERE p.symbol = w.symbol AND p.${way} IS NOT NULL AND p.${way} ${compared} m.mark_price OFFSET 0) s
    JOIN account a ON a.id = s.account_id AND a.exchange = m.exchange`

const CROSSED = `WITH RECURSIVE falls_to_markets(symbol) AS (${marketsOf('falls_to')}), rises_to_markets(symbol) AS (${marketsOf('rises_to')})
  ${crossedBy('falls_to', '>=')} UNION ${crossedBy('rises_to', '<=')}`

/** Ids of shares whose stop or target the mark has crossed, most of which rest at the exchange and are filled there. */
async function findCrossed(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ id: string }>(CROSSED, [MARK_MAX_AGE_S])
  return rows.map(({ id }) => id)
}

/** Locked; none that is being closed already. */
function findReached(tx: Transaction, ids: readonly string[]): Promise<Reached[]> {
  const isPast = (price: string, beyond: 1 | -1) =>
    `p.${price} IS NOT NULL AND ${beyond} * sign(p.quantity_base) * (m.mark_price - p.${price}) >= 0`
  return tx.query<Reached>(
    `SELECT ${SHARE_COLUMNS}, CASE WHEN ${isPast('stop_price', -1)} THEN 'emergency' ELSE 'close' END AS leg
       FROM account a
       JOIN position_share p ON p.account_id = a.id
       JOIN market m ON m.exchange = a.exchange AND m.symbol = p.symbol AND m.mark_at > clock_timestamp() - make_interval(secs => $1)
      WHERE p.id = ANY($2::uuid[]) AND a.shared_symbols = 'net' AND p.position_side = 'BOTH' AND p.quantity_base <> 0 AND p.protection <> 'EMERGENCY'
        AND (${isPast('stop_price', -1)} OR ${isPast('target_price', 1)})
        AND EXISTS (SELECT 1 FROM position_share q WHERE q.account_id = p.account_id AND q.symbol = p.symbol AND q.position_side = p.position_side
                       AND sign(q.quantity_base) = -sign(p.quantity_base))
        AND NOT EXISTS (SELECT 1 FROM trade_order o WHERE o.account_id = p.account_id AND o.route_id = p.route_id AND o.symbol = p.symbol
                           AND o.leg IN ('close', 'emergency') AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL'))
      ORDER BY p.id FOR UPDATE OF p SKIP LOCKED`,
    [MARK_MAX_AGE_S, ids],
  )
}
