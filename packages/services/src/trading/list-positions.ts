import type { PositionView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { Decimal } from 'decimal.js'
import { isoOrNull, plain, plainOrNull } from '../plain.ts'
import { findAccount } from './accounts.ts'
import { listShares, withShares } from './list-shares.ts'

/** Held at the exchange, or by shares that come to nothing there because they stand against each other. */
export const isHeld = (position: string) => `(${position}.quantity_base > 0 OR EXISTS (SELECT 1 FROM position_share hs
  WHERE hs.account_id = ${position}.account_id AND hs.symbol = ${position}.symbol AND hs.position_side = ${position}.position_side AND hs.quantity_base <> 0))`

interface Row extends Omit<PositionView, 'openedAt' | 'syncedAt' | 'unrealizedPnlPercent' | 'entryPrice'> {
  entryPrice: string | null
  openedAt: Date | null
  syncedAt: Date
}

/** Open positions, the newest first. @throws AppError NO_ACCOUNT */
export async function listPositions({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; accountId: string | undefined }
}): Promise<PositionView[]> {
  const account = await findAccount({ db, input })
  const rows = await db.query<Row>(
    `SELECT p.id, p.account_id AS "accountId", r.follow_id AS "followId", p.symbol, coalesce(m.market_id, p.symbol) AS "marketId", p.side, p.position_side AS "positionSide", p.quantity_base AS size, p.entry_price AS "entryPrice",
            p.mark_price AS "markPrice", p.leverage, p.margin_mode AS "marginMode", p.unrealized_pnl AS "unrealizedPnl", p.liquidation_price AS "liquidationPrice",
            p.margin, p.stop_price AS "stopLoss", p.target_price AS "takeProfit", p.protection, p.opened_at AS "openedAt", p.synced_at AS "syncedAt", p.version
       FROM position p LEFT JOIN route r ON r.id = p.route_id LEFT JOIN market m ON m.exchange = $2 AND m.symbol = p.symbol
      WHERE p.account_id = $1 AND ${isHeld('p')} ORDER BY p.opened_at DESC NULLS LAST, p.id`,
    [account.id, account.exchange],
  )
  const shares = await listShares(db, { userId: input.userId, accountId: account.id })
  return rows.map((row) => withShares(viewOf(row), shares.get(`${row.symbol} ${row.positionSide}`)))
}

function viewOf(row: Row): PositionView {
  return {
    ...row,
    size: plain(row.size),
    entryPrice: plain(row.entryPrice ?? '0'),
    markPrice: plainOrNull(row.markPrice),
    unrealizedPnl: plainOrNull(row.unrealizedPnl),
    unrealizedPnlPercent: percentOfMargin(row.unrealizedPnl, row.margin),
    liquidationPrice: plainOrNull(row.liquidationPrice),
    margin: plainOrNull(row.margin),
    stopLoss: plainOrNull(row.stopLoss),
    takeProfit: plainOrNull(row.takeProfit),
    openedAt: isoOrNull(row.openedAt),
    syncedAt: row.syncedAt.toISOString(),
  }
}

/** Percent: 12.5 is an eighth of the margin. */
function percentOfMargin(pnl: string | null, margin: string | null): string | null {
  if (pnl === null || margin === null || new Decimal(margin).lte(0)) return null
  return new Decimal(pnl).div(margin).mul(100).toDecimalPlaces(2).toFixed()
}
