import { invariant } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { AccountHandle, OrderRequest } from './port.ts'
import type { Client } from './present.ts'

/** CCXT's parameters beside symbol, type, side, amount and price. A trigger closes whatever is there and carries no amount. */
export function orderParams(account: AccountHandle, order: OrderRequest): Record<string, unknown> {
  const id = { newClientOrderId: order.clientOrderId }
  const side = account.positionMode === 'HEDGE' ? { positionSide: order.positionSide } : {}
  if (order.type === 'stop-market' || order.type === 'take-profit-market') {
    invariant(order.closePosition && order.triggerPrice !== null, 'Triggers close whatever is there')
    const price =
      order.type === 'stop-market' ? { stopLossPrice: Number(order.triggerPrice) } : { takeProfitPrice: Number(order.triggerPrice) }
    return { ...id, ...side, ...price, closePosition: true, workingType: 'MARK_PRICE' }
  }
  return {
    ...id,
    ...side,
    ...(order.reduceOnly && account.positionMode === 'ONE_WAY' ? { reduceOnly: true } : {}),
    ...(order.type === 'limit' ? { timeInForce: 'GTC' } : {}),
  }
}

export function amountOf(quantityBase: string | null): number {
  return quantityBase === null ? 0 : Number(quantityBase)
}

/** Rounding happens where the size is decided; a number that CCXT would still change is refused. */
export function checkQuantised(client: Client, order: OrderRequest): void {
  invariant(order.clientOrderId.length > 0 && order.clientOrderId.length <= 36, 'Every order carries our id')
  if (order.quantityBase !== null)
    invariant(
      new Decimal(client.amountToPrecision(order.symbol, Number(order.quantityBase)) ?? Number.NaN).eq(order.quantityBase),
      `${order.quantityBase} is off the step of ${order.symbol}`,
    )
  for (const price of [order.price, order.triggerPrice])
    if (price !== null)
      invariant(
        new Decimal(client.priceToPrecision(order.symbol, Number(price)) ?? Number.NaN).eq(price),
        `${price} is off the tick of ${order.symbol}`,
      )
}
