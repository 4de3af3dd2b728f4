import type { PageMeta, TradeView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { CSV_ROWS, toCsv } from '../csv.ts'
import { TRADE_COLUMNS, TRADE_TABLES, TRADE_WHERE, tradeValues, tradeView } from './trade-rows.ts'
import type { TradeInput, TradeRow } from './trade-rows.ts'

/** Newest first: by the time they closed, open ones ahead. */
export async function listTrades({
  db,
  input,
}: {
  db: Queryable
  input: TradeInput & { page: number; limit: number }
}): Promise<{ trades: TradeView[]; meta: PageMeta }> {
  const { page, limit } = input
  const values = tradeValues(input)
  const [[count], rows] = await Promise.all([
    db.query<{ total: string }>(`SELECT count(*) AS total FROM trade t WHERE ${TRADE_WHERE}`, values),
    db.query<TradeRow>(
      `SELECT ${TRADE_COLUMNS} FROM ${TRADE_TABLES} WHERE ${TRADE_WHERE} ORDER BY t.closed_at DESC NULLS FIRST, t.opened_at DESC, t.id LIMIT $8 OFFSET $9`,
      [...values, limit, (page - 1) * limit],
    ),
  ])
  return { trades: rows.map(tradeView), meta: { page, limit, total: Number(count?.total ?? 0) } }
}

const HEADER = [
  'account',
  'symbol',
  'side',
  'source',
  'opened (UTC)',
  'closed (UTC)',
  'quantity',
  'entry price',
  'exit price',
  'gross PnL',
  'fees',
  'fee currency',
  'funding',
  'net PnL',
  'liquidation',
  'id',
]

/** Oldest first. */
export async function exportTrades({ db, input }: { db: Queryable; input: TradeInput }): Promise<string> {
  const rows = await db.query<TradeRow>(
    `SELECT ${TRADE_COLUMNS} FROM ${TRADE_TABLES} WHERE ${TRADE_WHERE} ORDER BY t.closed_at NULLS LAST, t.opened_at, t.id LIMIT ${CSV_ROWS}`,
    tradeValues(input),
  )
  const lines = rows
    .map(tradeView)
    .map((trade) => [
      trade.accountLabel,
      trade.symbol,
      trade.side,
      trade.source,
      trade.openedAt,
      trade.closedAt,
      trade.quantity,
      trade.entryPrice,
      trade.exitPrice,
      trade.grossPnl,
      trade.fees,
      trade.feeCurrency,
      trade.funding,
      trade.netPnl,
      trade.isLiquidation,
      trade.id,
    ])
  return toCsv(HEADER, lines)
}
