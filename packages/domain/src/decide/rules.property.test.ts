import { BLANK_ALERT, DEFAULT_RULES, SizingMode, type Alert, type Rules } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BTC_MARKET } from '../../test/btc-market.ts'
import { planAtEntry } from '../protection/plan.ts'
import { protectionPrices } from '../protection/prices.ts'
import { indexMarkets } from '../symbols/resolve-market.ts'
import { decide } from './decide.ts'
import type { DecisionInput } from './types.ts'

const market = BTC_MARKET
const markets = indexMarkets([market])

const percent = (min: number, max: number) =>
  fc.integer({ min: min * 10, max: max * 10 }).map((tenths) => new Decimal(tenths).div(10).toFixed())

const targetRules = fc.array(fc.record({ step: percent(1, 10), share: percent(10, 60) }), { maxLength: 4 }).map((drawn) => {
  let at = new Decimal(0)
  let left = new Decimal(100)
  return drawn.flatMap(({ step, share }) => {
    at = at.add(step)
    const taken = Decimal.min(left, share)
    left = left.sub(taken)
    return taken.gt(0) ? [{ percent: at.toFixed(), share: taken.toFixed() }] : []
  })
})

const rules = (sizingMode: SizingMode): fc.Arbitrary<Rules> =>
  fc
    .record({
      equityPercent: percent(1, 99),
      fixedQuote: percent(10, 5000),
      fixedQuantity: percent(1, 5).map((text) => new Decimal(text).div(100).toFixed()),
      riskPerTrade: percent(1, 20),
      defaultLeverage: fc.integer({ min: 1, max: 125 }),
      maxLeverage: fc.integer({ min: 1, max: 125 }),
      stopMode: fc.constantFrom('percent' as const, 'atr' as const),
      stopLossPercent: fc.option(percent(1, 90)),
      takeProfitPercent: fc.option(percent(1, 200)),
      atrMultiplier: percent(1, 10),
      atrTargetMultiplier: fc.option(percent(1, 10)),
      targets: targetRules,
      trailingStop: fc.boolean(),
      trailingActivationPercent: fc.option(percent(1, 50)),
      breakEvenPercent: fc.option(percent(1, 50)),
      breakEvenAfterTarget: fc.option(fc.integer({ min: 1, max: 3 })),
      maxNotional: fc.option(percent(100, 9000)),
      maxSlippagePercent: fc.option(percent(0.1, 5)),
    })
    .map((drawn) => ({ ...DEFAULT_RULES, ...drawn, sizingMode }))

const alerts = fc.record({
  action: fc.constantFrom('buy' as const, 'sell' as const),
  quantity: fc.option(percent(1, 50).map((text) => new Decimal(text).div(100).toFixed())),
  signalPrice: fc.option(fc.integer({ min: 45_000, max: 55_000 }).map(String)),
  leverage: fc.option(fc.integer({ min: 1, max: 200 }).map(String)),
})

const scenes = (mode: SizingMode) =>
  fc.record({
    rules: rules(mode),
    alert: alerts,
    mark: fc.integer({ min: 400_000, max: 600_000 }).map((tenths) => new Decimal(tenths).div(10).toFixed()),
    equity: fc.integer({ min: 0, max: 100_000 }).map(String),
    range: fc.option(fc.integer({ min: 1, max: 60_000 }).map(String)),
  })

function input(scene: ReturnType<typeof scenes> extends fc.Arbitrary<infer Scene> ? Scene : never): DecisionInput {
  const alert: Alert = {
    ...BLANK_ALERT,
    dialect: 'test',
    ticker: 'BTCUSDT.P',
    ...scene.alert,
  }
  return {
    signal: { id: 'signal', source: 'WEBHOOK', receivedAtMs: 1_000_000 },
    alert,
    route: { id: 'route', sourceKind: 'WEBHOOK' },
    account: {
      exchange: 'PAPER',
      environment: 'PAPER',
      isActive: true,
      keyStatus: 'VALID',
      certified: true,
      trailing: 'percent',
      positionMode: 'ONE_WAY',
    },
    settings: { ...scene.rules, isEnabled: true },
    funds: { equity: scene.equity, available: scene.equity },
    result: null,
    lastLoss: null,
    positions: [],
    pendingOpens: [],
    markets,
    markOf: () => scene.mark,
    rangeOf: () => scene.range,
    killSwitch: false,
    entitled: true,
    overtaken: false,
    chain: null,
    nowMs: 1_000_500,
  }
}

