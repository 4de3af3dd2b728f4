import type { TradeFilter, TradeView } from '@matic/contracts'
import { Exact, netPnl } from '@matic/domain'
import { isoOrNull, plain, plainOrNull } from '../plain.ts'

export interface TradeInput extends TradeFilter {
  readonly userId: string
  readonly state: 'closed' | 'open' | 'all'
}

export interface TradeRow {
  id: string
  accountId: string
  accountLabel: string
  symbol: string
  side: 'LONG' | 'SHORT'
  source: 'WEBHOOK' | 'MANUAL' | null
  openedAt: Date
  closedAt: Date | null
  quantity: string
  entryPrice: string
  exitQuantity: string
  exitPrice: string | null
  grossPnl: string
  fees: string
  feeCurrency: string
  funding: string
  isLiquidation: boolean
}

export const TRADE_COLUMNS = `
  t.id, t.account_id AS "accountId", a.label AS "accountLabel", t.symbol, t.side, r.source_kind AS source, t.opened_at AS "openedAt", t.closed_at AS "closedAt",
  t.entry_base AS quantity, t.entry_price AS "entryPrice", t.exit_base AS "exitQuantity", t.exit_price AS "exitPrice", t.gross_pnl AS "grossPnl", t.fees,
  t.fee_currency AS "feeCurrency", t.funding, t.is_liquidation AS "isLiquidation"`

export const TRADE_TABLES = 'trade t JOIN account a ON a.id = t.account_id LEFT JOIN route r ON r.id = t.route_id'

/** The user's trades that a filter lets through, with its values $1 to $7. A closed one falls into the time it closed in, an open one is in any. */
export const TRADE_WHERE = `t.user_id = $1 AND ($2::uuid IS NULL OR t.account_id = $2) AND ($3::text IS NULL OR t.symbol = $3) AND ($4::text IS NULL OR t.side = $4)
  AND ($5::timestamptz IS NULL OR t.closed_at IS NULL OR t.closed_at >= $5) AND ($6::timestamptz IS NULL OR t.closed_at IS NULL OR t.closed_at < $6)
  AND ($7 = 'all' OR ($7 = 'closed') = (t.closed_at IS NOT NULL))`

export function tradeValues({ userId, accountId, symbol, side, from, to, state }: TradeInput): unknown[] {
  return [userId, accountId ?? null, symbol ?? null, side ?? null, from ?? null, to ?? null, state]
}

export function tradeView(row: TradeRow): TradeView {
  const [grossPnl, fees, funding] = [new Exact(row.grossPnl), new Exact(row.fees), new Exact(row.funding)]
  const net = netPnl({ grossPnl, fees, funding })
  const invested = new Exact(row.quantity).mul(row.entryPrice)
  return {
    ...row,
    openedAt: row.openedAt.toISOString(),
    closedAt: isoOrNull(row.closedAt),
    quantity: plain(row.quantity),
    entryPrice: plain(row.entryPrice),
    exitQuantity: plain(row.exitQuantity),
    exitPrice: plainOrNull(row.exitPrice),
    grossPnl: grossPnl.toFixed(),
    fees: fees.toFixed(),
    funding: funding.toFixed(),
    netPnl: net.toFixed(),
    netPnlPercent: invested.gt(0) ? net.div(invested).mul(100).toDecimalPlaces(4).toFixed() : null,
  }
}
