import { invariant, type ReasonCode } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { AccountHandle, ExchangeCapabilities, ExchangeFailure, OrderRequest, Signing } from '../port.ts'

/** How CCXT would write a number of this market on the wire. */
export interface Precision {
  amount(symbol: string, value: number): string | undefined
  price(symbol: string, value: number): string | undefined
}

export interface OrderToCheck {
  readonly account: AccountHandle
  readonly order: OrderRequest
  readonly capabilities: ExchangeCapabilities
  readonly isMarket: boolean
  readonly precision: Precision
}

/** What the exchange could not hold as asked is refused before it leaves, never sent as something else. */
export function refusalOf({ account, order, capabilities, isMarket, precision }: OrderToCheck): ExchangeFailure | null {
  invariant(order.clientOrderId.length > 0, 'Every order carries our id')
  const reduces = order.reduceOnly || order.closePosition
  if (!capabilities.certified && !reduces) return refuse('VENUE_NOT_CERTIFIED', 'not-certified', 'This exchange takes no new positions yet')
  if (!isMarket) return refuse('REJECTED_OTHER', 'no-market', `${order.symbol} is not a market here`)
  if (!isClientId(order.clientOrderId, capabilities))
    return refuse('REJECTED_OTHER', 'client-id', 'The order id has characters or a length that the exchange does not take')
  return refuseMode(account, order) ?? refuseTrailing(order, capabilities) ?? refuseShape(order) ?? refuseNumbers(order, precision)
}

/** @throws InvariantError */
export function checkSigning({ timestampMs, recvWindowMs }: Signing, capabilities: ExchangeCapabilities): void {
  invariant(Number.isInteger(timestampMs) && timestampMs > 0, 'A signature needs its time')
  invariant(recvWindowMs > 0 && recvWindowMs <= capabilities.maxRecvWindowMs, 'A signature must expire')
}

function isClientId(id: string, { clientOrderIdMaxLength }: ExchangeCapabilities): boolean {
  return id.length <= clientOrderIdMaxLength && /^[.A-Z:/a-z0-9_-]+$/.test(id)
}

function refuseMode({ positionMode }: AccountHandle, order: OrderRequest): ExchangeFailure | null {
  const no = (text: string) => refuse('REJECTED_POSITION_MODE', 'position-side', text)
  if (positionMode === 'ONE_WAY') return order.positionSide === 'BOTH' ? null : no('A one-way account has no sides')
  if (order.positionSide === 'BOTH') return no('A hedged account needs the side')
  const reducing = order.positionSide === 'LONG' ? 'sell' : 'buy'
  return (order.reduceOnly || order.closePosition) && order.side !== reducing ? no('This would add to the side that it is to reduce') : null
}

/** A percent that the exchange does not know would be dropped on the way, and the order would go out bare. */
function refuseTrailing(order: OrderRequest, { trailing }: ExchangeCapabilities): ExchangeFailure | null {
  const no = (text: string) => refuse('REJECTED_OTHER', 'order-shape', text)
  const callback = order.callbackPercent ?? null
  if (order.type !== 'trailing-stop-market') return callback === null ? null : no('Only a trailing stop has a callback')
  if (trailing !== 'percent') return refuse('TRAILING_UNSUPPORTED', 'trailing', 'This exchange does not trail by percent')
  if (callback === null) return no('A trailing stop needs its callback')
  const percent = new Decimal(callback)
  if (percent.lt('0.1') || percent.gt(10) || percent.decimalPlaces() > 1) return no('A callback is from 0.1 to 10 percent in steps of 0.1')
  return null
}

function refuseShape(order: OrderRequest): ExchangeFailure | null {
  const no = (text: string) => refuse('REJECTED_OTHER', 'order-shape', text)
  if (order.type === 'stop-market' || order.type === 'take-profit-market') {
    if (order.closePosition === (order.quantityBase !== null)) return no('A stop or target closes the whole position, or a quantity of it')
    if (!order.closePosition && !order.reduceOnly) return no('A stop or target only ever reduces')
    return order.triggerPrice !== null && order.price === null ? null : no('A stop or target has a trigger and no price')
  }
  if (order.type === 'trailing-stop-market') {
    if (order.closePosition || order.quantityBase === null || !order.reduceOnly)
      return no('A trailing stop only ever reduces, by its quantity')
    return order.price === null ? null : no('A trailing stop has no price')
  }
  if (order.closePosition || order.quantityBase === null) return no('The order has no quantity')
  if (order.triggerPrice !== null) return no('Only stops and targets have a trigger')
  return (order.type === 'limit') === (order.price !== null) ? null : no('A limit order has a price, a market order has none')
}

function refuseNumbers(order: OrderRequest, precision: Precision): ExchangeFailure | null {
  const { symbol, quantityBase } = order
  if (quantityBase !== null && !isKept(quantityBase, (value) => precision.amount(symbol, value)))
    return refuse('REJECTED_PRECISION', 'step', `${quantityBase} is off the step of ${symbol}`)
  for (const price of [order.price, order.triggerPrice])
    if (price !== null && !isKept(price, (value) => precision.price(symbol, value)))
      return refuse('REJECTED_PRECISION', 'tick', `${price} is off the tick of ${symbol}`)
  return null
}

/** Rounding happens where the size is decided; what CCXT would still change must not go out. */
function isKept(asked: string, written: (value: number) => string | undefined): boolean {
  if (!new Decimal(asked).gt(0)) return false
  try {
    return new Decimal(written(Number(asked)) ?? Number.NaN).eq(asked)
  } catch {
    // Below one step CCXT throws.
    return false
  }
}

function refuse(reason: ReasonCode, code: string, text: string): ExchangeFailure {
  return { verdict: 'REJECTED', execution: 'not-sent', retryable: false, code, text, reason, retryAfterMs: null }
}
