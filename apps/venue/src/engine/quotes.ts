import { ceilTo, floorTo, type Fixed, max, over } from './fixed.ts'
import { type Market, marketOf } from './markets.ts'
import { lastPrice, markPrice, ticksAt } from './prices.ts'
import type { Side, VenueState } from './state.ts'

/** What a market shows at one moment; quote per base. */
export interface Quote {
  readonly last: Fixed
  readonly mark: Fixed
  readonly bid: Fixed
  readonly ask: Fixed
}

/** The simulated line, or what the price was pinned to at that moment. */
export function quoteAt(state: VenueState, symbol: string, timeMs: number): Quote {
  const market = marketOf(symbol)
  const pinned = pinnedAt(state, symbol, timeMs)
  const ticks = pinned === null ? ticksAt(state.seed, market, timeMs) : 0
  const last = pinned === null ? lastPrice(market, ticks) : pinnedLast(market, pinned)
  const mark = pinned ?? markPrice(market, ticks)
  return { last, mark, bid: last, ask: last + spread(market, last) }
}

export function pinnedLast(market: Market, pinned: Fixed): Fixed {
  return max(floorTo(pinned, market.tickSize), market.tickSize)
}

export function pinnedAt(state: VenueState, symbol: string, timeMs: number): Fixed | null {
  const pins = state.pins.get(symbol)
  if (pins === undefined) return null
  for (let index = pins.length - 1; index >= 0; index -= 1) {
    const pin = pins[index]
    if (pin !== undefined && pin.from <= timeMs) return pin.mark
  }
  return null
}

/** 0.2 basis points, at least a tick. */
function spread(market: Market, last: Fixed): Fixed {
  return max(market.tickSize, floorTo(last / 50_000n, market.tickSize))
}

export interface Level {
  readonly price: Fixed
  readonly quantity: Fixed
}

const DEEPEST_LEVEL = 400n

/** The simulated book is even: each step of a tenth of a basis point holds the same quantity. */
export function bookLevel(market: Market, quote: Quote, side: Side, index: number): Level {
  return { price: levelPrice(market, quote, side, BigInt(index)), quantity: levelQuantity(market, quote) }
}

/**
 * What a taker gets: as much of `quantity` as the book holds within `limit`, at its average price, rounded to the
 * tick against the taker. The deepest level never ends.
 */
export function walkBook(market: Market, quote: Quote, side: Side, quantity: Fixed, limit: Fixed | null): { filled: Fixed; price: Fixed } {
  const size = levelQuantity(market, quote)
  let left = quantity
  let spent = 0n
  for (let level = 0n; left > 0n; level += 1n) {
    const price = levelPrice(market, quote, side, level)
    if (limit !== null && (side === 'BUY' ? price > limit : price < limit)) break
    const taken = level >= DEEPEST_LEVEL || left < size ? left : size
    spent += taken * price
    left -= taken
  }
  const filled = quantity - left
  if (filled === 0n) return { filled, price: 0n }
  const average = side === 'BUY' ? ceilTo((spent + filled - 1n) / filled, market.tickSize) : floorTo(spent / filled, market.tickSize)
  return { filled, price: average }
}

function levelQuantity(market: Market, quote: Quote): Fixed {
  return max(floorTo(over(market.levelQuote, quote.last), market.stepSize), market.stepSize)
}

function levelPrice(market: Market, quote: Quote, side: Side, level: bigint): Fixed {
  const step = max(market.tickSize, floorTo(quote.last / 100_000n, market.tickSize))
  return side === 'BUY' ? quote.ask + level * step : max(quote.bid - level * step, market.tickSize)
}
