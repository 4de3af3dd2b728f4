import type { Transaction } from '@matic/db'
import { worthOfHandedOver } from '@matic/domain'

/** One side of a market that a route has just given up. Base is signed. */
export interface GivenRow {
  readonly routeId: string
  readonly symbol: string
  readonly positionSide: string
  readonly entryPrice: string | null
  readonly base: string
  /** Of a trade, quote: what is over of it less fees plus funding. */
  readonly made?: string
}

interface Priced extends Pick<GivenRow, 'routeId' | 'symbol' | 'positionSide'> {
  readonly followId: string
  readonly userId: string
  readonly markPrice: string | null
  readonly markAt: Date | null
  /** As the exchange last told it with the position. */
  readonly seenPrice: string | null
  readonly seenAt: Date | null
  readonly openBase: string
  readonly closeBase: string
  readonly closeQuote: string
}

const keyOf = ({ routeId, symbol, positionSide }: Pick<GivenRow, 'routeId' | 'symbol' | 'positionSide'>) =>
  [routeId, symbol, positionSide].join(' ')

/** Writes down what each is worth at this moment: it counts into the profit of its follow, and what comes of it later does not. */
export async function noteHandedOver(
  tx: Transaction,
  given: { readonly trades: readonly GivenRow[]; readonly held: readonly GivenRow[] },
): Promise<void> {
  const [trades, held] = [byKey(given.trades), byKey(given.held)]
  const sides = [...byKey([...given.held, ...given.trades]).values()]
  if (sides.length === 0) return
  const worths = (await price(tx, sides)).flatMap((side) => {
    const [trade, holding] = [trades.get(keyOf(side)), held.get(keyOf(side))]
    const worth = worthOfHandedOver({
      trade:
        trade?.made === undefined || trade.entryPrice === null
          ? null
          : { ...trade, made: trade.made, leftBase: trade.base, entryPrice: trade.entryPrice },
      held: holding ?? null,
      late: side,
      marks: [...markOf(side.markPrice, side.markAt), ...markOf(side.seenPrice, side.seenAt)],
    })
    return worth === null ? [] : [{ ...side, ...worth }]
  })
  if (worths.length === 0) return
  await tx.query(
    `INSERT INTO handed_over (id, follow_id, user_id, symbol, position_side, quantity_base, entry_price, price, priced_at, profit, at)
     SELECT gen_random_uuid(), x.*, clock_timestamp()
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::numeric[], $6::numeric[], $7::numeric[], $8::timestamptz[], $9::numeric[]) AS x`,
    [
      worths.map(({ followId }) => followId),
      worths.map(({ userId }) => userId),
      worths.map(({ symbol }) => symbol),
      worths.map(({ positionSide }) => positionSide),
      worths.map(({ quantityBase }) => quantityBase),
      worths.map(({ entryPrice }) => entryPrice),
      worths.map((worth) => worth.price),
      worths.map(({ pricedAtMs }) => (pricedAtMs === null ? null : new Date(pricedAtMs))),
      worths.map(({ profit }) => profit),
    ],
  )
}

function byKey(rows: readonly GivenRow[]): Map<string, GivenRow> {
  return new Map(rows.map((row) => [keyOf(row), row]))
}

function markOf(price: string | null, at: Date | null): { price: string; atMs: number }[] {
  return price === null || at === null ? [] : [{ price, atMs: at.getTime() }]
}

/** Marks, and what its orders filled within a day and no fill is booked of. */
async function price(tx: Transaction, sides: readonly GivenRow[]): Promise<Priced[]> {
  return tx.query<Priced>(
    `SELECT x.route_id AS "routeId", x.symbol, x.position_side AS "positionSide", f.id AS "followId", f.user_id AS "userId",
            m.mark_price AS "markPrice", m.mark_at AS "markAt", p.mark_price AS "seenPrice", p.synced_at AS "seenAt",
            late.open_base::text AS "openBase", late.close_base::text AS "closeBase", late.close_quote::text AS "closeQuote"
       FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x(route_id, symbol, position_side)
       JOIN follow f ON f.route_id = x.route_id
       JOIN account a ON a.id = f.account_id
       LEFT JOIN market m ON m.exchange = a.exchange AND m.symbol = x.symbol
       LEFT JOIN position p ON p.account_id = f.account_id AND p.symbol = x.symbol AND p.position_side = x.position_side
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(o.filled_base - b.base) FILTER (WHERE o.leg = 'open'), 0) AS open_base,
               coalesce(sum(o.sign * (o.filled_base - b.base)) FILTER (WHERE o.leg <> 'open'), 0) AS close_base,
               coalesce(sum(o.sign * (o.filled_base * o.average_price - b.quote)) FILTER (WHERE o.leg <> 'open'), 0) AS close_quote
          FROM (SELECT *, CASE side WHEN 'buy' THEN 1 ELSE -1 END AS sign FROM trade_order) o
         CROSS JOIN LATERAL (SELECT coalesce(sum(l.quantity_base), 0) AS base, coalesce(sum(l.quantity_base * l.price), 0) AS quote FROM fill l WHERE l.order_id = o.id) b
         WHERE o.account_id = f.account_id AND o.route_id = f.route_id AND o.symbol = x.symbol AND o.position_side = x.position_side AND o.type IN ('market', 'limit')
           AND o.average_price IS NOT NULL AND o.filled_base > b.base AND o.filled_at > clock_timestamp() - interval '1 day') AS late`,
    [sides.map(({ routeId }) => routeId), sides.map(({ symbol }) => symbol), sides.map(({ positionSide }) => positionSide)],
  )
}
