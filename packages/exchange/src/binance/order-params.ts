import type { AccountHandle, OrderRequest } from '../port.ts'

/** The part of an order that CCXT takes as parameters of the exchange. */
export function orderParams({ positionMode }: AccountHandle, order: OrderRequest): Record<string, unknown> {
  const hedged = positionMode === 'HEDGE'
  return {
    newClientOrderId: order.clientOrderId,
    ...(hedged ? { positionSide: order.positionSide } : {}),
    // With two sides a closing order cannot do anything but reduce, and the exchange refuses the flag.
    ...(order.reduceOnly && !hedged ? { reduceOnly: true } : {}),
    ...(order.type === 'limit' ? { timeInForce: 'GTC' } : {}),
    ...triggerParams(order),
  }
}

function triggerParams({ type, triggerPrice, closePosition, callbackPercent }: OrderRequest): Record<string, unknown> {
  // The name under which the conditional service takes it; CCXT would write the older one.
  const activation = triggerPrice === null ? {} : { activatePrice: triggerPrice }
  if (type === 'trailing-stop-market') return { trailingPercent: callbackPercent, workingType: 'MARK_PRICE', ...activation }
  if (triggerPrice === null) return {}
  const closing = { workingType: 'MARK_PRICE', ...(closePosition ? { closePosition } : {}) }
  return type === 'stop-market'
    ? { stopLossPrice: Number(triggerPrice), ...closing }
    : { takeProfitPrice: Number(triggerPrice), ...closing }
}
