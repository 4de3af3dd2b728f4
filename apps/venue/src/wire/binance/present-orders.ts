import { type Fixed, formatFixed, over, times } from '../../engine/fixed.ts'
import { type Market, marketOf } from '../../engine/markets.ts'
import type { AlgoOrder, Order, Trade } from '../../engine/state.ts'

export function presentOrder(order: Order): Record<string, unknown> {
  const market = marketOf(order.symbol)
  return {
    orderId: order.id,
    symbol: order.symbol,
    status: order.status,
    clientOrderId: order.clientOrderId,
    price: price(market, order.price),
    avgPrice: order.executed === 0n ? price(market, 0n) : averagePrice(order),
    origQty: quantity(market, order.quantity),
    executedQty: quantity(market, order.executed),
    cumQuote: formatFixed(order.executedQuote, Math.min(8, market.pricePrecision + market.quantityPrecision)),
    timeInForce: order.timeInForce,
    type: order.type,
    reduceOnly: order.reduceOnly,
    closePosition: order.closePosition,
    side: order.side,
    positionSide: order.positionSide,
    stopPrice: price(market, order.stopPrice),
    workingType: 'CONTRACT_PRICE',
    priceProtect: false,
    origType: order.origType,
    priceMatch: 'NONE',
    selfTradePreventionMode: 'NONE',
    goodTillDate: 0,
    updateTime: order.updatedAt,
  }
}

/** Lookups know when it was made as well. */
export function presentStoredOrder(order: Order): Record<string, unknown> {
  return { ...presentOrder(order), avgPrice: averagePrice(order), time: order.createdAt }
}

/** Answers to a new, cancelled or modified order have the quantity twice. */
export function presentFreshOrder(order: Order): Record<string, unknown> {
  return { ...presentOrder(order), cumQty: quantity(marketOf(order.symbol), order.executed) }
}

/** What an `ACK` says: taken, nothing yet about its fate. */
export function presentAcknowledged(order: Order): Record<string, unknown> {
  const market = marketOf(order.symbol)
  const fresh = presentFreshOrder(order)
  const nothing = quantity(market, 0n)
  return { ...fresh, status: 'NEW', avgPrice: price(market, 0n), executedQty: nothing, cumQty: nothing, cumQuote: formatFixed(0n, 5) }
}

export function presentAlgo(algo: AlgoOrder): Record<string, unknown> {
  const market = marketOf(algo.symbol)
  const trailing = algo.type === 'TRAILING_STOP_MARKET'
  return {
    algoId: algo.id,
    clientAlgoId: algo.clientAlgoId,
    algoType: 'CONDITIONAL',
    orderType: algo.type,
    symbol: algo.symbol,
    side: algo.side,
    positionSide: algo.positionSide,
    timeInForce: algo.timeInForce,
    quantity: quantity(market, algo.quantity),
    algoStatus: algo.status,
    triggerPrice: price(market, algo.triggerPrice),
    price: price(market, algo.price),
    icebergQuantity: null,
    selfTradePreventionMode: 'EXPIRE_MAKER',
    workingType: algo.workingType,
    priceMatch: 'NONE',
    closePosition: algo.closePosition,
    priceProtect: false,
    reduceOnly: algo.reduceOnly,
    activatePrice: trailing ? price(market, algo.activatePrice) : '',
    callbackRate: trailing ? formatFixed(algo.callbackFraction * 100n, 1) : '',
    createTime: algo.createdAt,
    updateTime: algo.updatedAt,
    triggerTime: algo.triggeredAt,
    goodTillDate: 0,
  }
}

/** Lookups also tell which order the trigger made. */
export function presentStoredAlgo(algo: AlgoOrder, actual: Order | undefined): Record<string, unknown> {
  const market = marketOf(algo.symbol)
  const average = actual === undefined || actual.executed === 0n ? 0n : over(actual.executedQuote, actual.executed)
  return {
    ...presentAlgo(algo),
    actualOrderId: actual === undefined ? '' : String(actual.id),
    actualPrice: formatFixed(average, 5),
    actualQty: quantity(market, actual?.executed ?? 0n),
    actualType: actual?.type ?? '',
    tpTriggerPrice: price(market, 0n),
    tpPrice: price(market, 0n),
    slTriggerPrice: price(market, 0n),
    slPrice: price(market, 0n),
    tpOrderType: '',
  }
}

export function presentTrade(trade: Trade): Record<string, unknown> {
  const market = marketOf(trade.symbol)
  return {
    symbol: trade.symbol,
    id: trade.id,
    orderId: trade.orderId,
    side: trade.side,
    price: price(market, trade.price),
    qty: quantity(market, trade.quantity),
    realizedPnl: trade.realizedPnl === 0n ? '0' : formatFixed(trade.realizedPnl),
    marginAsset: 'USDT',
    quoteQty: formatFixed(times(trade.quantity, trade.price), Math.min(8, market.pricePrecision + market.quantityPrecision)),
    commission: formatFixed(trade.fee),
    commissionAsset: 'USDT',
    time: trade.at,
    positionSide: trade.positionSide,
    buyer: trade.side === 'BUY',
    maker: trade.maker,
  }
}

function averagePrice(order: Order): string {
  return formatFixed(
    order.executed === 0n ? 0n : over(order.executedQuote, order.executed),
    Math.max(5, marketOf(order.symbol).pricePrecision),
  )
}

function price(market: Market, value: Fixed): string {
  return formatFixed(value, market.pricePrecision)
}

function quantity(market: Market, value: Fixed): string {
  return formatFixed(value, market.quantityPrecision)
}
