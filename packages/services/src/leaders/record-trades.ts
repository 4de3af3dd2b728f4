import type { Transaction } from '@matic/db'
import { canonicalJson, sealable, type RecordContent, type TradeContent, type VoidContent } from '@matic/domain'
import { Decimal } from 'decimal.js'
import { plain } from '../plain.ts'
import type { RecordSource } from './extend-record.ts'

interface Row {
  tradeId: string
  symbol: string
  side: 'LONG' | 'SHORT'
  openedAt: Date
  closedAt: Date
  entryBase: string
  entryPrice: string
  exitPrice: string
  grossPnl: string
  fees: string
  funding: string
  isLiquidation: boolean
  equity: string | null
  told: unknown
}

/** How long a told trade is looked at again: funding and fees of the last moments are booked late. */
const CORRECTED_WITHIN = '2 days'
/** A trade is told once its last bookings have had this long to come in. */
const SETTLED_AFTER = '2 seconds'

/** Closed trades that the record does not tell yet, those it tells otherwise than they stand now, and those that are trades no more. */
export async function loadNewTrades(tx: Transaction, source: RecordSource, newSalt: () => string): Promise<RecordContent[]> {
  const rows = await tx.query<Row>(
    `SELECT t.id AS "tradeId", t.symbol, t.side, t.opened_at AS "openedAt", t.closed_at AS "closedAt", t.entry_base AS "entryBase", t.entry_price AS "entryPrice",
            t.exit_price AS "exitPrice", t.gross_pnl AS "grossPnl", t.fees, t.funding, t.is_liquidation AS "isLiquidation", worth.equity, told.content AS told
       FROM trade t
       LEFT JOIN LATERAL (SELECT r.content FROM record_row r WHERE r.strategy_id = $1 AND r.trade_id = t.id ORDER BY r.number DESC LIMIT 1) AS told ON true
       LEFT JOIN LATERAL (SELECT e.equity FROM equity_snapshot e WHERE e.account_id = t.account_id AND e.at <= t.opened_at ORDER BY e.at DESC LIMIT 1) AS worth ON true
      WHERE t.account_id = $2 AND t.user_id = $3 AND t.opened_at >= $4 AND t.exit_price IS NOT NULL
        AND t.closed_at < clock_timestamp() - interval '${SETTLED_AFTER}'
        AND (told.content IS NULL OR t.closed_at > clock_timestamp() - interval '${CORRECTED_WITHIN}')
      ORDER BY t.closed_at, t.id`,
    [source.strategyId, source.accountId, source.userId, source.since],
  )
  const changed = rows.flatMap((row) => {
    const content = contentOf(row)
    return canonicalJson(content) === canonicalJson(bare(row.told)) ? [] : [sealable(content, row.equity, newSalt())]
  })
  return [...(await loadVoid(tx, source)), ...changed]
}

/** As it was before it was made to be sealed. */
function bare(told: unknown): unknown {
  if (typeof told !== 'object' || told === null) return told
  return Object.fromEntries(Object.entries(told).filter(([name]) => name !== 'v' && name !== 'salt' && name !== 'result'))
}

async function loadVoid(tx: Transaction, { strategyId }: RecordSource): Promise<VoidContent[]> {
  const rows = await tx.query<{ tradeId: string }>(
    `SELECT trade_id AS "tradeId" FROM (
       SELECT DISTINCT ON (trade_id) trade_id, content FROM record_row
        WHERE strategy_id = $1 AND trade_id IS NOT NULL AND written_at > clock_timestamp() - interval '${CORRECTED_WITHIN}' ORDER BY trade_id, number DESC) AS r
      WHERE content->>'kind' = 'trade' AND NOT EXISTS (SELECT 1 FROM trade t WHERE t.id = r.trade_id AND t.closed_at IS NOT NULL)
      ORDER BY trade_id`,
    [strategyId],
  )
  return rows.map(({ tradeId }) => ({ kind: 'void', tradeId }))
}

function contentOf(row: Row): TradeContent {
  const { tradeId, symbol, side, isLiquidation } = row
  const notional = new Decimal(row.entryBase).mul(row.entryPrice)
  const equity = row.equity === null ? null : new Decimal(row.equity)
  return {
    kind: 'trade',
    tradeId,
    symbol,
    side,
    openedAtMs: row.openedAt.getTime(),
    closedAtMs: row.closedAt.getTime(),
    entryBase: plain(row.entryBase),
    entryPrice: plain(row.entryPrice),
    exitPrice: plain(row.exitPrice),
    grossPnl: plain(row.grossPnl),
    fees: plain(row.fees),
    funding: plain(row.funding),
    isLiquidation,
    leverage: equity?.gt(0) ? notional.div(equity).toDecimalPlaces(4).toFixed() : null,
  }
}
