import { buildTemplate, canSay, TEMPLATE_ACTIONS, TEMPLATE_DIALECTS, TEMPLATE_UNITS, type TemplateWish } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAlert } from './parse-alert.ts'

/** What TradingView puts in: a strategy that sells 0.3 of its 0.8. */
const FILLED: Readonly<Record<string, string>> = {
  ticker: 'BTCUSDT.P',
  exchange: 'BINANCE',
  close: '67432.5',
  timenow: '2026-11-20T09:15:02Z',
  'strategy.order.action': 'sell',
  'strategy.order.contracts': '1.3',
  'strategy.market_position': 'short',
  'strategy.market_position_size': '0.5',
  'strategy.prev_market_position': 'long',
  'strategy.prev_market_position_size': '0.8',
}

const amount = fc.integer({ min: 1, max: 9_999 }).map((cents) => new Decimal(cents).div(100).toFixed())
const wish: fc.Arbitrary<TemplateWish> = fc
  .record({
    dialect: fc.constantFrom(...TEMPLATE_DIALECTS),
    strategy: fc.boolean(),
    action: fc.constantFrom(...TEMPLATE_ACTIONS),
    size: fc.option(fc.record({ amount, unit: fc.constantFrom(...TEMPLATE_UNITS) }), { nil: undefined }),
    leverage: fc.option(fc.integer({ min: 1, max: 125 }).map(String), { nil: undefined }),
    stopPercent: fc.option(amount, { nil: undefined }),
    targetPercent: fc.option(amount, { nil: undefined }),
  })
  .filter(({ dialect, size }) => dialect !== 'autoview' || size?.unit !== 'quote')
  .map(({ strategy, action, ...rest }) => ({
    ...rest,
    source: strategy && canSay(rest.dialect).strategy ? { kind: 'strategy' } : { kind: 'indicator', action },
  }))

test('whatever the builder makes is read as what was meant', () => {
  fc.assert(
    fc.property(wish, (wanted) => {
      const { dialect, source, size, leverage, stopPercent, targetPercent } = wanted
      const text = buildTemplate(wanted).replaceAll(/\{\{([\w.]+)\}\}/g, (_, name: string) => FILLED[name] ?? 'NaN')
      const parsed = parseAlert(new TextEncoder().encode(text))
      if (!parsed.ok) throw new Error(`${parsed.message}\n${text}`)
      const { alert } = parsed
      expect(alert.ticker).toBe('BTCUSDT.P')
      if (dialect !== 'matic') expect(alert.dialect).toBe(dialect)

      if (source.kind === 'strategy') expect(alert).toMatchObject({ action: 'sell', marketPosition: 'short' })
      else
        expect(alert.action).toBe({ long: 'buy', short: 'sell', 'close-long': 'close-long', 'close-short': 'close-short' }[source.action])

      const opens = source.kind === 'strategy' || source.action === 'long' || source.action === 'short'
      if (!opens) return
      if (size !== undefined) expect(alert).toMatchObject({ quantity: size.amount, quantityUnit: size.unit })
      else expect(alert.quantity).toBe(source.kind === 'strategy' ? '1.3' : null)
      if (canSay(dialect).leverage) expect(alert.leverage).toBe(leverage ?? null)
      if (!canSay(dialect).protection) return
      expect(alert.stopLossPercent).toBe(stopPercent ?? null)
      const target = alert.targets[0]?.percent ?? alert.takeProfitPercent
      expect(target).toBe(targetPercent ?? null)
    }),
    { numRuns: 2_000 },
  )
})
