import type { AlgoOrder } from '../../engine/state.ts'
import { WireError } from './errors.ts'
import { presentAlgo, presentStoredAlgo } from './present-orders.ts'
import { readAlgo } from './read-order.ts'
import { type Route, signed, type SignedContext } from './route.ts'

export const algoRoutes: readonly Route[] = [
  signed('POST /fapi/v1/algoOrder', ({ account, exchange, params }) => {
    const { algo } = exchange.execute({ type: 'place-algo', ref: account.ref, algo: readAlgo(params, account) })
    if (algo === undefined) throw new WireError(-1000, 'An unknown error occurred while processing the request.')
    return presentAlgo(algo)
  }),
  signed('GET /fapi/v1/algoOrder', (context) => {
    const algo = findAlgo(context)
    if (algo === undefined || isHidden(context, algo)) throw new WireError(-2013, 'Order does not exist.')
    return presentStoredAlgo(algo, context.account.orders.get(algo.actualOrderId))
  }),
  signed('DELETE /fapi/v1/algoOrder', (context) => {
    const algo = findAlgo(context)
    if (algo === undefined) throw new WireError(-2011, 'Unknown order sent.')
    context.exchange.execute({ type: 'cancel-algo', ref: context.account.ref, algoId: algo.id })
    return { algoId: algo.id, clientAlgoId: algo.clientAlgoId, code: '200', msg: 'success' }
  }),
  signed('GET /fapi/v1/openAlgoOrders', (context) => {
    const symbol = context.params.optionalMarket()?.symbol
    const algoId = context.params.integer('algoId')
    return [...context.account.openAlgos.values()]
      .filter(
        (algo) =>
          (symbol === undefined || algo.symbol === symbol) && (algoId === undefined || algo.id === algoId) && !isHidden(context, algo),
      )
      .map((algo) => presentStoredAlgo(algo, undefined))
  }),
  signed('GET /fapi/v1/allAlgoOrders', allAlgos),
  signed('DELETE /fapi/v1/algoOpenOrders', ({ account, exchange, params }) => {
    exchange.execute({ type: 'cancel-algos', ref: account.ref, symbol: params.market().symbol })
    return { code: 200, msg: 'The operation of cancel all open order is done.' }
  }),
]

/** By id or client id; of several with one client id, the newest. */
function findAlgo({ account, params }: SignedContext): AlgoOrder | undefined {
  const algoId = params.integer('algoId')
  const clientAlgoId = params.optional('clientAlgoId')
  if (algoId !== undefined) return account.algos.get(algoId)
  if (clientAlgoId !== undefined) return account.byClientAlgoId.get(clientAlgoId)
  throw new WireError(-1102, "Param 'clientAlgoId' or 'algoId' must be sent, but both were empty/null!")
}

function isHidden({ nowMs, twists }: SignedContext, algo: AlgoOrder): boolean {
  return nowMs - algo.createdAt < twists.lookupLagMs
}

function allAlgos(context: SignedContext): unknown {
  const { account, params } = context
  const { symbol } = params.market()
  const limit = Math.min(params.integer('limit') ?? 500, 1000)
  const fromId = params.integer('algoId')
  const start = params.integer('startTime') ?? 0
  const end = params.integer('endTime') ?? Infinity
  const matching = [...account.algos.values()].filter(
    (algo) =>
      algo.symbol === symbol &&
      algo.createdAt >= start &&
      algo.createdAt <= end &&
      (fromId === undefined || algo.id >= fromId) &&
      !isHidden(context, algo),
  )
  return (fromId === undefined ? matching.slice(-limit) : matching.slice(0, limit)).map((algo) =>
    presentStoredAlgo(algo, account.orders.get(algo.actualOrderId)),
  )
}
