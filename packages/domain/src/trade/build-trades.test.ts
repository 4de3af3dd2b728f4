import { Decimal } from 'decimal.js'
import { describe, expect, it } from 'vitest'
import { buildTrades, netQuantity } from './build-trades.ts'
import type { BuiltTrade, TradeFill } from './build-trades.ts'

let clock = 0
function fill(side: 'buy' | 'sell', quantity: string, price: string, extra: Partial<TradeFill> = {}): TradeFill {
  clock += 1
  const quantityBase = new Decimal(quantity)
  return {
    tradeId: String(clock),
    side,
    quantityBase,
    price: new Decimal(price),
    fee: quantityBase.mul(price).mul('0.0005'),
    feeCurrency: 'USDT',
    routeId: null,
    isLiquidation: false,
    atMs: clock,
    ...extra,
  }
}

describe('trades', () => {
  it('run from flat to flat, with average prices, result and fees', () => {
    const [trade, ...rest] = buildTrades([
      fill('buy', '1', '100'),
      fill('buy', '1', '110'),
      fill('sell', '0.5', '120'),
      fill('sell', '1.5', '100'),
    ])
    expect(rest).toEqual([])
    expect(trade && written(trade)).toMatchObject({
      side: 'LONG',
      entryBase: '2',
      entryPrice: '105',
      exitBase: '2',
      exitPrice: '105',
      grossPnl: '0',
    })
    expect(trade?.fees.toFixed()).toBe('0.21')
    expect(trade?.closedAtMs).toBe(clock)
  })

  it('stay open while something is held', () => {
    const [trade] = buildTrades([fill('sell', '2', '100'), fill('buy', '0.5', '90')])
    expect(trade && written(trade)).toMatchObject({ side: 'SHORT', closedAtMs: null, exitBase: '0.5', grossPnl: '5' })
  })

  it('lose no digit over many fills', () => {
    const fills = Array.from({ length: 30 }, (_, index) => fill('buy', '0.000000000000000001', `${61_000 + index}.123456789012345678`))
    const [trade] = buildTrades([...fills, fill('sell', '0.00000000000000003', '70000.1')])
    const paid = fills.reduce((units, each) => units + BigInt(each.price.toFixed(18).replace('.', '')), 0n)
    expect(trade?.grossPnl.mul('1e36').toFixed()).toBe(String(30n * 700_001n * 10n ** 17n - paid))
  })

  it('are two when a fill turns the side, the fee shared by quantity', () => {
    const opening = fill('buy', '1', '100')
    const turning = fill('sell', '3', '110')
    const trades = buildTrades([turning, opening])
    expect(trades.map(({ side, entryBase, grossPnl, closedAtMs }) => [side, entryBase.toFixed(), grossPnl.toFixed(), closedAtMs])).toEqual([
      ['LONG', '1', '10', turning.atMs],
      ['SHORT', '2', '0', null],
    ])
    expect(trades[1]?.firstTradeId).toBe(turning.tradeId)
    expect(trades[1]?.fees.toFixed()).toBe('0.11')
  })

  it('say when a liquidation was part of them', () => {
    expect(buildTrades([fill('buy', '1', '100'), fill('sell', '1', '50', { isLiquidation: true })])[0]?.isLiquidation).toBe(true)
  })

  it('are the same however the fills are split or ordered on arrival', () => {
    const random = seeded(42)
    for (let round = 0; round < 300; round += 1) {
      clock = 0
      const whole = Array.from({ length: 1 + Math.floor(random() * 8) }, () =>
        fill(random() < 0.5 ? 'buy' : 'sell', String(1 + Math.floor(random() * 5)), String(90 + Math.floor(random() * 20))),
      )
      const split = whole.flatMap((each) => {
        const parts = 2 ** Math.floor(random() * 3)
        return Array.from({ length: parts }, (_, index) => ({
          ...each,
          tradeId: `${each.tradeId}${index}`,
          quantityBase: each.quantityBase.div(parts),
          fee: each.fee.div(parts),
        }))
      })
      const shuffled = split.toSorted(() => random() - 0.5)
      expect(essence(shuffled)).toEqual(essence(whole))
      expect(netQuantity(shuffled)).toEqual(netQuantity(whole))
    }
  })
})

function written(trade: BuiltTrade) {
  return Object.fromEntries(Object.entries(trade).map(([name, value]) => [name, Decimal.isDecimal(value) ? value.toFixed() : value]))
}

function essence(fills: readonly TradeFill[]) {
  return buildTrades(fills).map((trade) =>
    [trade.side, trade.openedAtMs, trade.entryBase, trade.entryPrice, trade.exitBase, trade.grossPnl, trade.fees].map((value) =>
      Decimal.isDecimal(value) ? value.toDecimalPlaces(10).toFixed() : value,
    ),
  )
}

function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}
