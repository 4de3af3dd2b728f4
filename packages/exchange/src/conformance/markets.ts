import { equal, ok } from 'node:assert/strict'
import { Decimal } from 'decimal.js'
import { MARK, marketOf, value, type ConformanceCase } from './kit.ts'

export const marketCases: readonly ConformanceCase[] = [
  {
    name: 'a market has its filters',
    async run(rig) {
      const market = await marketOf(rig)
      for (const positive of [market.tickSize, market.stepSize, market.minQuantity, market.minNotional, market.contractSize])
        ok(new Decimal(positive).gt(0))
      ok(market.active)
    },
  },
  {
    name: 'the highest leverage is known once a key holder has asked',
    async run(rig) {
      const account = await rig.openAccount()
      await value(rig.port.fetchBalance(account))
      ok((await marketOf(rig)).maxLeverage > 20)
    },
  },
  {
    name: 'marks have a time and the price',
    async run(rig) {
      const { marks, atMs } = await value(rig.port.fetchMarks())
      ok(new Decimal(marks[rig.symbol] ?? 0).eq(MARK))
      ok(Math.abs(atMs - rig.nowMs()) < 5_000)
    },
  },
  {
    name: 'candles come oldest first and end now',
    async run(rig) {
      const candles = await value(rig.port.fetchCandles({ symbol: rig.symbol, interval: '1m', limit: 50 }))
      equal(candles.length, 50)
      candles.forEach((candle, index) => {
        const before = candles[index - 1]
        if (before !== undefined) equal(candle.startMs - before.startMs, 60_000)
        ok(
          new Decimal(candle.high).gte(Decimal.max(candle.open, candle.close)) &&
            new Decimal(candle.low).lte(Decimal.min(candle.open, candle.close)),
        )
      })
      ok(rig.nowMs() - (candles.at(-1)?.startMs ?? 0) <= 61_000)
    },
  },
  {
    name: 'the clock is measured',
    async run(rig) {
      const { offsetMs, errorMs } = await value(rig.port.measureClock())
      ok(errorMs >= 0)
      ok(Math.abs(Date.now() + offsetMs - rig.nowMs()) <= errorMs + 1_000)
    },
  },
]
