import { describe, expect, it, vi } from 'vitest'
import { candleBetween, createCandleStore, intervals } from './candles.ts'
import { parseFixed } from './fixed.ts'
import { findMarket, markets } from './markets.ts'
import { priceAt } from './prices.ts'
import { quoteAt, walkBook } from './quotes.ts'
import { createState } from './state.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const now = 1_780_000_012_345
const state = createState(1)

describe('simulated prices', () => {
  it('are the same for the same seed, symbol and time, and others for another seed', () => {
    expect(priceAt(5, 'BTCUSDT', now)).toBe(priceAt(5, 'BTCUSDT', now))
    expect(priceAt(5, 'BTCUSDT', now)).not.toBe(priceAt(6, 'BTCUSDT', now))
  })

  it('draw the line that they drew yesterday', () => {
    expect(['BTCUSDT', 'ETHUSDT', '1000PEPEUSDT'].map((symbol) => priceAt(1, symbol, now))).toMatchInlineSnapshot(`
      [
        "70900.60",
        "3072.29",
        "0.0092994",
      ]
    `)
  })

  it('stand on the tick, move within seconds, and never jump', () => {
    for (const market of markets) {
      let previous = parseFixed(priceAt(1, market.symbol, now)) ?? 0n
      const seen = new Set<bigint>()
      for (let second = 1; second <= 120; second += 1) {
        const price = parseFixed(priceAt(1, market.symbol, now + second * 1_000)) ?? 0n
        expect(price % market.tickSize).toBe(0n)
        const moved = price > previous ? price - previous : previous - price
        expect(moved).toBeLessThanOrEqual(price / 500n + market.tickSize)
        seen.add(quoteAt(state, market.symbol, now + second * 1_000).mark)
        previous = price
      }
      expect(seen.size).toBeGreaterThan(90)
    }
  })

  it('stay within the limits of their market for years', () => {
    for (const market of markets) {
      for (let day = 0; day < 2_000; day += 7) {
        const price = parseFixed(priceAt(1, market.symbol, now - day * 86_400_000)) ?? 0n
        expect(price > market.minPrice && price < market.maxPrice).toBe(true)
      }
    }
  })
})

describe('candles', () => {
  const store = createCandleStore(state)
  const read = (interval: string, limit: number) =>
    store.read({ symbol: 'SOLUSDT', interval, kind: 'last', limit, startMs: undefined, endMs: undefined, nowMs: now })

  it.each(['1m', '15m', '1h', '1d'])('of %s reach back a thousand bars without a gap', (interval) => {
    const candles = read(interval, 1_000)
    expect(candles).toHaveLength(1_000)
    candles.slice(1).forEach((candle, index) => {
      const previous = candles[index]
      expect(candle.startMs).toBe((previous?.startMs ?? 0) + (intervals[interval] ?? 0))
      expect(candle.open).toBe(previous?.close)
      expect(candle.high >= candle.open && candle.high >= candle.close && candle.low <= candle.open && candle.low <= candle.close).toBe(
        true,
      )
    })
  })

  it('agree with the ticks inside them', () => {
    for (const candle of read('1m', 20)) {
      const until = Math.min(candle.endMs, now)
      for (let at = candle.startMs; at <= until; at += 100) {
        const { last } = quoteAt(state, 'SOLUSDT', at)
        // Searched to half a second: a tick may stand out by a hair.
        const hair = last / 20_000n + 1_000_000n
        expect(last <= candle.high + hair && last >= candle.low - hair).toBe(true)
      }
    }
  })

  it('end at the price of now', () => {
    expect(read('1h', 3).at(-1)?.close).toBe(quoteAt(state, 'SOLUSDT', now).last)
  })

  it('show a pinned price', () => {
    const pinned = createState(1)
    pinned.pins.set('SOLUSDT', [{ from: now - 30_000, mark: 300_00000000n }])
    const candle = candleBetween(pinned, 'SOLUSDT', { startMs: now - 60_000, endMs: now, untilMs: now }, 'last')
    expect(candle).toMatchObject({ high: 300_00000000n, close: 300_00000000n })
  })
})

describe('the book', () => {
  it('costs more the more is taken, and never ends', () => {
    const market = findMarket('BTCUSDT')
    if (market === undefined) throw new Error('no market')
    const quote = quoteAt(createState(1), 'BTCUSDT', now)
    const small = walkBook(market, quote, 'BUY', 100_000n, null)
    const large = walkBook(market, quote, 'BUY', 120_00000000n, null)
    expect(small.price).toBe(quote.ask)
    expect(large.price).toBeGreaterThan(small.price)
    expect(large.filled).toBe(120_00000000n)
    expect(walkBook(market, quote, 'BUY', 120_00000000n, quote.ask).filled).toBeLessThan(120_00000000n)
  })
})
