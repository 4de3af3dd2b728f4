import { MAKER_FEE, TAKER_FEE } from './fees.ts'
import { abs, type Fixed, min, ONE, times } from './fixed.ts'
import { post } from './ledger.ts'
import { closeAlgo, closeOrder } from './lifecycle.ts'
import { tellAccount, tellOrder } from './news.ts'
import {
  type Account,
  isOpenOrder,
  type Order,
  type Position,
  positionOf,
  settingsOf,
  type Trade,
  type VenueState,
  watchOf,
} from './state.ts'

export interface Fill {
  readonly quantity: Fixed
  readonly price: Fixed
  readonly maker: boolean
  readonly at: number
}

/**
 * Moves position, wallet and order by one execution. What opposes the position closes it first and realises its
 * share of the profit; the rest opens.
 */
export function fillOrder(state: VenueState, account: Account, order: Order, fill: Fill): void {
  const position = positionOf(account, order.symbol, order.positionSide)
  const tradeId = state.nextTradeId++
  const notional = times(fill.quantity, fill.price)
  const fee = times(notional, fill.maker ? MAKER_FEE : TAKER_FEE)
  const before = position.quantity
  const realized = movePosition(account, position, order.side === 'BUY' ? fill.quantity : -fill.quantity, fill.price)

  position.updatedAt = fill.at
  const entry = { symbol: order.symbol, tradeId, at: fill.at }
  post(state, account, { type: 'REALIZED_PNL', amount: realized, ...entry })
  post(state, account, { type: 'COMMISSION', amount: -fee, ...entry })
  const trade: Trade = {
    id: tradeId,
    orderId: order.id,
    symbol: order.symbol,
    side: order.side,
    positionSide: order.positionSide,
    quantity: fill.quantity,
    price: fill.price,
    realizedPnl: realized,
    fee,
    maker: fill.maker,
    at: fill.at,
  }
  account.trades.push(trade)

  order.tradeIds.push(tradeId)
  order.executed += fill.quantity
  order.executedQuote += notional
  order.updatedAt = fill.at
  order.status = 'PARTIALLY_FILLED'
  if (order.executed >= order.quantity) closeOrder(state, account, order, 'FILLED', fill.at)
  tellAccount(state, account, { reason: 'ORDER', change: 0n, positions: [position], at: fill.at })
  tellOrder(state, order, 'TRADE', trade)

  forgetBands(account)
  watchHolder(state, account, order.symbol)
  if (position.quantity === 0n || before > 0n !== position.quantity > 0n) expireDependants(state, account, position, fill.at)
}

/** Signed base moved at a price; answers the profit realised in USDT. */
function movePosition(account: Account, position: Position, moved: Fixed, price: Fixed): Fixed {
  const before = position.quantity
  const opposing = before !== 0n && before > 0n !== moved > 0n
  const closing = opposing ? min(abs(before), abs(moved)) : 0n
  let realized = 0n

  if (closing > 0n) {
    const signed = before > 0n ? closing : -closing
    const cost = (position.cost * closing) / abs(before)
    realized = (signed * price - cost) / ONE
    position.isolatedWallet -= (position.isolatedWallet * closing) / abs(before)
    position.cost -= cost
    position.quantity -= signed
  }

  const opening = abs(moved) - closing
  if (opening > 0n) {
    const signed = moved > 0n ? opening : -opening
    position.quantity += signed
    position.cost += signed * price
    const { leverage, marginType } = settingsOf(account, position.symbol)
    if (marginType === 'isolated') position.isolatedWallet += times(opening, price) / BigInt(leverage)
  }
  return realized
}

/** A position that is gone or turned takes along what could only reduce it: as the real one does, triggers stay. */
function expireDependants(state: VenueState, account: Account, position: Position, at: number): void {
  const stale = [...account.openOrders.values()].filter(
    (order) => order.reduceOnly && order.symbol === position.symbol && order.positionSide === position.side && isOpenOrder(order),
  )
  for (const order of stale) closeOrder(state, account, order, 'EXPIRED', at)
  const tied = [...account.openAlgos.values()].filter(
    (algo) => algo.timeInForce === 'GTE_GTC' && algo.symbol === position.symbol && algo.positionSide === position.side,
  )
  for (const algo of tied) closeAlgo(state, account, algo, 'EXPIRED', at)
}

/** Whatever moves margin makes the liquidation bands of the whole account stale. */
export function forgetBands(account: Account): void {
  for (const position of account.positions.values()) position.safe = undefined
}

export function watchHolder(state: VenueState, account: Account, symbol: string): void {
  const holds = ['', ':LONG', ':SHORT'].some((suffix) => (account.positions.get(symbol + suffix)?.quantity ?? 0n) !== 0n)
  const { holders } = watchOf(state, symbol)
  if (holds) holders.add(account)
  else holders.delete(account)
}
