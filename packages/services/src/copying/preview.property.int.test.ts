import { FollowSettings, type CopyPreview } from '@matic/contracts'
import { parseAlert, type Decision } from '@matic/domain'
import { followStrategy, offerStrategy, type TestStrategy } from '@matic/testkit/dispatch/copying'
import { createDesk, ETH, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { dispatchSignals } from '../dispatch/index.ts'
import { followerHandle } from '../follows/follower-handle.ts'
import { previewCopies } from './preview-copies.ts'
import { shownToLeader } from './shown-to-leader.ts'

/** Leaders with followers, and what happens to each one after the other: each alert is a scene of its own, with what the ones before it left. */
const WORLDS = 25
const FOLLOWERS = 3
const ALERTS = 12
let desk: Desk

beforeAll(async () => {
  desk = await createDesk()
})
afterAll(() => desk.drop())

const one = (...values: readonly string[]) => fc.constantFrom(...values)
const sizing = fc.oneof(
  fc.record({ mode: fc.constant('ratio' as const), ratio: one('0.01', '0.5', '3', '90') }),
  fc.record({ mode: fc.constant('equity-to-equity' as const), multiplier: one('0.2', '1', '4') }),
  fc.record({ mode: fc.constant('fixed-quantity' as const), quantityBase: one('0.0004', '0.02', '5') }),
  fc.record({ mode: fc.constant('fixed-quote' as const), notionalQuote: one('10', '450', '90000') }),
  fc.record({ mode: fc.constant('fixed-margin' as const), marginQuote: one('5', '300') }),
  fc.record({ mode: fc.constant('percent-of-equity' as const), percent: one('0.5', '12.5', '99') }),
  fc.record({ mode: fc.constant('risk-from-stop' as const), percent: one('0.5', '9') }),
  fc.record({
    mode: fc.constant('tiered' as const),
    tiers: fc.constant([
      { upToQuote: '900', ratio: '1' },
      { upToQuote: null, ratio: '0.3' },
    ]),
  }),
)
const settings = fc.record(
  {
    sizing,
    direction: fc.constantFrom('normal' as const, 'normal' as const, 'reverse' as const),
    belowMinimum: fc.constantFrom('skip' as const, 'round-up' as const, 'accumulate' as const),
    roundUpMaxQuote: one('25', '150'),
    notEnoughBalance: fc.constantFrom('skip' as const, 'shrink' as const),
    leverage: fc.option(fc.integer({ min: 1, max: 125 })),
    marginMode: fc.constantFrom('own' as const, 'cross' as const, 'isolated' as const),
    allowedSymbols: fc.constantFrom([], [], ['ETHUSDT'], ['BTCUSDT']),
    maxOrderQuote: fc.option(one('90', '700', '60000')),
    maxPositions: fc.option(fc.integer({ min: 1, max: 2 })),
    entrySlippagePercent: fc.option(one('0.2', '5')),
    maxSignalAgeSeconds: fc.constantFrom(5, 60, 600),
    coolDownMinutes: fc.constantFrom(0, 0, 30),
    protection: fc.constantFrom('leader' as const, 'own' as const),
  },
  { requiredKeys: ['sizing'] },
)
const position = fc.option(
  fc.record({ side: one('LONG', 'SHORT'), quantity: one('0.005', '0.02', '0.7'), isOurs: fc.boolean(), isEth: fc.boolean() }),
  {
    freq: 2,
  },
)
const follower = fc.record({
  settings,
  state: fc.constantFrom('ACTIVE', 'ACTIVE', 'ACTIVE', 'PAUSED', 'CLOSE_ONLY'),
  equity: one('8', '600', '10000', '400000'),
  position,
  isKilled: fc.constantFrom(false, false, false, true),
})
const alert = fc.record({
  agoSeconds: fc.constantFrom(undefined, 0, 7, 45, 250),
  fields: fc.record(
    {
      symbol: fc.constantFrom('BTCUSDT', 'BTCUSDT.P', 'BINANCE:ETHUSDT.P', 'NOPEUSDT'),
      action: fc.constantFrom('buy', 'buy', 'sell', 'sell', 'close', 'exit_long', 'close_all', 'cancel'),
      market_position: fc.constantFrom('long', 'short', 'flat'),
      prev_market_position: fc.constantFrom('long', 'short', 'flat'),
      market_position_size: one('0', '0.01', '0.05'),
      prev_market_position_size: one('0', '0.02', '0.05'),
      quantity: one('0.002', '0.01', '0.03', '2', '12%'),
      leverage: fc.constantFrom(3, 200),
      stopLoss: one('49000', '51000'),
      takeProfit: one('52000', '48000'),
      type: fc.constantFrom('market', 'limit'),
      price: one('49900.07', '50900'),
    },
    { requiredKeys: ['symbol', 'action'] },
  ),
})
const step = fc.record({
  alert,
  followers: fc.array(follower, { minLength: FOLLOWERS, maxLength: FOLLOWERS }),
  leaderEquity: one('500', '10000'),
  leaderPosition: position,
  isPublished: fc.constantFrom(true, true, true, true, false),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

interface Follower extends Person {
  readonly followId: string
  readonly followRouteId: string
}

async function makeWorld() {
  const strategy = await offerStrategy(desk, await desk.makePerson())
  const followers: Follower[] = []
  for (let index = 0; index < FOLLOWERS; index += 1) {
    const person = await desk.makePerson()
    const { followId, routeId } = await followStrategy(desk, strategy, person, { sizing: { mode: 'ratio', ratio: '1' } })
    followers.push({ ...person, followId, followRouteId: routeId })
  }
  return { strategy, followers }
}

async function setUp({ followers, leaderEquity, leaderPosition, isPublished }: Step, strategy: TestStrategy, people: readonly Follower[]) {
  const everyone = [strategy.of, ...people]
  const accounts = everyone.map(({ accountId }) => accountId)
  const held = [leaderPosition, ...followers.map((one) => one.position)]
  await Promise.all([
    desk.db.query('UPDATE strategy SET state = $2 WHERE id = $1', [strategy.id, isPublished ? 'PUBLISHED' : 'PAUSED']),
    desk.db.query(
      `UPDATE follow f SET state = x.state, settings = x.settings::jsonb FROM unnest($1::uuid[], $2::text[], $3::text[]) AS x(id, state, settings) WHERE f.id = x.id`,
      [
        people.map(({ followId }) => followId),
        followers.map(({ state }) => state),
        followers.map((given) => JSON.stringify(FollowSettings.parse(given.settings))),
      ],
    ),
    desk.db.query(
      'UPDATE account_state s SET equity = x.e, available = x.e FROM unnest($1::uuid[], $2::numeric[]) AS x(id, e) WHERE s.account_id = x.id',
      [accounts, [leaderEquity, ...followers.map(({ equity }) => equity)]],
    ),
    desk.db.query('DELETE FROM kill_switch'),
    desk.db.query('DELETE FROM position WHERE account_id = ANY($1::uuid[])', [accounts]),
    // Orders of the scene before: some have filled meanwhile, some not.
    desk.db.query(
      `UPDATE trade_order SET state = 'FILLED' WHERE account_id = ANY($1::uuid[]) AND right(id::text, 1) < '8' AND state = 'READY'`,
      [accounts],
    ),
  ])
  const killed = followers.flatMap(({ isKilled }, index) => (isKilled ? [people[index]?.userId] : []))
  await desk.db.query('INSERT INTO kill_switch (scope, engaged) SELECT s, true FROM unnest($1::text[]) AS s', [killed])
  for (const [index, position] of held.entries()) {
    const person = everyone[index]
    if (position === null || person === undefined) continue
    const own = 'followRouteId' in person && typeof person.followRouteId === 'string' ? person.followRouteId : person.routeId
    const routeId = position.isOurs ? own : person.manualRouteId
    await desk.hold(person, { side: position.side, quantity: position.quantity, routeId, ...(position.isEth ? { symbol: ETH } : {}) })
  }
}

async function executed(signalId: string) {
  return desk.db.query<Pick<Decision, 'reason' | 'numbers'> & { routeId: string; orders: { leg: string; symbol: string; side: string }[] }>(
    `SELECT d.route_id AS "routeId", d.outcome, d.intent, d.reason, d.numbers, d.symbol, (SELECT coalesce(json_agg(o ORDER BY o.leg, o.symbol, o.side), '[]') FROM (
              SELECT leg, side, type, symbol, trim_scale(quantity_base)::text AS "quantityBase", trim_scale(reduce_fraction)::text AS "reduceFraction",
                     trim_scale(price)::text AS price, leverage, reduce_only AS "reduceOnly", trim_scale(stop_price)::text AS "stopPrice",
                     trim_scale(target_price)::text AS "targetPrice", trim_scale(stop_fraction)::text AS "stopFraction",
                     trim_scale(target_fraction)::text AS "targetFraction" FROM trade_order WHERE decision_id = d.id) o) AS orders
       FROM decision d JOIN route r ON r.id = d.route_id AND r.follow_id IS NOT NULL WHERE d.signal_id = $1 ORDER BY d.account_id`,
    [signalId],
  )
}

const byName = (a: { leg: string; symbol: string; side: string }, b: typeof a) =>
  `${a.leg} ${a.symbol} ${a.side}`.localeCompare(`${b.leg} ${b.symbol} ${b.side}`)

function said({ rows }: CopyPreview, people: readonly Follower[]) {
  return rows.map(({ handle, plan: { outcome, intent, reason, numbers, symbol, orders } }) => {
    const routeId = people.find(({ followId }) => followerHandle(followId) === handle)?.followRouteId
    return { routeId, outcome, intent, reason, numbers, symbol, orders: orders.toSorted(byName) }
  })
}

it('with the state frozen, what a preview says is what is decided and ordered for each follower, to the last number', async () => {
  const outcomes = new Map<string, number>()
  let scenes = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: ALERTS, maxLength: ALERTS }), async (steps) => {
      const { strategy, followers } = await makeWorld()
      for (const given of steps) {
        const { agoSeconds, fields } = given.alert
        // Ages are rounded: as far as can be from where the next one begins.
        const time = agoSeconds === undefined ? {} : { timenow: new Date(Date.now() - agoSeconds * 1_000 - 500).toISOString() }
        const body = JSON.stringify({ ...fields, ...time })
        if (!parseAlert(Buffer.from(body)).ok) continue
        await setUp(given, strategy, followers)
        const { preview } = await previewCopies({
          ctx: desk.ctx,
          input: { userId: strategy.of.userId, strategyId: strategy.id, body, page: 1, limit: 100, outcome: undefined },
        })
        const signalId = await desk.send(strategy.of, body, { receivedMs: 0 })
        await dispatchSignals({ ctx: desk.ctx })

        const done = (await executed(signalId)).map((row) => ({
          ...row,
          numbers: shownToLeader(row).numbers,
          orders: row.orders.toSorted(byName),
        }))
        expect(done).toEqual(JSON.parse(JSON.stringify(said(preview, followers))))
        expect(done).toHaveLength(FOLLOWERS)
        scenes += 1
        for (const { plan } of preview.rows) outcomes.set(plan.reason ?? plan.outcome, (outcomes.get(plan.reason ?? plan.outcome) ?? 0) + 1)
      }
    }),
    { numRuns: WORLDS, seed: 20_261_121 },
  )
  // Not one and the same refusal again and again.
  expect(scenes).toBeGreaterThan(250)
  expect(outcomes.size).toBeGreaterThan(12)
  expect(outcomes.get('ORDERS')).toBeGreaterThan(scenes / 5)
  expect(outcomes.get('GATHERING')).toBeGreaterThan(0)
})
