import type { Rules } from '@matic/contracts'
import { parseAlert } from '@matic/domain'
import { createDesk, ETH, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { dispatchSignals } from '../dispatch/index.ts'
import { RULE_COLUMN } from '../rules/rule-columns.ts'
import { dryRun } from './dry-run.ts'

const RUNS = 300
let desk: Desk

beforeAll(async () => {
  desk = await createDesk()
  await desk.db.query(
    `INSERT INTO market_range (exchange, symbol, interval, period, range, closed_at) VALUES ('PAPER', 'BTC/USDT:USDT', '1h', 14, 350, now())`,
  )
})
afterAll(() => desk.drop())

const number = (...values: readonly string[]) => fc.constantFrom(...values)
const rules: fc.Arbitrary<Partial<Rules>> = fc.record(
  {
    sizingMode: fc.constantFrom('alert', 'fixed-quantity', 'fixed-quote', 'percent-of-equity', 'risk-per-trade'),
    equityPercent: number('1', '7.5', '40', '99'),
    fixedQuote: number('50', '250', '90000'),
    fixedQuantity: number('0.001', '0.02', '900'),
    riskPerTrade: number('0.5', '2', '20'),
    maxPositions: fc.integer({ min: 1, max: 3 }),
    defaultLeverage: fc.integer({ min: 1, max: 125 }),
    maxLeverage: fc.integer({ min: 1, max: 125 }),
    marginMode: fc.constantFrom('cross', 'isolated'),
    stopMode: fc.constantFrom('percent', 'atr'),
    stopLossPercent: fc.option(number('0.5', '5', '60')),
    takeProfitPercent: fc.option(number('1', '10', '150')),
    trailingStop: fc.boolean(),
    allowedSymbols: fc.constantFrom([], ['ETHUSDT'], ['BTCUSDT']),
    maxNotional: fc.option(number('100', '700', '100000')),
    maxSlippagePercent: fc.option(number('0.1', '3')),
    maxSignalAgeSeconds: fc.constantFrom(5, 60, 600),
    spotTickerToPerp: fc.boolean(),
  },
  { requiredKeys: [] },
)

const position = fc.option(
  fc.record({ side: fc.constantFrom('LONG', 'SHORT'), quantity: number('0.01', '0.02', '0.5'), isOurs: fc.boolean(), isEth: fc.boolean() }),
)
const ticker = fc.constantFrom('BTCUSDT', 'BTCUSDT.P', 'BINANCE:ETHUSDT.P', 'BTC-USDT-SWAP', 'NOPEUSDT')
const json = fc
  .record(
    {
      action: fc.constantFrom('buy', 'sell', 'close', 'exit_long', 'enter_short', 'close_all', 'cancel'),
      market_position: fc.constantFrom('long', 'short', 'flat'),
      prev_market_position: fc.constantFrom('long', 'short', 'flat'),
      market_position_size: number('0', '0.01', '0.05'),
      prev_market_position_size: number('0', '0.02', '0.05'),
      quantity: number('0', '0.01', '0.03', '2', '12%'),
      quantityType: fc.constantFrom('base', 'quote', 'percent_of_equity', 'percent_of_position'),
      leverage: fc.constantFrom(3, 20, 200),
      stopLoss: number('49000', '51000'),
      takeProfit: number('52000', '48000'),
      type: fc.constantFrom('market', 'limit'),
      price: number('49900.07', '50100'),
      maxAge: fc.constantFrom(10, 300),
      agoSeconds: fc.constantFrom(0, 7, 45, 250),
    },
    { requiredKeys: ['action'] },
  )
  .map(({ agoSeconds, ...fields }) => ({ agoSeconds, fields }))
const body = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(ticker, json).map(([symbol, { agoSeconds, fields }]) => ({ agoSeconds, fields: { symbol, ...fields }, text: '' })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        'e=binance s=BTCUSDT.P b=long q=5%',
        'ENTER-SHORT_BINANCE_BTCUSDT_bot_1h_5f2a',
        'BTCUSDT { market(side=buy, amount=0.02); }',
        'symbol=ETHUSDT\naction=sell\nquantity=1',
      )
      .map((text) => ({ agoSeconds: undefined, fields: {}, text })),
  },
)
const scene = fc.record({
  rules,
  override: rules,
  position,
  body,
  equity: number('12', '800', '10000'),
  switches: fc.record({ isEnabled: fc.constantFrom(true, true, true, false), isKilled: fc.constantFrom(true, false, false, false, false) }),
  /** Sent and decided before, so that the sender's chain has come somewhere. */
  earlier: fc.option(fc.constantFrom('long', 'short', 'flat')),
})
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never

