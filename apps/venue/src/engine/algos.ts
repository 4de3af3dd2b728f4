import type { Command, Outcome, PlaceAlgo } from './commands.ts'
import { checkNotional, checkPrice, checkQuantity, checkTriggerPrice, fixedOrZero } from './filters.ts'
import { abs, fixed, type Fixed, max, min, times } from './fixed.ts'
import { closeAlgo, enterAlgo, enterOrder } from './lifecycle.ts'
import { marketOf } from './markets.ts'
import { checkMargin, checkPositionSide, createOrder, execute, reducible } from './orders.ts'
import { type Quote, quoteAt } from './quotes.ts'
import { Refusal } from './refusal.ts'
import { type Account, type AlgoOrder, heldOf, type VenueState } from './state.ts'

type Of<T extends Command['type']> = Extract<Command, { type: T }>

export function placeAlgo(state: VenueState, account: Account, command: Of<'place-algo'>): Outcome {
  const asked = command.algo
  const { at } = command
  const market = marketOf(asked.symbol)
  for (const open of account.openAlgos.values()) if (open.clientAlgoId === asked.clientAlgoId) throw new Refusal('CLIENT_ALGO_ID_TAKEN')
  checkPositionSide(account, asked)
  const limit = asked.type === 'STOP' || asked.type === 'TAKE_PROFIT'
  const quantity = asked.closePosition ? 0n : checkQuantity(market, asked.quantity, limit ? 'LIMIT' : 'MARKET')
  const price = limit ? checkPrice(market, asked.price) : 0n
  const quote = quoteAt(state, asked.symbol, at)
  const trigger = checkTrigger(asked, quote)
  if (asked.closePosition) checkCloseAlone(account, asked)
  if (asked.timeInForce === 'GTE_GTC' && heldOf(account, asked.symbol, asked.positionSide) === 0n) throw new Refusal('GTE_NEEDS_POSITION')
  if (!asked.reduceOnly && !asked.closePosition) checkNotional(market, times(quantity, price === 0n ? quote.mark : price))
  if (account.openAlgos.size >= market.maxAlgoOrders && openIn(account, asked.symbol) >= market.maxAlgoOrders)
    throw new Refusal('TOO_MANY_ALGOS')

  const algo: AlgoOrder = {
    id: state.nextAlgoId++,
    ref: account.ref,
    clientAlgoId: asked.clientAlgoId,
    symbol: asked.symbol,
    side: asked.side,
    positionSide: asked.positionSide,
    type: asked.type,
    timeInForce: asked.timeInForce,
    reduceOnly: asked.reduceOnly || asked.closePosition,
    closePosition: asked.closePosition,
    workingType: asked.workingType,
    quantity,
    price,
    ...trigger,
    createdAt: at,
    status: 'NEW',
    updatedAt: at,
    triggeredAt: 0,
    actualOrderId: 0,
    extreme: 0n,
  }
  enterAlgo(state, account, algo)
  return { changed: true, algo }
}

function checkTrigger(asked: PlaceAlgo, quote: Quote): Pick<AlgoOrder, 'triggerPrice' | 'activatePrice' | 'callbackFraction'> {
  const market = marketOf(asked.symbol)
  const now = asked.workingType === 'MARK_PRICE' ? quote.mark : quote.last
  if (asked.type !== 'TRAILING_STOP_MARKET') {
    const triggerPrice = checkTriggerPrice(market, asked.triggerPrice)
    if (reached({ type: asked.type, side: asked.side, triggerPrice }, now)) throw new Refusal('WOULD_TRIGGER')
    return { triggerPrice, activatePrice: 0n, callbackFraction: 0n }
  }
  const callback = fixedOrZero(asked.callbackRate)
  if (callback < fixed('0.1') || callback > fixed('10')) throw new Refusal('CALLBACK_RATE_INVALID')
  const activatePrice = fixedOrZero(asked.activatePrice) === 0n ? 0n : checkPrice(market, asked.activatePrice)
  if (activatePrice !== 0n && (asked.side === 'BUY' ? activatePrice >= now : activatePrice <= now))
    throw new Refusal('ACTIVATION_PRICE_INVALID')
  return { triggerPrice: 0n, activatePrice, callbackFraction: callback / 100n }
}

