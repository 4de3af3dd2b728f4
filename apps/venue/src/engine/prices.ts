import { DIGITS, formatFixed, type Fixed } from './fixed.ts'
import { type Market, marketOf } from './markets.ts'

/**
 * Simulated prices: a pure function of (seed, symbol, time). Value noise on many scales, from a quarter to four
 * seconds, added up with plain IEEE arithmetic only, so that every machine draws the same line.
 */
const octaves: readonly (readonly [periodMs: number, amplitude: number])[] = [
  [90 * 86_400_000, 0.14],
  [21 * 86_400_000, 0.08],
  [5 * 86_400_000, 0.045],
  [86_400_000, 0.022],
  [6 * 3_600_000, 0.011],
  [3_600_000, 0.005],
  [15 * 60_000, 0.0026],
  [4 * 60_000, 0.0013],
  [60_000, 0.0006],
  [15_000, 0.00025],
  [4_000, 0.0001],
]

/** Last price at a moment, decimal text on the market's tick. */
export function priceAt(seed: number, symbol: string, timeMs: number): string {
  const market = marketOf(symbol)
  return formatFixed(lastPrice(market, ticksAt(seed, market, timeMs)), market.pricePrecision)
}

/** On the market's tick. */
export function lastPrice(market: Market, ticks: number): Fixed {
  return BigInt(Math.round(ticks)) * market.tickSize
}

/** Finer than the tick, as marks are. */
export function markPrice(market: Market, ticks: number): Fixed {
  const finer = market.tickSize < 100n ? market.tickSize : 100n
  return (BigInt(Math.round(ticks * Number(finer))) * market.tickSize) / finer
}

/** Fraction of notional that longs pay shorts at a funding time; negative the other way round. */
export function fundingRateAt(seed: number, market: Market, fundingTimeMs: number): Fixed {
  const key = hashText(`${market.symbol} funding`) ^ seed
  return BigInt(Math.round((0.0001 + 0.00025 * noise(key, fundingTimeMs / FUNDING_INTERVAL_MS / 3)) * 10 ** DIGITS))
}

export const FUNDING_INTERVAL_MS = 8 * 3_600_000

const keys = new WeakMap<Market, number>()

/** The line itself, in ticks and fractions of them: what prices are rounded from. */
export function ticksAt(seed: number, market: Market, timeMs: number): number {
  let key = keys.get(market)
  if (key === undefined) {
    key = hashText(market.symbol)
    keys.set(market, key)
  }
  let swing = 0
  for (let index = 0; index < octaves.length; index += 1) {
    const octave = octaves[index]
    if (octave !== undefined) swing += octave[1] * noise(key ^ seed ^ Math.imul(index + 1, 0x9e3779b1), timeMs / octave[0])
  }
  const price = market.anchorPrice * (1 + market.volatility * swing)
  return price / (Number(market.tickSize) / 10 ** DIGITS)
}

/** Smooth, in [-1, 1]. */
function noise(key: number, position: number): number {
  const cell = Math.floor(position)
  const share = position - cell
  const from = corner(key, cell)
  return from + (corner(key, cell + 1) - from) * share * share * (3 - 2 * share)
}

function corner(key: number, cell: number): number {
  let mixed = Math.imul(key ^ cell, 0x85ebca6b) ^ Math.imul(cell + 0x165667b1, 0xc2b2ae35)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 31 - 1
}

function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash
}
