import type { Transaction } from '@matic/db'
import type { Decision, Gathered } from '@matic/domain'
import type { RouteRow } from './load-batch.ts'

/** What has gathered, by route: changes as the batch is decided. */
export type Remainders = Map<string, readonly Gathered[]>

/** Of the routes whose follower lets small copies gather. Read once their accounts are held. */
export async function loadRemainders(tx: Transaction, routes: readonly RouteRow[]): Promise<Remainders> {
  const gathering = routes.filter(({ follow }) => follow?.settings.belowMinimum === 'accumulate')
  if (gathering.length === 0) return new Map()
  const rows = await tx.query<Gathered & { routeId: string }>(
    `SELECT route_id AS "routeId", symbol, side, trim_scale(quantity_base)::text AS "quantityBase" FROM copy_remainder WHERE route_id = ANY($1::uuid[])`,
    [gathering.map(({ id }) => id)],
  )
  return Map.groupBy(rows, (row) => row.routeId)
}

/** So that the next signal of the same follow goes on from here. */
export function noteGathered(remainders: Remainders, routeId: string, { gathered }: Decision): void {
  if (gathered === undefined) return
  const { symbol, kept } = gathered
  const others = symbol === null ? [] : (remainders.get(routeId) ?? []).filter((one) => one.symbol !== symbol)
  remainders.set(routeId, kept === null ? others : [...others, kept])
}

interface Change {
  readonly route: Pick<RouteRow, 'id' | 'userId'>
  readonly decision: Pick<Decision, 'gathered'>
}

/** With the decisions that they come from, in their order; the last one of a market counts. */
export async function saveRemainders(tx: Transaction, decided: readonly Change[]): Promise<void> {
  const changed = decided.flatMap(({ route, decision }) => (decision.gathered === undefined ? [] : [{ route, ...decision.gathered }]))
  if (changed.length === 0) return
  await tx.query(
    `DELETE FROM copy_remainder c USING unnest($1::uuid[], $2::text[]) AS x(route_id, symbol)
      WHERE c.route_id = x.route_id AND (x.symbol IS NULL OR c.symbol = x.symbol)`,
    [changed.map(({ route }) => route.id), changed.map(({ symbol }) => symbol)],
  )
  const last = new Map<string, { userId: string; routeId: string; kept: Gathered }>()
  for (const { route, symbol, kept } of changed) {
    for (const key of last.keys()) if (key === `${route.id} ${symbol}` || (symbol === null && key.startsWith(route.id))) last.delete(key)
    if (kept !== null) last.set(`${route.id} ${symbol}`, { userId: route.userId, routeId: route.id, kept })
  }
  const rows = [...last.values()]
  if (rows.length === 0) return
  await tx.query(
    `INSERT INTO copy_remainder (route_id, symbol, user_id, side, quantity_base, updated_at)
     SELECT r, s, u, d, q, clock_timestamp() FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::numeric[]) AS x(r, s, u, d, q)`,
    [
      rows.map(({ routeId }) => routeId),
      rows.map(({ kept }) => kept.symbol),
      rows.map(({ userId }) => userId),
      rows.map(({ kept }) => kept.side),
      rows.map(({ kept }) => kept.quantityBase),
    ],
  )
}
