import type { Order } from '../../engine/state.ts'
import { missing, toWireError, WireError } from './errors.ts'
import { presentAcknowledged, presentFreshOrder, presentStoredOrder } from './present-orders.ts'
import { readDecimal, readOrder, readSide } from './read-order.ts'
import { type Params, paramsOf } from './request.ts'
import { type Route, signed, type SignedContext } from './route.ts'

export const orderRoutes: readonly Route[] = [
  signed('POST /fapi/v1/order', (context) => placeOrder(context)),
  signed('POST /fapi/v1/order/test', ({ account, params }) => {
    readOrder(params, account)
    return {}
  }),
  signed('PUT /fapi/v1/order', (context) => modifyOrder(context)),
  signed('GET /fapi/v1/order', (context) => {
    const order = findOrder(context)
    if (order === undefined || isHidden(context, order)) throw unknownOrder()
    return presentStoredOrder(order)
  }),
  signed('DELETE /fapi/v1/order', (context) => cancelOrder(context)),
  signed('GET /fapi/v1/openOrder', (context) => {
    const order = findOrder(context)
    if (order === undefined || isHidden(context, order) || !context.account.openOrders.has(order.id)) throw unknownOrder()
    return presentStoredOrder(order)
  }),
  signed('GET /fapi/v1/openOrders', (context) => {
    const symbol = context.params.optionalMarket()?.symbol
    return [...context.account.openOrders.values()]
      .filter((order) => (symbol === undefined || order.symbol === symbol) && !isHidden(context, order))
      .map(presentStoredOrder)
  }),
  signed('GET /fapi/v1/allOrders', allOrders),
  signed('DELETE /fapi/v1/allOpenOrders', ({ account, exchange, params }) => {
    exchange.execute({ type: 'cancel-orders', ref: account.ref, symbol: params.market().symbol })
    return { code: 200, msg: 'The operation of cancel all open order is done.' }
  }),
  signed('POST /fapi/v1/batchOrders', (context) => each(context, placeOrder)),
  signed('PUT /fapi/v1/batchOrders', (context) => each(context, modifyOrder)),
  signed('DELETE /fapi/v1/batchOrders', cancelBatch),
]

const unknownOrder = () => new WireError(-2013, 'Order does not exist.')

function placeOrder({ account, exchange, params, twists }: SignedContext): unknown {
  const order = readOrder(params, account)
  const full = params.optional('newOrderRespType') === 'RESULT'
  const split = order.type === 'MARKET' ? twists.split : undefined
  const outcome = exchange.execute({ type: 'place-order', ref: account.ref, order, ...(split === undefined ? {} : { split }) })
  if (outcome.order === undefined) throw new WireError(-1000, 'An unknown error occurred while processing the request.')
  return full ? presentFreshOrder(outcome.order) : presentAcknowledged(outcome.order)
}

function modifyOrder(context: SignedContext): unknown {
  const { account, exchange, params } = context
  const { symbol } = params.market()
  readSide(params)
  const order = findOrder(context)
  if (order === undefined) throw unknownOrder()
  const outcome = exchange.execute({
    type: 'modify-order',
    ref: account.ref,
    symbol,
    orderId: order.id,
    quantity: readDecimal(params, 'quantity'),
    price: readDecimal(params, 'price'),
  })
  return presentFreshOrder(outcome.order ?? order)
}

function cancelOrder(context: SignedContext): unknown {
  const { account, exchange } = context
  const order = findOrder(context)
  if (order === undefined) throw new WireError(-2011, 'Unknown order sent.')
  exchange.execute({ type: 'cancel-order', ref: account.ref, symbol: order.symbol, orderId: order.id })
  return presentFreshOrder(order)
}

/** By id or client id; of several with one client id, the newest. */
function findOrder({ account, params }: SignedContext): Order | undefined {
  const { symbol } = params.market()
  const orderId = params.integer('orderId')
  const clientOrderId = params.optional('origClientOrderId')
  if (orderId === undefined && clientOrderId === undefined) {
    throw new WireError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
  }
  const order = orderId === undefined ? account.byClientId.get(`${symbol}:${clientOrderId}`) : account.orders.get(orderId)
  return order?.symbol === symbol ? order : undefined
}

function isHidden({ nowMs, twists }: SignedContext, order: Order): boolean {
  return nowMs - order.createdAt < twists.lookupLagMs
}

function allOrders(context: SignedContext): unknown {
  const { account, params } = context
  const { symbol } = params.market()
  const limit = Math.min(params.integer('limit') ?? 500, 1000)
  const fromId = params.integer('orderId')
  const start = params.integer('startTime') ?? 0
  const end = params.integer('endTime') ?? Infinity
  const matching = [...account.orders.values()].filter(
    (order) =>
      order.symbol === symbol &&
      order.createdAt >= start &&
      order.createdAt <= end &&
      (fromId === undefined || order.id >= fromId) &&
      !isHidden(context, order),
  )
  return (fromId === undefined ? matching.slice(-limit) : matching.slice(0, limit)).map(presentStoredOrder)
}

/** Each on its own: one that is refused stands as its error among the others' answers. */
function each(context: SignedContext, handle: (context: SignedContext) => unknown): unknown {
  return batchOf(context.params).map((params) => answerOrError(() => handle({ ...context, params })))
}

function cancelBatch(context: SignedContext): unknown {
  const symbol = context.params.market().symbol
  const ids = listOf(context.params, 'orderIdList', 'orderidlist').map((id) => ['orderId', String(id)] as const)
  const clientIds = listOf(context.params, 'origClientOrderIdList', 'origclientorderidlist').map(
    (id) => ['origClientOrderId', String(id)] as const,
  )
  const chosen = ids.length > 0 ? ids : clientIds
  if (chosen.length === 0) throw missing('orderIdList')
  return chosen.map((pair) => answerOrError(() => cancelOrder({ ...context, params: paramsOf(new Map([['symbol', symbol], pair])) })))
}

function answerOrError(handle: () => unknown): unknown {
  try {
    return handle()
  } catch (error) {
    const problem = toWireError(error)
    if (problem === undefined) throw error
    return { code: problem.code, msg: problem.message }
  }
}

function batchOf(params: Params): readonly Params[] {
  const parsed = parseList(params.text('batchOrders'), 'batchOrders')
  if (parsed.length === 0 || parsed.length > 5) throw new WireError(-4082, 'Invalid number of batch orders.')
  return parsed.map((one) => {
    if (typeof one !== 'object' || one === null) throw missing('batchOrders')
    return paramsOf(new Map(Object.entries(one).map(([name, value]) => [name, String(value)])))
  })
}

function listOf(params: Params, ...names: readonly string[]): readonly unknown[] {
  for (const name of names) {
    const text = params.optional(name)
    if (text !== undefined) return parseList(text, name)
  }
  return []
}

function parseList(text: string, name: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(text)
    if (Array.isArray(parsed)) return parsed
  } catch {
    // Answered below.
  }
  throw missing(name)
}
