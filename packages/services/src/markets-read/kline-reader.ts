import type { Kline, KLINE_INTERVALS } from '@matic/contracts'
import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { askExchange, type AnswerDesk } from '../requests/index.ts'
import { findMarket, HOME_EXCHANGE } from './markets.ts'

export interface KlineQuestion {
  readonly symbol: string
  readonly interval: (typeof KLINE_INTERVALS)[number]
  readonly limit: number
}

/** Candles, oldest first. The same question within a second is asked once. */
export interface KlineReader {
  /** @throws AppError MARKET_NOT_FOUND, EXCHANGE_UNAVAILABLE */
  read(question: KlineQuestion): Promise<Kline[]>
}

const FRESH_MS = 1_000
const KEPT_MAX = 500

const Candles = z.array(
  z.object({ startMs: z.number(), open: z.string(), high: z.string(), low: z.string(), close: z.string(), volume: z.string() }),
)

export function createKlineReader(ctx: ServiceContext & { readonly desk: AnswerDesk }): KlineReader {
  const kept = new Map<string, { klines: Promise<Kline[]>; untilMs: number }>()

  async function ask({ symbol, interval, limit }: KlineQuestion): Promise<Kline[]> {
    const answer = await askExchange({ ctx, input: { kind: 'KLINES', params: { exchange: HOME_EXCHANGE, symbol, interval, limit } } })
    return Candles.parse(answer).map(({ startMs, open, high, low, close, volume }) => ({
      time: Math.floor(startMs / 1000),
      open,
      high,
      low,
      close,
      volume,
    }))
  }

  return {
    async read(question) {
      const { symbol } = await findMarket({ db: ctx.db, symbol: question.symbol })
      const key = `${symbol} ${question.interval} ${question.limit}`
      const entry = kept.get(key)
      if (entry && entry.untilMs > ctx.clock.monotonic()) return entry.klines
      const klines = ask({ ...question, symbol })
      if (kept.size >= KEPT_MAX) kept.clear()
      // While it is on its way nobody else asks.
      const mine = { klines, untilMs: Infinity }
      kept.set(key, mine)
      klines.then(
        () => (mine.untilMs = ctx.clock.monotonic() + FRESH_MS),
        () => kept.delete(key),
      )
      return klines
    },
  }
}