/** One closing stop and one closing target per direction. */
function checkCloseAlone(account: Account, asked: PlaceAlgo): void {
  const family = asked.type.startsWith('STOP') ? 'STOP' : 'TAKE_PROFIT'
  for (const open of account.openAlgos.values()) {
    const same = open.symbol === asked.symbol && open.side === asked.side && open.positionSide === asked.positionSide
    if (same && open.closePosition && open.type.startsWith(family)) throw new Refusal('CLOSE_POSITION_EXISTS')
  }
}

function reached(
  { type, side, triggerPrice }: { type: AlgoOrder['type']; side: AlgoOrder['side']; triggerPrice: Fixed },
  price: Fixed,
): boolean {
  const upwards = type.startsWith('STOP') ? side === 'BUY' : side === 'SELL'
  return upwards ? price >= triggerPrice : price <= triggerPrice
}

/** Looks at one price. Answers whether the order changed at all, be it only the high-water mark of a trailing stop. */
export function watchAlgo(state: VenueState, account: Account, algo: AlgoOrder, quote: Quote, at: number): boolean {
  const price = algo.workingType === 'MARK_PRICE' ? quote.mark : quote.last
  if (algo.type !== 'TRAILING_STOP_MARKET') {
    if (!reached(algo, price)) return false
    trigger(state, account, algo, quote, at)
    return true
  }
  if (algo.extreme === 0n) {
    const active = algo.activatePrice === 0n || (algo.side === 'BUY' ? price <= algo.activatePrice : price >= algo.activatePrice)
    if (!active) return false
    algo.extreme = price
    return true
  }
  const extreme = algo.side === 'BUY' ? min(algo.extreme, price) : max(algo.extreme, price)
  const distance = times(extreme, algo.callbackFraction)
  const back = algo.side === 'BUY' ? price >= extreme + distance : price <= extreme - distance
  const moved = extreme !== algo.extreme
  algo.extreme = extreme
  if (back) trigger(state, account, algo, quote, at)
  return moved || back
}

/**
 * Sends the order that was waiting. Nothing left to reduce: it expires. No margin to open: it is rejected. The order
 * it makes carries the same client id, as the real one's does.
 */
function trigger(state: VenueState, account: Account, algo: AlgoOrder, quote: Quote, at: number): void {
  algo.triggeredAt = at
  const market = marketOf(algo.symbol)
  const held = abs(heldOf(account, algo.symbol, algo.positionSide))
  const quantity = reducible(account, algo, algo.closePosition ? held : algo.quantity)
  if (quantity === 0n) {
    closeAlgo(state, account, algo, 'EXPIRED', at)
    return
  }
  const type = algo.type === 'STOP' || algo.type === 'TAKE_PROFIT' ? 'LIMIT' : 'MARKET'
  try {
    const price = algo.price === 0n ? (algo.side === 'BUY' ? quote.ask : quote.bid) : algo.price
    if (!algo.reduceOnly) checkMargin(state, account, { ...algo, quantity, price, at })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    closeAlgo(state, account, algo, 'REJECTED', at)
    return
  }
  const order = createOrder(state, account, {
    symbol: algo.symbol,
    side: algo.side,
    positionSide: algo.positionSide,
    type,
    origType: algo.type,
    timeInForce: algo.timeInForce,
    reduceOnly: algo.reduceOnly,
    closePosition: algo.closePosition,
    clientOrderId: algo.clientAlgoId,
    algoId: algo.id,
    stopPrice: algo.triggerPrice,
    quantity,
    price: type === 'LIMIT' ? algo.price : 0n,
    at,
  })
  algo.actualOrderId = order.id
  closeAlgo(state, account, algo, 'FINISHED', at)
  enterOrder(state, account, order)
  execute(state, account, order, { market, quote, at, split: undefined })
}

export function cancelAlgo(state: VenueState, account: Account, command: Of<'cancel-algo'>): Outcome {
  const algo = account.openAlgos.get(command.algoId)
  if (algo === undefined) throw new Refusal('ORDER_GONE')
  closeAlgo(state, account, algo, 'CANCELED', command.at)
  return { changed: true, algo }
}

export function cancelAlgos(state: VenueState, account: Account, command: Of<'cancel-algos'>): Outcome {
  const algos = [...account.openAlgos.values()].filter((algo) => algo.symbol === command.symbol)
  for (const algo of algos) closeAlgo(state, account, algo, 'CANCELED', command.at)
  return { changed: algos.length > 0, algos }
}

function openIn(account: Account, symbol: string): number {
  let count = 0
  for (const algo of account.openAlgos.values()) if (algo.symbol === symbol) count += 1
  return count
}
