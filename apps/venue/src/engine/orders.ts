import type { Command, Outcome, PlaceOrder } from './commands.ts'
import { fillOrder } from './fills.ts'
import { checkNotional, checkPrice, checkPriceBand, checkQuantity } from './filters.ts'
import { TAKER_FEE } from './fees.ts'
import { abs, type Fixed, floorTo, max, min, times } from './fixed.ts'
import { closeOrder, enterOrder } from './lifecycle.ts'
import { tellOrder } from './news.ts'
import { accountRisk, exposuresOf, marksAt, worstNotional } from './margin.ts'
import { type Market, marketOf, notionalLimit } from './markets.ts'
import { type Quote, quoteAt, walkBook } from './quotes.ts'
import { Refusal } from './refusal.ts'
import { type Account, heldOf, isOpenOrder, type Order, type PositionSide, settingsOf, type Side, type VenueState } from './state.ts'

type Of<T extends Command['type']> = Extract<Command, { type: T }>

export function placeOrder(state: VenueState, account: Account, command: Of<'place-order'>): Outcome {
  const asked = command.order
  const { at } = command
  const market = marketOf(asked.symbol)
  checkClientId(account, asked.clientOrderId)
  checkPositionSide(account, asked)
  const quantity = checkQuantity(market, asked.quantity, asked.type)
  const price = asked.type === 'LIMIT' ? checkPrice(market, asked.price) : 0n
  const quote = quoteAt(state, asked.symbol, at)
  if (asked.type === 'LIMIT') checkPriceBand(market, asked.side, price, quote.mark)

  const reduces = asked.reduceOnly || closesHedge(asked.positionSide, asked.side)
  const shrunk = reduces ? checkReduction(account, asked, quantity) : quantity
  if (!reduces) {
    checkNotional(market, times(quantity, price === 0n ? quote.mark : price))
    if (asked.type === 'LIMIT' && account.openOrders.size >= market.maxOrders && openIn(account, market.symbol) >= market.maxOrders)
      throw new Refusal('TOO_MANY_ORDERS')
  }
  const reach =
    asked.type === 'MARKET' ? walkBook(market, quote, asked.side, shrunk, null) : walkBook(market, quote, asked.side, shrunk, price)
  if (asked.timeInForce === 'GTX' && reach.filled > 0n) throw new Refusal('WOULD_TAKE')
  if (!reduces) checkMargin(state, account, { ...asked, quantity: shrunk, price: price === 0n ? reach.price : price, at })

  const order = createOrder(state, account, { ...asked, quantity: shrunk, price, at })
  enterOrder(state, account, order)
  execute(state, account, order, { market, quote, at, split: command.split })
  return { changed: true, order }
}

/** The one way an order comes into being: asked for, triggered, or forced. */
export function createOrder(
  state: VenueState,
  account: Account,
  asked: Omit<PlaceOrder, 'quantity' | 'price'> & { quantity: Fixed; price: Fixed; at: number } & Partial<
      Pick<Order, 'origType' | 'closePosition' | 'algoId' | 'stopPrice'>
    >,
): Order {
  return {
    id: state.nextOrderId++,
    ref: account.ref,
    clientOrderId: asked.clientOrderId,
    symbol: asked.symbol,
    side: asked.side,
    positionSide: asked.positionSide,
    type: asked.type,
    origType: asked.origType ?? asked.type,
    timeInForce: asked.timeInForce,
    reduceOnly: asked.reduceOnly,
    closePosition: asked.closePosition ?? false,
    algoId: asked.algoId ?? 0,
    stopPrice: asked.stopPrice ?? 0n,
    createdAt: asked.at,
    quantity: asked.quantity,
    price: asked.price,
    status: 'NEW',
    executed: 0n,
    executedQuote: 0n,
    updatedAt: asked.at,
    parts: [],
    tradeIds: [],
  }
}

