import { tellAlgo, tellOrder } from './news.ts'
import { type Account, type AlgoOrder, type AlgoStatus, type Order, type OrderStatus, type VenueState, watchOf } from './state.ts'

export function enterOrder(state: VenueState, account: Account, order: Order): void {
  account.orders.set(order.id, order)
  indexOrder(state, account, order)
  tellOrder(state, order, 'NEW')
}

export function enterAlgo(state: VenueState, account: Account, algo: AlgoOrder): void {
  account.algos.set(algo.id, algo)
  indexAlgo(state, account, algo)
  tellAlgo(state, algo)
}

/** Keeps what is derived from the order in step; also how a loaded state gets it back. */
export function indexOrder(state: VenueState, account: Account, order: Order): void {
  account.byClientId.set(`${order.symbol}:${order.clientOrderId}`, order)
  if (order.status !== 'NEW' && order.status !== 'PARTIALLY_FILLED') return
  account.openOrders.set(order.id, order)
  watchOf(state, order.symbol).orders.add(order)
}

export function indexAlgo(state: VenueState, account: Account, algo: AlgoOrder): void {
  account.byClientAlgoId.set(algo.clientAlgoId, algo)
  if (algo.status !== 'NEW') return
  account.openAlgos.set(algo.id, algo)
  watchOf(state, algo.symbol).algos.add(algo)
}

export function closeOrder(
  state: VenueState,
  account: Account,
  order: Order,
  status: Exclude<OrderStatus, 'NEW' | 'PARTIALLY_FILLED'>,
  at: number,
): void {
  order.status = status
  order.updatedAt = at
  order.parts = []
  account.openOrders.delete(order.id)
  watchOf(state, order.symbol).orders.delete(order)
  // A fill tells of itself.
  if (status !== 'FILLED') tellOrder(state, order, status)
}

export function closeAlgo(state: VenueState, account: Account, algo: AlgoOrder, status: Exclude<AlgoStatus, 'NEW'>, at: number): void {
  algo.status = status
  algo.updatedAt = at
  account.openAlgos.delete(algo.id)
  watchOf(state, algo.symbol).algos.delete(algo)
  tellAlgo(state, algo)
}
