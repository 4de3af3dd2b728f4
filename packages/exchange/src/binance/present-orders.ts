import type { ExchangeFill, ExchangeOrder, ExchangeOrderStatus } from '../port.ts'
import { count, decimal, flag, positive, type Row, text, Unreadable } from './fields.ts'

const STATUS: Readonly<Record<string, ExchangeOrderStatus>> = {
  NEW: 'open',
  PENDING_NEW: 'open',
  PENDING_CANCEL: 'open',
  NEW_INSURANCE: 'open',
  NEW_ADL: 'open',
  PARTIALLY_FILLED: 'partial',
  FILLED: 'filled',
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
  REJECTED: 'rejected',
}

/** A conditional order is done when it has triggered: from then on the order it made trades. */
const TRIGGER_STATUS: Readonly<Record<string, ExchangeOrderStatus>> = {
  NEW: 'open',
  TRIGGERING: 'open',
  TRIGGERED: 'filled',
  FINISHED: 'filled',
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  REJECTED: 'rejected',
}

/** Of types that we never send, people's own orders, only the kind matters. */
const TYPES: Readonly<Record<string, ExchangeOrder['type']>> = {
  MARKET: 'market',
  LIMIT: 'limit',
  STOP_MARKET: 'stop-market',
  STOP: 'stop-market',
  TRAILING_STOP_MARKET: 'trailing-stop-market',
  TAKE_PROFIT_MARKET: 'take-profit-market',
  TAKE_PROFIT: 'take-profit-market',
}

/** @throws Unreadable */
export function presentOrder(row: Row, symbolOf: (marketId: string) => string): ExchangeOrder {
  return row['algoId'] === undefined ? presentPlain(row, symbolOf) : presentTrigger(row, symbolOf)
}

function presentPlain(row: Row, symbolOf: (marketId: string) => string): ExchangeOrder {
  return {
    ...presentCommon(row, symbolOf),
    clientOrderId: text(row, 'clientOrderId'),
    exchangeOrderId: text(row, 'orderId'),
    type: TYPES[text(row, 'type')] ?? 'market',
    status: known(STATUS, text(row, 'status')),
    quantityBase: flag(row, 'closePosition') ? null : decimal(row, 'origQty'),
    filledBase: decimal(row, 'executedQty'),
    averagePrice: positive(row, 'avgPrice'),
    triggerPrice: positive(row, 'stopPrice'),
    isTrigger: false,
  }
}

function presentTrigger(row: Row, symbolOf: (marketId: string) => string): ExchangeOrder {
  const filledBase = positive(row, 'actualQty') ?? '0'
  const status = known(TRIGGER_STATUS, text(row, 'algoStatus'))
  const type = TYPES[text(row, 'orderType')] ?? 'stop-market'
  const cameToNothing = text(row, 'algoStatus') === 'FINISHED' && row['actualQty'] !== undefined && filledBase === '0'
  return {
    ...presentCommon(row, symbolOf),
    clientOrderId: text(row, 'clientAlgoId'),
    exchangeOrderId: madeOrder(row) ?? text(row, 'algoId'),
    type,
    status: cameToNothing ? 'expired' : status,
    quantityBase: flag(row, 'closePosition') ? null : decimal(row, 'quantity'),
    filledBase,
    averagePrice: positive(row, 'actualPrice'),
    triggerPrice: positive(row, type === 'trailing-stop-market' ? 'activatePrice' : 'triggerPrice'),
    ...(type === 'trailing-stop-market' ? { callbackPercent: positive(row, 'callbackRate') } : {}),
    isTrigger: true,
  }
}

/** The order that a trigger made, once it has fired. */
function madeOrder(row: Row): string | null {
  const id = row['actualOrderId']
  return id === undefined || id === null || id === '' ? null : text(row, 'actualOrderId')
}

function presentCommon(row: Row, symbolOf: (marketId: string) => string) {
  return {
    symbol: symbolOf(text(row, 'symbol')),
    side: presentSide(row),
    positionSide: presentPositionSide(row),
    price: positive(row, 'price'),
    reduceOnly: flag(row, 'reduceOnly'),
    closePosition: flag(row, 'closePosition'),
    updatedAtMs: count(row, 'updateTime'),
  }
}

/** @throws Unreadable */
export function presentFill(row: Row, symbol: string): ExchangeFill {
  return {
    tradeId: text(row, 'id'),
    exchangeOrderId: text(row, 'orderId'),
    symbol,
    side: presentSide(row),
    positionSide: presentPositionSide(row),
    quantityBase: decimal(row, 'qty'),
    price: decimal(row, 'price'),
    fee: decimal(row, 'commission'),
    feeCurrency: text(row, 'commissionAsset'),
    realizedPnl: decimal(row, 'realizedPnl'),
    atMs: count(row, 'time'),
  }
}

/** The exchange names its own orders: `autoclose-` liquidates, `adl_autoclose` deleverages. */
export function isForced(row: Row): boolean {
  const clientOrderId = row['clientOrderId']
  return typeof clientOrderId === 'string' && (clientOrderId.startsWith('autoclose-') || clientOrderId.startsWith('adl_autoclose'))
}

function presentSide(row: Row): 'buy' | 'sell' {
  const side = text(row, 'side')
  if (side !== 'BUY' && side !== 'SELL') throw new Unreadable(`side ${side}`)
  return side === 'BUY' ? 'buy' : 'sell'
}

export function presentPositionSide(row: Row): 'BOTH' | 'LONG' | 'SHORT' {
  const side = row['positionSide']
  return side === 'LONG' || side === 'SHORT' ? side : 'BOTH'
}

function known(table: Readonly<Record<string, ExchangeOrderStatus>>, status: string): ExchangeOrderStatus {
  const found = table[status]
  if (found === undefined) throw new Unreadable(`status ${status}`)
  return found
}
