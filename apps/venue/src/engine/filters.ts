import { fixed, type Fixed, formatFixed, parseFixed, plainFixed, times } from './fixed.ts'
import type { Market } from './markets.ts'
import { Refusal } from './refusal.ts'
import type { Side } from './state.ts'

/** Base quantity by the market's lot filters. */
export function checkQuantity(market: Market, text: string, type: 'MARKET' | 'LIMIT'): Fixed {
  const quantity = parseFixed(text)
  if (quantity === undefined) throw new Refusal('QUANTITY_PRECISION')
  if (quantity <= 0n) throw new Refusal('QUANTITY_NOT_POSITIVE')
  if (quantity % market.stepSize !== 0n) throw new Refusal('QUANTITY_PRECISION')
  if (quantity < market.minQuantity) throw new Refusal('QUANTITY_BELOW_MINIMUM')
  if (quantity > (type === 'MARKET' ? market.marketMaxQuantity : market.maxQuantity)) throw new Refusal('QUANTITY_ABOVE_MAXIMUM')
  return quantity
}

/** Price by the market's price filter; quote per base. */
export function checkPrice(market: Market, text: string): Fixed {
  const price = parseFixed(text)
  if (price === undefined) throw new Refusal('PRICE_PRECISION')
  if (price <= 0n) throw new Refusal('PRICE_NOT_POSITIVE')
  if (decimalsOf(text) > market.pricePrecision) throw new Refusal('PRICE_PRECISION')
  if (price > market.maxPrice) throw new Refusal('PRICE_ABOVE_MAXIMUM')
  if (price < market.minPrice) throw new Refusal('PRICE_BELOW_MINIMUM', formatFixed(market.minPrice, market.pricePrecision))
  if (price % market.tickSize !== 0n) throw new Refusal('PRICE_OFF_TICK')
  return price
}

export function checkTriggerPrice(market: Market, text: string): Fixed {
  if (fixedOrZero(text) <= 0n) throw new Refusal('TRIGGER_PRICE_NOT_POSITIVE')
  return checkPrice(market, text)
}

/** How far a limit may stand from the mark. */
export function checkPriceBand(market: Market, side: Side, price: Fixed, mark: Fixed): void {
  const highest = times(mark, market.multiplierUp)
  const lowest = times(mark, market.multiplierDown)
  if (side === 'BUY' && price > highest) throw new Refusal('PRICE_TOO_HIGH', formatFixed(highest, market.pricePrecision))
  if (side === 'SELL' && price < lowest) throw new Refusal('PRICE_TOO_LOW', formatFixed(lowest, market.pricePrecision))
}

export function checkNotional(market: Market, notional: Fixed): void {
  if (notional < market.minNotional) throw new Refusal('NOTIONAL_BELOW_MINIMUM', plainFixed(market.minNotional))
}

export function fixedOrZero(text: string): Fixed {
  return text === '' ? 0n : (parseFixed(text) ?? fixed('0'))
}

function decimalsOf(text: string): number {
  const point = text.indexOf('.')
  return point < 0 ? 0 : text.slice(point + 1).replace(/0+$/, '').length
}
