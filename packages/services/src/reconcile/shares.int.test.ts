import { randomUUID } from 'node:crypto'
import { createBench } from '@matic/testkit/execution/bench'
import type { Bench, TestWorker } from '@matic/testkit/execution/bench'
import { makeAccount, makeOrder } from '@matic/testkit/execution/factories'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { createSeededRandom } from '@matic/testkit/seeded-random'
import { createSmallExchange, failure } from '@matic/testkit/execution/small-exchange'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { AccountKeys } from '../execution/context.ts'

const keys: AccountKeys = {
  open: async (accountId) => ({ accountId, credentials: { apiKey: 'k', secret: 's' }, positionMode: 'ONE_WAY' }),
  forget: () => undefined,
}
const exchange = createSmallExchange()
const fetchFills = exchange.fetchFills
let bench: Bench
let one: TestWorker
let account: TestAccount
const [trend, fade] = [randomUUID(), randomUUID()]
let hand: string

beforeAll(async () => {
  bench = await createBench({ port: () => exchange, keys: () => keys })
  one = await bench.worker()
})
beforeEach(async () => {
  exchange.after = async () => undefined
  exchange.fetchFills = fetchFills
  account = await makeAccount(one.ctx.db)
  hand = randomUUID()
  await one.ctx.db.query(`INSERT INTO route (id, user_id, source_kind, source_id, account_id) VALUES ($1, $2, 'MANUAL', $3, $3)`, [
    hand,
    account.userId,
    account.accountId,
  ])
})
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await bench[Symbol.asyncDispose]()
})

async function reconcile(): Promise<void> {
  await one.ctx.db.query(`UPDATE lane SET reconcile_at = 'epoch' WHERE account_id = $1`, [account.accountId])
  await one.runner.reconcile()
  await one.runner.settled()
  await one.settle()
}

/** Two readings: what a trigger fills is known to be its own with the second. */
async function settled(): Promise<void> {
  await reconcile()
  await reconcile()
}

const order = async (fields: Parameters<typeof makeOrder>[2]) => {
  await makeOrder(one.ctx, account, fields)
  await one.settle()
}

/** What trend, fade and the hand hold. */
async function shares(): Promise<(string | undefined)[]> {
  const rows = await one.ctx.db.query<{ routeId: string; base: string }>(
    'SELECT route_id AS "routeId", trim_scale(quantity_base)::text AS base FROM position_share WHERE account_id = $1',
    [account.accountId],
  )
  expect(rows.every(({ routeId }) => [trend, fade, hand].includes(routeId))).toBe(true)
  return [trend, fade, hand].map((route) => rows.find(({ routeId }) => routeId === route)?.base)
}
async function gap(): Promise<boolean> {
  const rows = await one.ctx.db.query<{ gap: boolean }>(
    `SELECT (CASE p.side WHEN 'SHORT' THEN -p.quantity_base ELSE p.quantity_base END) <> (SELECT coalesce(sum(s.quantity_base), 0) FROM position_share s WHERE s.account_id = p.account_id) AS gap
       FROM position p WHERE p.account_id = $1`,
    [account.accountId],
  )
  return rows.some((row) => row.gap)
}
async function owner(): Promise<string | null | undefined> {
  const rows = await one.ctx.db.query<{ routeId: string | null }>('SELECT route_id AS "routeId" FROM holding WHERE account_id = $1', [
    account.accountId,
  ])
  return rows[0]?.routeId
}
const gapsAnywhere = async () => (await one.ctx.db.query<{ n: string }>('SELECT share_gaps() AS n'))[0]?.n

it('what each source opened is its share, the moment it has filled, and a close by hand takes all', async () => {
  await order({ routeId: trend, quantityBase: '0.6', stopFraction: '0.05' })
  await order({ routeId: fade, quantityBase: '0.4' })
  expect(await shares()).toEqual(['0.6', '0.4', undefined])
  expect(await gap()).toBe(false)
  await order({ routeId: trend, leg: 'reduce', quantityBase: '0.1' })
  expect(await shares()).toEqual(['0.5', '0.4', undefined])
  await settled()
  expect(await shares()).toEqual(['0.5', '0.4', undefined])

  await order({ routeId: hand, leg: 'close' })
  await settled()
  expect(await shares()).toEqual(['0', '0', undefined])
  expect(await gapsAnywhere()).toBe('0')
})