/** What a new order meets in the book at once; the rest rests, waits for its parts, or expires. */
export function execute(
  state: VenueState,
  account: Account,
  order: Order,
  { market, quote, at, split }: { market: Market; quote: Quote; at: number; split: { parts: number; spacingMs: number } | undefined },
): void {
  if (order.type === 'MARKET') {
    const [first, ...later] = splitQuantity(market, order.quantity, split?.parts ?? 1)
    order.parts = later.map((quantity, index) => ({ at: at + (index + 1) * (split?.spacingMs ?? 0), quantity }))
    takeFromBook(state, account, order, { market, quote, quantity: first ?? order.quantity, at })
    return
  }
  const reach = walkBook(market, quote, order.side, order.quantity, order.price)
  const allOrNothing = order.timeInForce === 'FOK' && reach.filled < order.quantity
  if (reach.filled > 0n && !allOrNothing) fillOrder(state, account, order, { quantity: reach.filled, price: reach.price, maker: false, at })
  if (isOpenOrder(order) && (order.timeInForce === 'IOC' || order.timeInForce === 'FOK')) closeOrder(state, account, order, 'EXPIRED', at)
}

/** A reduce-only order takes no more than is there, whatever became of the position since it was accepted. */
export function takeFromBook(
  state: VenueState,
  account: Account,
  order: Order,
  { market, quote, quantity, at }: { market: Market; quote: Quote; quantity: Fixed; at: number },
): void {
  const allowed = reducible(account, order, quantity)
  if (allowed === 0n) {
    closeOrder(state, account, order, 'EXPIRED', at)
    return
  }
  const { price } = walkBook(market, quote, order.side, allowed, null)
  fillOrder(state, account, order, { quantity: allowed, price, maker: false, at })
}

/** At most `quantity`; less where the order may only reduce. Base. */
export function reducible(account: Account, order: Pick<Order, 'symbol' | 'side' | 'positionSide' | 'reduceOnly'>, quantity: Fixed): Fixed {
  if (!order.reduceOnly && !closesHedge(order.positionSide, order.side)) return quantity
  const held = heldOf(account, order.symbol, order.positionSide)
  const opposes = order.side === 'SELL' ? held > 0n : held < 0n
  return opposes ? min(quantity, abs(held)) : 0n
}

export function closesHedge(positionSide: PositionSide, side: Side): boolean {
  return (positionSide === 'LONG' && side === 'SELL') || (positionSide === 'SHORT' && side === 'BUY')
}

export function checkPositionSide(account: Account, asked: { positionSide: PositionSide }): void {
  if (account.hedgeMode !== (asked.positionSide !== 'BOTH')) throw new Refusal('POSITION_SIDE_MISMATCH')
}

/** Client ids are unique among open orders only: a filled order's id may come again. */
function checkClientId(account: Account, clientOrderId: string): void {
  for (const order of account.openOrders.values()) if (order.clientOrderId === clientOrderId) throw new Refusal('CLIENT_ID_TAKEN')
}

function checkReduction(account: Account, asked: PlaceOrder, quantity: Fixed): Fixed {
  const allowed = reducible(account, asked, quantity)
  if (allowed === 0n) throw new Refusal('REDUCE_ONLY_REJECTED')
  const held = abs(heldOf(account, asked.symbol, asked.positionSide))
  if (reducedByOpen(account, asked) >= held) throw new Refusal('REDUCE_ONLY_COVERED')
  return allowed
}

/** Base that open orders of this side would already take off the position. */
function reducedByOpen(account: Account, asked: PlaceOrder): Fixed {
  let sum = 0n
  for (const order of account.openOrders.values()) {
    const same = order.symbol === asked.symbol && order.side === asked.side && order.positionSide === asked.positionSide
    if (same && (order.reduceOnly || closesHedge(order.positionSide, order.side))) sum += order.quantity - order.executed
  }
  return sum
}

