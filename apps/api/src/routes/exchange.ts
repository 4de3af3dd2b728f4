import {
  cancelOrder as cancelRoute,
  closePosition as closeRoute,
  getBalance as balanceRoute,
  getEquityHistory,
  getPositions,
  listAccounts as accountsRoute,
  listOrders as ordersRoute,
  placeOrder as placeRoute,
} from '@matic/contracts'
import {
  cancelOrder,
  closePosition,
  getBalance,
  listAccounts,
  listEquity,
  listOrders,
  listPositions,
  placeOrder,
} from '@matic/services/trading/index'
import { mount } from '../http/mount.ts'

const WAITING = 'Accepted; the exchange has not answered yet'

export const exchangeRoutes = [
  mount(accountsRoute, async ({ ctx, actor }) => ({ data: await listAccounts({ db: ctx.db, userId: actor.userId }) })),

  mount(balanceRoute, async ({ ctx, actor, query }) => ({
    data: await getBalance({ db: ctx.db, input: { userId: actor.userId, accountId: query.accountId } }),
  })),

  mount(getPositions, async ({ ctx, actor, query }) => ({
    data: await listPositions({ db: ctx.db, input: { userId: actor.userId, accountId: query.accountId } }),
  })),

  mount(getEquityHistory, async ({ ctx, actor, query }) => ({
    data: await listEquity({ db: ctx.db, input: { userId: actor.userId, accountId: query.accountId, limit: query.limit } }),
  })),

  mount(ordersRoute, async ({ ctx, actor, query }) => {
    const { accountId, state, page, limit } = query
    const { orders, meta } = await listOrders({ db: ctx.db, input: { userId: actor.userId, accountId, state, page, limit } })
    return { data: orders, meta }
  }),

  mount(placeRoute, async ({ ctx, actor, body }) => {
    const { accountId, symbol, side, type, quantity, price, leverage, stopLoss, takeProfit, idempotencyKey } = body
    const requestId = ctx.log.requests.requestId() ?? null
    const input = {
      userId: actor.userId,
      accountId,
      symbol,
      side,
      type,
      quantity,
      price,
      leverage,
      stopLoss,
      takeProfit,
      idempotencyKey,
      requestId,
    }
    const { placed, settled } = await placeOrder({ ctx, input })
    return settled ? { data: placed, message: 'Order placed' } : { data: placed, status: 202, message: WAITING }
  }),

  mount(closeRoute, async ({ ctx, actor, body }) => {
    const { accountId, symbol, idempotencyKey } = body
    const requestId = ctx.log.requests.requestId() ?? null
    const { placed, settled } = await closePosition({ ctx, input: { userId: actor.userId, accountId, symbol, idempotencyKey, requestId } })
    return settled ? { data: placed, message: 'Position closed' } : { data: placed, status: 202, message: WAITING }
  }),

  mount(cancelRoute, async ({ ctx, actor, params }) => {
    const { order, settled } = await cancelOrder({ ctx, input: { userId: actor.userId, orderId: params.id } })
    return settled ? { data: order } : { data: order, status: 202, message: WAITING }
  }),
]