it('a hand at the exchange adds a share of its own, and takes from it first, then from the others by size', async () => {
  await order({ routeId: trend, quantityBase: '0.6' })
  await order({ routeId: fade, quantityBase: '0.3' })
  exchange.byHand(account.accountId).trade('buy', '0.2')
  await settled()
  expect(await shares()).toEqual(['0.6', '0.3', '0.2'])
  exchange.byHand(account.accountId).trade('sell', '0.5')
  await settled()
  expect(await shares()).toEqual(['0.4', '0.2', '0'])
  expect(await gapsAnywhere()).toBe('0')
})

it('what the exchange takes by force comes out of everybody’s share by size, and its fill says so', async () => {
  await order({ routeId: trend, quantityBase: '0.6' })
  await order({ routeId: fade, quantityBase: '0.3' })
  exchange.byHand(account.accountId).trade('buy', '0.3')
  await settled()
  exchange.byHand(account.accountId).takeOver('sell', '0.4')
  await settled()
  expect(await shares()).toEqual(['0.4', '0.2', '0.2'])
  const flagged = await one.ctx.db.query<{ base: string }>(
    'SELECT trim_scale(quantity_base)::text AS base FROM fill WHERE account_id = $1 AND is_liquidation',
    [account.accountId],
  )
  expect(flagged).toEqual([{ base: '0.4' }])
  expect(await gapsAnywhere()).toBe('0')
})

it('funding reaches the trades of the shares that were held then, though nothing is executed after it', async () => {
  await one.ctx.db.query(`UPDATE account SET shared_symbols = 'net' WHERE id = $1`, [account.accountId])
  await order({ routeId: trend, quantityBase: '0.6' })
  await order({ routeId: fade, side: 'sell', quantityBase: '0.2' })
  await settled()
  expect(await shares()).toEqual(['0.6', '-0.2', undefined])
  await one.ctx.db.query('UPDATE account_state SET income_cursor = NULL WHERE account_id = $1', [account.accountId])
  const { fetchIncome } = exchange
  const paid = { venueId: '1', type: 'FUNDING_FEE', amount: '-4', currency: 'USDT', symbol: 'BTC/USDT:USDT', atMs: Date.now() } as const
  exchange.fetchIncome = async () => ({ ok: true, value: [paid] })
  await settled()
  exchange.fetchIncome = fetchIncome
  const trades = await one.ctx.db.query<object>(
    'SELECT route_id AS route, trim_scale(funding)::text AS funding FROM trade WHERE account_id = $1 ORDER BY opened_at',
    [account.accountId],
  )
  expect(trades).toEqual([
    { route: trend, funding: '-6' },
    { route: fade, funding: '2' },
  ])
})

it('a stop that was hit is its own route’s doing, not the hand’s', async () => {
  await order({ routeId: trend, quantityBase: '0.6', stopFraction: '0.05' })
  exchange.trigger(account.accountId, 'stop-market')
  await reconcile()
  await settled()
  expect(await shares()).toEqual(['0', undefined, undefined])
  expect(await gapsAnywhere()).toBe('0')
})

it('what fills while its order is not known yet waits for the order: it is nobody else’s meanwhile, and is counted once', async () => {
  await order({ routeId: fade, quantityBase: '0.4' })
  const { findOrder } = exchange
  // However slow the machine is.
  exchange.findOrder = async () => ({ ok: false, failure: failure('UNKNOWN', 'unknown', 'ETIMEDOUT') })
  exchange.after = async () => {
    exchange.after = async () => undefined
    return failure('UNKNOWN', 'unknown', 'ETIMEDOUT')
  }
  await makeOrder(one.ctx, account, { routeId: trend, quantityBase: '0.6' })
  await one.runner.execute()
  await one.runner.settled()
  await one.ctx.db.query(`UPDATE lane SET reconcile_at = 'epoch' WHERE account_id = $1`, [account.accountId])
  await one.runner.reconcile()
  await one.runner.settled()
  expect(await shares()).toEqual([undefined, '0.4', undefined])

  exchange.findOrder = findOrder
  await one.ctx.db.query('UPDATE attempt SET next_lookup_at = now() WHERE account_id = $1 AND resolved_at IS NULL', [account.accountId])
  await one.settle()
  await settled()
  expect(await shares()).toEqual(['0.6', '0.4', undefined])
  expect(await gapsAnywhere()).toBe('0')
})