/** Enough margin and within the leverage's limit once this order and the working ones are filled. */
export function checkMargin(
  state: VenueState,
  account: Account,
  order: { symbol: string; side: Side; positionSide: PositionSide; quantity: Fixed; price: Fixed; at: number },
): void {
  const marks = marksAt(state, order.at)
  const mark = marks(order.symbol)
  const market = marketOf(order.symbol)
  const { leverage } = settingsOf(account, order.symbol)
  const exposures = exposuresOf(account, order.symbol, mark)
  const before = worstNotional(exposures)
  const notional = times(order.quantity, order.price)
  if (order.side === 'BUY') exposures[order.positionSide].bids += notional
  else exposures[order.positionSide].asks += notional
  const after = worstNotional(exposures)
  if (after > before && after > notionalLimit(market, leverage)) throw new Refusal('POSITION_ABOVE_LEVERAGE_LIMIT')

  const added = max(0n, after - before) / BigInt(leverage)
  if (added === 0n) return
  const openLoss = times(order.quantity, max(0n, order.side === 'BUY' ? order.price - mark : mark - order.price))
  const lossShare = after - before < notional ? 0n : openLoss
  const needed = added + lossShare + times(notional, TAKER_FEE)
  if (needed > accountRisk(account, marks).available) throw new Refusal('MARGIN_INSUFFICIENT')
}

function splitQuantity(market: Market, quantity: Fixed, parts: number): Fixed[] {
  const each = floorTo(quantity / BigInt(Math.max(1, parts)), market.stepSize)
  if (parts <= 1 || each === 0n) return [quantity]
  return [...Array.from({ length: parts - 1 }, () => each), quantity - each * BigInt(parts - 1)]
}

function openIn(account: Account, symbol: string): number {
  let count = 0
  for (const order of account.openOrders.values()) if (order.symbol === symbol) count += 1
  return count
}

export function cancelOrder(state: VenueState, account: Account, command: Of<'cancel-order'>): Outcome {
  const order = account.orders.get(command.orderId)
  if (order === undefined || order.symbol !== command.symbol || !isOpenOrder(order)) throw new Refusal('ORDER_GONE')
  closeOrder(state, account, order, 'CANCELED', command.at)
  return { changed: true, order }
}

export function cancelOrders(state: VenueState, account: Account, command: Of<'cancel-orders'>): Outcome {
  const orders = [...account.openOrders.values()].filter((order) => order.symbol === command.symbol)
  for (const order of orders) closeOrder(state, account, order, 'CANCELED', command.at)
  return { changed: orders.length > 0, orders }
}

/** Price and quantity of a resting limit order; it keeps its id. */
export function modifyOrder(state: VenueState, account: Account, command: Of<'modify-order'>): Outcome {
  const order = account.orders.get(command.orderId)
  if (order === undefined || order.symbol !== command.symbol) throw new Refusal('ORDER_UNKNOWN')
  if (!isOpenOrder(order)) throw new Refusal('ORDER_UNKNOWN')
  if (order.type !== 'LIMIT') throw new Refusal('MODIFY_NOT_LIMIT')
  const { at } = command
  const market = marketOf(order.symbol)
  const quantity = checkQuantity(market, command.quantity, 'LIMIT')
  const price = checkPrice(market, command.price)
  if (quantity === order.quantity && price === order.price) throw new Refusal('NOTHING_TO_MODIFY')
  const quote = quoteAt(state, order.symbol, at)
  checkPriceBand(market, order.side, price, quote.mark)
  if (!order.reduceOnly) checkNotional(market, times(quantity, price))
  const reach = walkBook(market, quote, order.side, quantity - order.executed, price)
  if (order.timeInForce === 'GTX' && reach.filled > 0n) throw new Refusal('WOULD_TAKE')
  const grows = quantity > order.executed ? quantity - order.executed - (order.quantity - order.executed) : 0n
  if (!order.reduceOnly && grows > 0n) checkMargin(state, account, { ...order, quantity: grows, price, at })

  if (quantity <= order.executed) {
    closeOrder(state, account, order, 'CANCELED', at)
    return { changed: true, order }
  }
  order.quantity = quantity
  order.price = price
  order.updatedAt = at
  tellOrder(state, order, 'AMENDMENT')
  const allowed = reducible(account, order, reach.filled)
  if (allowed > 0n) fillOrder(state, account, order, { quantity: allowed, price: reach.price, maker: false, at })
  return { changed: true, order }
}
