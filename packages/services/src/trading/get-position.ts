import type { PositionDetails, PositionView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { TRADE_COLUMNS, TRADE_TABLES, tradeView, type TradeRow } from '../trades/trade-rows.ts'
import { listAccounts } from './accounts.ts'
import { findPosition } from './find-position.ts'
import { listPositions } from './list-positions.ts'
import { ORDER_VIEW_COLUMNS, orderView, type OrderColumns } from './orders.ts'

/** Open positions of the named account, or of all. @throws AppError NO_ACCOUNT */
export async function listAllPositions({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; accountId: string | undefined }
}): Promise<PositionView[]> {
  if (input.accountId !== undefined) return listPositions({ db, input })
  const accounts = await listAccounts({ db, userId: input.userId })
  const lists = await Promise.all(accounts.map(({ id }) => listPositions({ db, input: { userId: input.userId, accountId: id } })))
  return lists.flat()
}

/** @throws AppError POSITION_NOT_FOUND */
export async function getPosition({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; positionId: string }
}): Promise<PositionDetails> {
  const { position } = await findPosition({ db, input })
  const [orders, [trade]] = await Promise.all([
    db.query<OrderColumns>(
      `SELECT ${ORDER_VIEW_COLUMNS} FROM trade_order o JOIN position p ON p.account_id = o.account_id AND o.cause = 'position:' || p.id || ':' || p.epoch
        WHERE p.id = $1 AND p.user_id = $2 AND o.leg IN ('stop', 'target') AND o.state IN ('ACKED', 'PARTIAL') ORDER BY o.leg, o.revision`,
      [input.positionId, input.userId],
    ),
    db.query<TradeRow>(
      `SELECT ${TRADE_COLUMNS} FROM ${TRADE_TABLES} WHERE t.user_id = $1 AND t.account_id = $2 AND t.symbol = $3 AND t.position_side = $4 AND t.closed_at IS NULL ORDER BY t.opened_at DESC LIMIT 1`,
      [input.userId, position.accountId, position.symbol, position.positionSide],
    ),
  ])
  return { ...position, protectionOrders: orders.map(orderView), trade: trade === undefined ? null : tradeView(trade) }
}