async function setUp({ rules: own, override, position: held, equity, switches, earlier }: Scene): Promise<Person> {
  const person = await desk.makePerson()
  const columns = Object.entries({ ...own }).map(([name, value]) => ({ column: RULE_COLUMN[name as keyof Rules], value }))
  const sets = [...columns, { column: 'is_enabled', value: switches.isEnabled }]
  await desk.db.query(
    `UPDATE bot_settings SET ${sets.map(({ column }, index) => `${column} = $${index + 2}`).join(', ')} WHERE user_id = $1`,
    [person.userId, ...sets.map(({ value }) => value)],
  )
  await desk.db.query('INSERT INTO account_rules (account_id, user_id, overrides) VALUES ($1, $2, $3)', [
    person.accountId,
    person.userId,
    JSON.stringify(override),
  ])
  await desk.db.query('UPDATE account_state SET equity = $2, available = $2 WHERE account_id = $1', [person.accountId, equity])
  if (switches.isKilled) await desk.db.query('INSERT INTO kill_switch (scope, engaged) VALUES ($1, true)', [person.userId])
  if (earlier !== null) {
    await desk.send(person, { action: 'close', symbol: 'BTCUSDT', market_position: earlier, prev_market_position: 'flat' })
    await dispatchSignals({ ctx: desk.ctx })
  }
  if (held !== null) {
    const routeId = held.isOurs ? person.routeId : person.manualRouteId
    await desk.hold(person, { side: held.side, quantity: held.quantity, routeId, ...(held.isEth ? { symbol: ETH } : {}) })
  }
  return person
}

async function executed(signalId: string) {
  const [decision] = await desk.db.query('SELECT outcome, intent, reason, numbers, symbol FROM decision WHERE signal_id = $1', [signalId])
  const orders = await desk.db.query<{ leg: string; symbol: string; side: string }>(
    `SELECT leg, side, type, symbol, trim_scale(quantity_base)::text AS "quantityBase", trim_scale(reduce_fraction)::text AS "reduceFraction",
            trim_scale(price)::text AS price, leverage, reduce_only AS "reduceOnly", trim_scale(stop_price)::text AS "stopPrice",
            trim_scale(target_price)::text AS "targetPrice", trim_scale(stop_fraction)::text AS "stopFraction",
            trim_scale(target_fraction)::text AS "targetFraction"
       FROM trade_order WHERE signal_id = $1`,
    [signalId],
  )
  return { ...decision, orders: orders.toSorted(byName) }
}

const byName = (a: { leg: string; symbol: string; side: string }, b: typeof a) =>
  `${a.leg} ${a.symbol} ${a.side}`.localeCompare(`${b.leg} ${b.symbol} ${b.side}`)

it('with the state frozen, what a dry run says is what is decided and ordered, to the last number', async () => {
  const outcomes = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(scene, async (given) => {
      const { agoSeconds, fields, text } = given.body
      // Ages are rounded: as far as can be from where the next one begins.
      const time = agoSeconds === undefined ? {} : { timenow: new Date(Date.now() - agoSeconds * 1_000 - 500).toISOString() }
      const sent = text === '' ? JSON.stringify({ ...fields, ...time }) : text
      if (!parseAlert(Buffer.from(sent)).ok) return
      const person = await setUp(given)
      const dry = await dryRun({ ctx: desk.ctx, input: { userId: person.userId, body: sent, accountId: undefined } })
      const signalId = await desk.send(person, sent, { receivedMs: 0 })
      await dispatchSignals({ ctx: desk.ctx })

      const [said] = dry.decisions
      if (said === undefined) throw new Error('a dry run says what becomes of it on each account')
      const { outcome, intent, reason, numbers, symbol, orders } = said
      const shown = { outcome, intent, reason, numbers, symbol, orders: orders.toSorted(byName) }
      expect(await executed(signalId)).toEqual(JSON.parse(JSON.stringify(shown)))
      const kind = reason ?? outcome
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1)
    }),
    { numRuns: RUNS, seed: 20_261_121 },
  )
  // Not one and the same refusal again and again.
  expect(outcomes.size).toBeGreaterThan(12)
  expect(outcomes.get('ORDERS')).toBeGreaterThan(RUNS / 10)
  expect(outcomes.get('CHAIN_HELD')).toBeGreaterThan(0)
})
