import type { PositionView, ShareView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { restsAtExchange } from '../execution/rows.ts'
import { isoOrNull, plain, plainOrNull } from '../plain.ts'

interface Row extends Omit<ShareView, 'openedAt'> {
  readonly market: string
  readonly openedAt: Date | null
}

/** The shares of the account's positions by `symbol positionSide`, the largest first; none where a market belongs to one source. */
export async function listShares(db: Queryable, input: { userId: string; accountId: string }): Promise<Map<string, ShareView[]>> {
  const rows = await db.query<Row>(
    `SELECT s.id, h.symbol || ' ' || h.position_side AS market, s.route_id AS "routeId",
            CASE WHEN r.follow_id IS NOT NULL THEN 'FOLLOW' ELSE coalesce(r.source_kind, 'MANUAL') END AS source, r.follow_id AS "followId",
            sy.name AS "strategyName", w.token_tail AS "webhookTail",
            h.side, h.quantity_base AS size, ${restsAtExchange('s')} AS "atExchange", h.entry_price AS "entryPrice", h.unrealized_pnl AS "unrealizedPnl", s.stop_price AS "stopLoss",
            s.target_price AS "takeProfit", s.protection, s.opened_at AS "openedAt"
       FROM holding h JOIN position_share s ON s.id = h.id LEFT JOIN route r ON r.id = s.route_id
       LEFT JOIN follow f ON f.id = r.follow_id AND f.user_id = s.user_id LEFT JOIN strategy sy ON sy.id = f.strategy_id
       LEFT JOIN webhook w ON w.id = r.source_id AND w.user_id = s.user_id AND r.follow_id IS NULL
      WHERE s.account_id = $1 AND s.user_id = $2 ORDER BY h.quantity_base DESC, s.id`,
    [input.accountId, input.userId],
  )
  const shares = new Map<string, ShareView[]>()
  for (const { market, ...row } of rows) shares.set(market, [...(shares.get(market) ?? []), viewOf(row)])
  return shares
}

function viewOf(row: Omit<Row, 'market'>): ShareView {
  return {
    ...row,
    size: plain(row.size),
    atExchange: plain(row.atExchange),
    entryPrice: plainOrNull(row.entryPrice),
    unrealizedPnl: plainOrNull(row.unrealizedPnl),
    stopLoss: plainOrNull(row.stopLoss),
    takeProfit: plainOrNull(row.takeProfit),
    openedAt: isoOrNull(row.openedAt),
  }
}

const WEAKEST_FIRST = ['EMERGENCY', 'PROTECTING', 'NONE', 'PROTECTED'] as const

/** What its shares make of a position. */
export function withShares(position: PositionView, shares: readonly ShareView[] | undefined): PositionView {
  if (shares === undefined) return position
  const common = (prices: readonly (string | null)[]) => (new Set(prices).size === 1 ? (prices[0] ?? null) : null)
  return {
    ...position,
    stopLoss: common(shares.map(({ stopLoss }) => stopLoss)),
    takeProfit: common(shares.map(({ takeProfit }) => takeProfit)),
    protection: WEAKEST_FIRST.find((kind) => shares.some(({ protection }) => protection === kind)) ?? position.protection,
    shares: [...shares],
  }
}
