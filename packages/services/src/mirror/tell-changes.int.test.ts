import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createBench, type Bench, type TestWorker } from '@matic/testkit/execution/bench'
import { makeAccount, makeOrder, type TestAccount } from '@matic/testkit/execution/factories'
import { createSmallExchange } from '@matic/testkit/execution/small-exchange'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { AccountKeys } from '../execution/context.ts'

const keys: AccountKeys = {
  open: async (accountId) => ({ accountId, credentials: { apiKey: 'k', secret: 's' }, positionMode: 'ONE_WAY' }),
  forget: () => undefined,
}
const exchange = createSmallExchange()
const { fetchFills } = exchange
let bench: Bench
let one: TestWorker
let leader: TestAccount

beforeAll(async () => {
  bench = await createBench({ port: () => exchange, keys: () => keys })
  one = await bench.worker()
})
beforeEach(async () => {
  exchange.fetchFills = fetchFills
  leader = await makeAccount(one.ctx.db)
  await one.ctx.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id) VALUES ($1, $2, $3, 'Mirror', 'ACCOUNT', $3)`,
    [randomUUID(), leader.userId, leader.accountId],
  )
  await makeOrder(one.ctx, leader)
  await one.settle()
  await reconcile()
})
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await bench[Symbol.asyncDispose]()
})

const byHand = () => exchange.byHand(leader.accountId)
const noFills = () => (exchange.fetchFills = async () => ({ ok: true, value: [] }))

async function reconcile(): Promise<void> {
  await one.ctx.db.query(`UPDATE lane SET reconcile_at = 'epoch' WHERE account_id = $1`, [leader.accountId])
  await one.runner.reconcile()
  await one.runner.settled()
  await one.settle()
}

async function told(): Promise<string[]> {
  const rows = await one.ctx.db.query<{ words: string }>(
    `SELECT concat_ws(' ', b->>'change', b->>'from', b->>'to', 'at', trim_scale((b->>'price')::numeric)) AS words
       FROM (SELECT convert_from(raw_body, 'UTF8')::jsonb AS b, received_at, id FROM signal WHERE source_id = $1) AS s ORDER BY received_at, id`,
    [leader.accountId],
  )
  return rows.map(({ words }) => words)
}

it('an order of ours on the mirrored account is a change like any other, told once', async () => {
  for (let reading = 0; reading < 3; reading += 1) await reconcile()
  expect(await told()).toEqual(['open 0 1 at 100'])
})

it('a change that no fills show yet waits for them, and is told once they do', async () => {
  noFills()
  byHand().trade('buy', '1')
  await reconcile()
  expect(await told()).toEqual(['open 0 1 at 100'])
  exchange.fetchFills = fetchFills
  await reconcile()
  await reconcile()
  expect(await told()).toEqual(['open 0 1 at 100', 'add 1 2 at 100'])
})

it('a list that forgets a position for a moment closes nobody’s', async () => {
  const list = exchange.fetchPositions
  await sleep(one.ctx.timings.replicaLagMs)
  exchange.fetchPositions = async () => ({ ok: true, value: [] })
  await reconcile()
  exchange.fetchPositions = list
  await reconcile()
  expect(await told()).toEqual(['open 0 1 at 100'])
})

it('a change that no fills ever show is believed once the exchange’s lists have had their time', async () => {
  await sleep(one.ctx.timings.replicaLagMs)
  noFills()
  byHand().trade('sell', '1')
  await reconcile()
  expect(await told()).toHaveLength(1)
  await sleep(one.ctx.timings.replicaLagMs)
  await reconcile()
  expect(await told()).toEqual(['open 0 1 at 100', 'close 1 0 at 100'])
})

it('closed and opened again between two readings, followers are out and in again', async () => {
  await makeOrder(one.ctx, leader, { leg: 'close' })
  await one.settle()
  await makeOrder(one.ctx, leader)
  await one.settle()
  await reconcile()
  expect(await told()).toEqual(['open 0 1 at 100', 'close 1 0 at 100', 'open 0 1 at 100'])
})

it('an account that is switched off here is still read while somebody follows it', async () => {
  const follower = await makeAccount(one.ctx.db)
  await one.ctx.db.query(
    `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at)
     SELECT $1, $2, id, $3, $1, '{}', clock_timestamp() FROM strategy WHERE source_id = $4`,
    [randomUUID(), follower.userId, follower.accountId, leader.accountId],
  )
  byHand().trade('sell', '1')
  await sleep(one.ctx.timings.replicaLagMs)
  await reconcile()
  await one.ctx.db.query('UPDATE account SET is_active = false WHERE id = $1', [leader.accountId])
  byHand().trade('buy', '2')
  await reconcile()
  expect(await told()).toEqual(['open 0 1 at 100', 'close 1 0 at 100', 'open 0 2 at 100'])
})