it('a position that was read before its order was known to be filled is its route’s the moment it is known', async () => {
  const { findOrder } = exchange
  exchange.findOrder = async () => ({ ok: false, failure: failure('UNKNOWN', 'unknown', 'ETIMEDOUT') })
  exchange.after = async () => {
    exchange.after = async () => undefined
    return failure('UNKNOWN', 'unknown', 'ETIMEDOUT')
  }
  await makeOrder(one.ctx, account, { routeId: trend, quantityBase: '0.6' })
  await one.runner.execute()
  await one.runner.settled()
  await one.ctx.db.query(`UPDATE lane SET reconcile_at = 'epoch' WHERE account_id = $1`, [account.accountId])
  await one.runner.reconcile()
  await one.runner.settled()
  expect(await owner()).toBeNull()
  exchange.findOrder = findOrder
  await one.ctx.db.query(`UPDATE lane SET reconcile_at = now() + interval '1 hour' WHERE account_id = $1`, [account.accountId])
  await one.ctx.db.query('UPDATE attempt SET next_lookup_at = now() WHERE account_id = $1 AND resolved_at IS NULL', [account.accountId])
  await one.settle()
  expect(await shares()).toEqual(['0.6', undefined, undefined])
  expect(await owner()).toBe(trend)
})

it('a position that no fill tells of is the hand’s once the list of fills has had its time, and as the fills say once they come', async () => {
  await order({ routeId: trend, quantityBase: '0.6' })
  await settled()
  exchange.byHand(account.accountId).trade('sell', '0.2')
  exchange.fetchFills = async () => ({ ok: true, value: [] })
  await settled()
  expect(await shares()).toEqual(['0.6', undefined, undefined])

  exchange.byHand(account.accountId).trade('buy', '0.5')
  await settled()
  await one.ctx.db.query(`UPDATE position SET unsettled_since = now() - interval '1 hour' WHERE account_id = $1`, [account.accountId])
  await reconcile()
  expect(await shares()).toEqual(['0.6', undefined, '0.3'])
  expect(await gapsAnywhere()).toBe('0')

  exchange.fetchFills = fetchFills
  exchange.byHand(account.accountId).trade('sell', '0.1')
  await settled()
  // The hand's first sale found nothing of its own.
  expect(await shares()).toEqual(['0.4', undefined, '0.4'])
})

it.each([1, 2, 3])('the shares come to the position whatever three sources do one after the other (seed %i)', async (seed) => {
  const random = createSeededRandom(seed)
  await order({ routeId: trend, quantityBase: '0.01' })
  for (let step = 0; step < 25; step += 1) {
    const routeId = random.pick([trend, fade, hand])
    const leg = random.pick(['open', 'open', 'reduce', 'close'] as const)
    const quantityBase = `0.0${random.integer(1, 99)}`
    if (random.chance(0.2)) exchange.byHand(account.accountId).trade(random.pick(['buy', 'sell'] as const), quantityBase)
    else await order({ routeId, leg, quantityBase: leg === 'close' ? null : quantityBase })
    if (random.chance(0.5)) await reconcile()
  }
  await settled()
  const held = exchange.books.get(account.accountId)?.position
  const sum = (await shares()).reduce((total, base) => total + Number(base ?? 0), 0)
  expect(sum).toBeCloseTo(held?.quantityBase.mul(held.side === 'LONG' ? 1 : -1).toNumber() ?? NaN, 12)
  expect(await gap()).toBe(false)
})
