import { type Fixed, floorTo, max, over } from './fixed.ts'
import { type Market, marketOf } from './markets.ts'
import { ticksAt } from './prices.ts'
import { pinnedAt, quoteAt } from './quotes.ts'
import type { VenueState } from './state.ts'

/** startMs inclusive, endMs exclusive; prices in quote per base, volumes simulated. */
export interface Candle {
  readonly startMs: number
  readonly endMs: number
  readonly open: Fixed
  readonly high: Fixed
  readonly low: Fixed
  readonly close: Fixed
  readonly volumeBase: Fixed
  readonly volumeQuote: Fixed
  readonly trades: number
}

export type PriceKind = 'last' | 'mark'

const minute = 60_000

export const intervals: Readonly<Record<string, number>> = {
  '1m': minute,
  '3m': 3 * minute,
  '5m': 5 * minute,
  '15m': 15 * minute,
  '30m': 30 * minute,
  '1h': 60 * minute,
  '2h': 120 * minute,
  '4h': 240 * minute,
  '6h': 360 * minute,
  '8h': 480 * minute,
  '12h': 720 * minute,
  '1d': 1_440 * minute,
  '3d': 4_320 * minute,
  '1w': 10_080 * minute,
}

/** Weeks begin on Monday, the epoch was a Thursday. */
export function candleStart(timeMs: number, intervalMs: number): number {
  const shift = intervalMs === intervals['1w'] ? 4 * 86_400_000 : 0
  return Math.floor((timeMs - shift) / intervalMs) * intervalMs + shift
}

/**
 * The line between two moments: open and close are the prices at its ends, exactly. High and low are searched: an
 * even look at first, then ever closer around the best points, down to half a second.
 */
export function candleBetween(
  state: VenueState,
  symbol: string,
  span: { startMs: number; endMs: number; untilMs: number },
  kind: PriceKind,
): Candle {
  const market = marketOf(symbol)
  const from = span.startMs
  const until = Math.min(span.endMs, span.untilMs)
  const line = lineOf(state, market)
  const even = spread(from, until, evenStep(from, until))
  even.push(until)
  const [open, high, low, close] = [
    { at: from },
    { at: search(line, from, until, even, 1) },
    { at: search(line, from, until, even, -1) },
    { at: until },
  ].map(({ at }) => quoteAt(state, symbol, at)[kind])
  if (open === undefined || high === undefined || low === undefined || close === undefined) throw new Error('A candle has four prices')
  const volumeQuote = simulatedVolume(market, from, until, over(high - low, open))
  return {
    startMs: span.startMs,
    endMs: span.endMs,
    open,
    high,
    low,
    close,
    volumeBase: floorTo(over(volumeQuote, close), market.stepSize),
    volumeQuote,
    trades: Number(volumeQuote / 200_000_000_000n),
  }
}

const FINEST_MS = 500
const CANDIDATES = 3

/** Prices in ticks, unrounded: quick to compare. */
function lineOf(state: VenueState, market: Market): (timeMs: number) => number {
  if (!state.pins.has(market.symbol)) return (timeMs) => ticksAt(state.seed, market, timeMs)
  return (timeMs) => {
    const pinned = pinnedAt(state, market.symbol, timeMs)
    return pinned === null ? ticksAt(state.seed, market, timeMs) : Number(pinned) / Number(market.tickSize)
  }
}

function evenStep(from: number, to: number): number {
  return Math.max(FINEST_MS, (to - from) / 48)
}

/** The moment of the highest price (`direction` 1) or the lowest (-1). */
function search(line: (timeMs: number) => number, from: number, to: number, even: readonly number[], direction: 1 | -1): number {
  let best = bestOf(even, line, direction)
  let step = evenStep(from, to)
  while (step > FINEST_MS) {
    const finer = Math.max(FINEST_MS, step / 8)
    const around: number[] = [...best]
    for (const at of best) for (const near of spread(Math.max(from, at - step), Math.min(to, at + step), finer)) around.push(near)
    best = bestOf(around, line, direction)
    step = finer
  }
  return best[0] ?? from
}

/** The three best moments, best first. */
function bestOf(moments: readonly number[], line: (timeMs: number) => number, direction: 1 | -1): number[] {
  const best: { at: number; height: number }[] = []
  for (const at of moments) {
    const height = direction * line(at)
    if (best.length === CANDIDATES && height <= (best[CANDIDATES - 1]?.height ?? 0)) continue
    const place = best.findIndex((one) => height > one.height)
    best.splice(place < 0 ? best.length : place, 0, { at, height })
    if (best.length > CANDIDATES) best.pop()
  }
  return best.map(({ at }) => at)
}

function spread(from: number, to: number, step: number): number[] {
  const points: number[] = []
  for (let at = from; at <= to; at += step) points.push(at)
  return points
}

/** More where the price moved more; USDT. */
function simulatedVolume(market: Market, startMs: number, untilMs: number, range: Fixed): Fixed {
  const minutes = BigInt(Math.max(1, Math.round((untilMs - startMs) / minute)))
  return max(0n, (market.levelQuote / 4n) * minutes + ((market.levelQuote * range) / 100_000_000n) * 200n)
}

/** Finished candles do not change: kept, as charts ask for the same ones again and again. */
export interface CandleStore {
  read(request: {
    symbol: string
    interval: string
    kind: PriceKind
    limit: number
    startMs: number | undefined
    endMs: number | undefined
    nowMs: number
  }): readonly Candle[]
}

const MOST_KEPT = 60_000

export function createCandleStore(state: VenueState): CandleStore {
  const kept = new Map<string, Candle>()
  const finished = (symbol: string, kind: PriceKind, startMs: number, intervalMs: number): Candle => {
    const key = `${symbol} ${kind} ${intervalMs} ${startMs}`
    let candle = kept.get(key)
    if (candle === undefined) {
      candle = candleBetween(state, symbol, { startMs, endMs: startMs + intervalMs, untilMs: startMs + intervalMs }, kind)
      if (kept.size >= MOST_KEPT) kept.clear()
      kept.set(key, candle)
    }
    return candle
  }
  return {
    read({ symbol, interval, kind, limit, startMs, endMs, nowMs }) {
      const intervalMs = intervals[interval]
      if (intervalMs === undefined) return []
      const last = candleStart(Math.min(endMs ?? nowMs, nowMs), intervalMs)
      const first = startMs === undefined ? last - (limit - 1) * intervalMs : candleStart(startMs + intervalMs - 1, intervalMs)
      const candles: Candle[] = []
      for (let start = Math.max(first, 0); start <= last && candles.length < limit; start += intervalMs) {
        candles.push(
          start + intervalMs <= nowMs
            ? finished(symbol, kind, start, intervalMs)
            : candleBetween(state, symbol, { startMs: start, endMs: start + intervalMs, untilMs: nowMs }, kind),
        )
      }
      return candles
    },
  }
}