describe.each(SizingMode.options)('an open sized by %s', (mode) => {
  test('goes to the side of the alert and keeps every limit', () => {
    fc.assert(
      fc.property(scenes(mode), (scene) => {
        const { rules: held, alert, mark, equity } = scene
        const decision = decide(input(scene))
        if (decision.outcome !== 'ORDERS') {
          expect(decision.reason).not.toBeNull()
          return
        }
        const [order] = decision.orders
        if (order === undefined) throw new Error('no order')
        expect(decision.orders).toHaveLength(1)
        expect(order.side).toBe(alert.action)
        expect(order.reduceOnly).toBe(false)
        expect(order.leverage).toBeLessThanOrEqual(Math.min(held.maxLeverage, market.maxLeverage))
        const notional = new Decimal(order.quantityBase ?? 0).mul(mark)
        expect(held.maxNotional === null || notional.lte(held.maxNotional)).toBe(true)
        expect(notional.div(order.leverage ?? 1).lte(equity)).toBe(true)
        if (held.maxSlippagePercent !== null && alert.signalPrice !== null) {
          const worse = new Decimal(mark).sub(alert.signalPrice).mul(alert.action === 'buy' ? 1 : -1)
          expect(worse.div(alert.signalPrice).mul(100).lte(held.maxSlippagePercent)).toBe(true)
        }
      }),
      { numRuns: 400 },
    )
  })

  test('has its stop against it and its targets along it, in order, for no more than the position', () => {
    fc.assert(
      fc.property(scenes(mode), (scene) => {
        const decision = decide(input(scene))
        const [order] = decision.orders
        if (order === undefined) return
        const long = order.side === 'buy'
        const entry = {
          side: long ? ('LONG' as const) : ('SHORT' as const),
          entryPrice: new Decimal(scene.mark),
          tickSize: new Decimal('0.1'),
        }
        const number = (text: string | null) => (text === null ? null : new Decimal(text))
        const { stopPrice, targetPrice } = protectionPrices({
          ...entry,
          wish: {
            stopPrice: null,
            targetPrice: null,
            stopFraction: number(order.stopFraction),
            targetFraction: number(order.targetFraction),
          },
        })
        const wantsStop = scene.rules.stopMode === 'atr' || scene.rules.stopLossPercent !== null
        expect(stopPrice !== null).toBe(wantsStop)
        if (stopPrice !== null) expect(long ? stopPrice.lt(scene.mark) : stopPrice.gt(scene.mark)).toBe(true)
        const plan = order.plan && planAtEntry(order.plan, entry)
        const prices = [...(plan?.targets ?? []).map(({ price }) => new Decimal(price)), ...(targetPrice ? [targetPrice] : [])]
        prices.reduce((before, price) => {
          expect(long ? price.gte(before) : price.lte(before)).toBe(true)
          return price
        }, new Decimal(scene.mark))
        const shares = (plan?.targets ?? []).reduce((sum, { share }) => sum.add(share), new Decimal(0))
        expect(shares.lte(1)).toBe(true)
        expect(plan?.trailing ?? null).toEqual(scene.rules.trailingStop ? expect.objectContaining({ percent: '1' }) : null)
      }),
      { numRuns: 400 },
    )
  })

  test('risks no more at its stop than was asked for', () => {
    if (mode !== 'risk-per-trade') return
    fc.assert(
      fc.property(scenes(mode), (scene) => {
        const decision = decide(input(scene))
        const [order] = decision.orders
        if (order === undefined) return
        const { stopPrice } = protectionPrices({
          side: order.side === 'buy' ? 'LONG' : 'SHORT',
          entryPrice: new Decimal(scene.mark),
          tickSize: new Decimal('0.1'),
          wish: { stopPrice: null, targetPrice: null, stopFraction: new Decimal(order.stopFraction ?? 0), targetFraction: null },
        })
        const loss = new Decimal(order.quantityBase ?? 0).mul(new Decimal(scene.mark).sub(stopPrice ?? 0).abs())
        expect(loss.lte(new Decimal(scene.equity).mul(scene.rules.riskPerTrade).div(100).add('1e-9'))).toBe(true)
      }),
      { numRuns: 400 },
    )
  })
})
