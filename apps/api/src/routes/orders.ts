import {
  createOrder,
  exportOrderHistory,
  getOrder as getRoute,
  listOrderHistory,
  listOrderRows as listRoute,
  removeOrder,
  replaceOrder as replaceRoute,
} from '@matic/contracts'
import { cancelOrder, exportOrderRows, getOrder, listOrderRows, placeOrder, replaceOrder } from '@matic/services/trading/index'
import { mount } from '../http/mount.ts'

const WAITING = 'Accepted; the exchange has not answered yet'

export const orderRoutes = [
  mount(listRoute, async ({ ctx, actor, query }) => {
    const { orders, meta } = await listOrderRows({ db: ctx.db, input: { ...query, userId: actor.userId } })
    return { data: orders, meta }
  }),
  // Before the one with an id, which would take its name for one.
  mount(listOrderHistory, async ({ ctx, actor, query }) => {
    const { orders, meta } = await listOrderRows({ db: ctx.db, input: { ...query, userId: actor.userId, kind: 'over' } })
    return { data: orders, meta }
  }),
  mount(exportOrderHistory, async ({ ctx, actor, query }) => ({
    data: await exportOrderRows({ db: ctx.db, input: { ...query, userId: actor.userId, kind: 'over' } }),
    fileName: 'orders.csv',
  })),
  mount(getRoute, async ({ ctx, actor, params }) => ({
    data: await getOrder({ db: ctx.db, input: { userId: actor.userId, orderId: params.id } }),
  })),

  mount(createOrder, async ({ ctx, actor, body }) => {
    const requestId = ctx.log.requests.requestId() ?? null
    const { placed, settled } = await placeOrder({ ctx, input: { ...orderOf(body), userId: actor.userId, requestId } })
    return settled ? { data: placed, message: 'Order placed' } : { data: placed, status: 202, message: WAITING }
  }),

  mount(replaceRoute, async ({ ctx, actor, params, body }) => {
    const requestId = ctx.log.requests.requestId() ?? null
    const { price, quantity, triggerPrice } = body
    const input = { userId: actor.userId, orderId: params.id, price, quantity, triggerPrice, requestId }
    const { order, settled } = await replaceOrder({ ctx, input })
    return settled ? { data: order, message: 'Order changed' } : { data: order, status: 202, message: WAITING }
  }),

  mount(removeOrder, async ({ ctx, actor, params }) => {
    const { order, settled } = await cancelOrder({ ctx, input: { userId: actor.userId, orderId: params.id } })
    return settled ? { data: order } : { data: order, status: 202, message: WAITING }
  }),
]

type Body = (typeof createOrder)['body']['_output']

/** Every part is named, left out or not. */
function orderOf({ accountId, symbol, side, type, quantity, price, leverage, stopLoss, takeProfit, idempotencyKey }: Body) {
  return { accountId, symbol, side, type, quantity, price, leverage, stopLoss, takeProfit, idempotencyKey }
}
