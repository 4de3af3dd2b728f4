import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '@matic/db'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createBench, startWorker } from '@matic/testkit/execution/bench'
import type { Bench, TestWorker } from '@matic/testkit/execution/bench'
import { makeAccount, makeOrder } from '@matic/testkit/execution/factories'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { ENCRYPTION_KEY, throughVenue } from '@matic/testkit/execution/paper'
import { startVenue } from '@matic/testkit/execution/venue'
import type { TestVenue } from '@matic/testkit/execution/venue'
import { createSecret } from '@matic/platform'
import { openPaperAccounts } from '../accounts/open-paper-accounts.ts'
import { ensureSealingKey } from '../accounts/sealing-keys.ts'

const COUNT = 50
const OTHER = 'ETH/USDT:USDT'

let venue: TestVenue
let bench: Bench
let workers: TestWorker[]
let accounts: TestAccount[]

beforeAll(async () => {
  venue = await startVenue()
  bench = await createBench({ ...throughVenue(venue.url), scale: 1 })
  workers = [await bench.worker(), await bench.worker()]
  const { ctx } = workers[0] ?? {}
  if (!ctx) throw new Error('no worker')
  await ensureSealingKey({ ...ctx, encryptionKey: createSecret(ENCRYPTION_KEY) })
  accounts = []
  for (let index = 0; index < COUNT; index += 1) accounts.push(await makeAccount(ctx.db, { keyStatus: 'OPENING' }))
  while ((await openPaperAccounts({ ctx, bank: venue.bank })) > 0) continue
  await ctx.db.query(`UPDATE lane SET reconcile_at = now() + interval '1 hour'`)
  await ctx.db.query(
    `INSERT INTO account_state (account_id, user_id, wallet_balance, available, unrealized_pnl, equity, margin_used, synced_at)
     SELECT id, user_id, 10000, 10000, 0, 10000, 0, now() FROM account`,
  )
})
afterAll(async () => {
  for (const worker of workers ?? []) await worker[Symbol.asyncDispose]()
  await bench?.[Symbol.asyncDispose]()
  await venue?.[Symbol.asyncDispose]()
})

let transactions = 0

function countTransactions({ db }: { db: Db }): void {
  const begin = db.transaction.bind(db)
  Object.assign(db, {
    transaction: (...work: Parameters<Db['transaction']>) => {
      transactions += 1
      return begin(...work)
    },
  })
}

async function workUntil(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await holds()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error('not in time')
    await Promise.all(workers.map((worker) => worker.runner.execute()))
    await Promise.all(workers.map((worker) => worker.runner.settled()))
  }
}

it('fifty accounts open, stop and target by two workers: each once, each by its own key, in half as many transactions as orders at most', async () => {
  const { ctx } = workers[0] ?? {}
  if (!ctx) throw new Error('no worker')
  // Not read for so long that each is looked at before it opens.
  const stale = await ctx.db.query(`UPDATE account_state SET synced_at = clock_timestamp() - interval '1 hour' RETURNING account_id`)
  expect(stale.length).toBe(COUNT)
  for (const account of accounts) await makeOrder(ctx, account, { quantityBase: '0.01', stopFraction: '0.2', targetFraction: '0.4' })
  for (const worker of workers) countTransactions(worker.ctx)

  await workUntil(
    async () => (await ctx.db.query(`SELECT 1 FROM position WHERE quantity_base = 0.01 AND protection = 'PROTECTED'`)).length === COUNT,
  )

  const ledger = await venue.ledger()
  const byAccount = Map.groupBy(ledger, (order) => order.ref)
  expect(byAccount.size).toBe(COUNT)
  for (const [ref, orders] of byAccount) {
    expect(orders.map((order) => order.status).toSorted(), ref).toEqual(['FILLED', 'NEW', 'NEW'])
    expect(new Set(orders.map((order) => order.clientOrderId)).size).toBe(3)
  }
  const attempts = await ctx.db.query<{ account: string; cid: string }>('SELECT account_id AS account, client_order_id AS cid FROM attempt')
  const sentBy = new Map(attempts.map(({ account, cid }) => [cid, account]))
  for (const order of ledger) expect(sentBy.get(order.clientOrderId), 'who sent it').toBe(order.ref)
  // One hundred and fifty orders, each written ahead and recorded: one by one these would be three hundred.
  expect(transactions).toBeLessThan(75)
})

it('fifty accounts close and take stop and target off, in as few', async () => {
  const { ctx } = workers[0] ?? {}
  if (!ctx) throw new Error('no worker')
  transactions = 0
  for (const account of accounts) await makeOrder(ctx, account, { leg: 'close' })
  await workUntil(async () => {
    const left = await ctx.db.query(
      `SELECT 1 FROM position WHERE quantity_base > 0 UNION ALL SELECT 1 FROM trade_order WHERE state NOT IN ('FILLED', 'CANCELED')`,
    )
    return left.length === 0
  })
  const ledger = await venue.ledger()
  const ended = ledger.map(({ ref, status }) => `${ref} ${status}`).toSorted()
  expect(ended).toEqual(
    accounts.flatMap(({ accountId }) => ['CANCELED', 'CANCELED', 'FILLED', 'FILLED'].map((status) => `${accountId} ${status}`)).toSorted(),
  )
  const gone = await ctx.db.query(`SELECT DISTINCT reason FROM trade_order WHERE leg IN ('stop', 'target')`)
  expect(gone).toEqual([{ reason: 'CANCELED_SIBLING' }])
  expect(transactions).toBeLessThan(75)
})

it('an address that may ask 30 things in half a second opens fifty accounts and then protects them, and nothing is refused', async () => {
  const limit = { requests: 30, windowMs: 500 }
  await using worker = await startWorker({ ...throughVenue(venue.url, limit), scale: 1, databaseUrl: bench.databaseUrl })
  await venue.faults({ rules: [{ name: 'limit', action: { kind: 'address-limit', ...limit } }] })
  const startedAtMs = Date.now()
  for (const account of accounts) await makeOrder(worker.ctx, account, { quantityBase: '0.01', stopFraction: '0.2', targetFraction: '0.4' })
  const guarded = `SELECT 1 FROM position WHERE quantity_base > 0 AND protection = 'PROTECTED'`
  // As its loop does: who waits for a turn keeps nobody else waiting.
  for (const deadline = Date.now() + 30_000; (await worker.ctx.db.query(guarded)).length < COUNT; await sleep(20)) {
    if (Date.now() > deadline) throw new Error('not in time')
    await worker.runner.execute()
  }

  expect(await venue.hits('limit')).toBe(0)
  const ledger = (await venue.ledger()).filter(({ acceptedAt }) => acceptedAt >= startedAtMs)
  const opened = ledger.filter(({ status }) => status === 'FILLED')
  expect([opened.length, ledger.length]).toEqual([COUNT, 3 * COUNT])
  const timesOf = (orders: typeof ledger) => orders.map(({ acceptedAt }) => acceptedAt).toSorted((a, b) => a - b)
  const times = timesOf(opened)
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(limit.windowMs / 2)
  // As many openings as have room go before the first stop or target that may wait.
  const guards = timesOf(ledger.filter(({ status }) => status === 'NEW'))
  expect(times[COUNT / 2 - 1]).toBeLessThanOrEqual(guards[2] ?? 0)
})

it('what has to be read first gives its lane back until there is room for it, and a close of the same account goes before it', async () => {
  const limit = { requests: 30, windowMs: 500 }
  await using worker = await startWorker({ ...throughVenue(venue.url, limit), scale: 1, databaseUrl: bench.databaseUrl })
  const { ctx } = worker
  await venue.faults({ rules: [{ name: 'limit', action: { kind: 'address-limit', ...limit } }] })
  const some = accounts.slice(0, 10)
  const ids = some.map(({ accountId }) => accountId)
  await ctx.db.query(`UPDATE account_state SET synced_at = now() - interval '5 minutes' WHERE account_id = ANY($1::uuid[])`, [ids])
  await ctx.db.query(`UPDATE lane SET reconcile_at = now() WHERE account_id = ANY($1::uuid[])`, [ids])
  const startedAtMs = Date.now()
  for (const account of some)
    await makeOrder(ctx, account, { symbol: OTHER, quantityBase: '0.1', stopFraction: '0.2', targetFraction: '0.4' })
  await worker.runner.execute()
  const free = await ctx.db.query<{ id: string }>(
    'SELECT account_id AS id FROM lane WHERE owner IS NULL AND account_id = ANY($1::uuid[])',
    [ids],
  )
  // Thirty requests read four of them.
  expect(free.length).toBeGreaterThanOrEqual(some.length - 4)

  const closing = some.filter(({ accountId }) => free.some(({ id }) => id === accountId)).slice(0, 3)
  for (const account of closing) await makeOrder(ctx, account, { leg: 'close' })
  const isOver = `SELECT 1 FROM position WHERE symbol = '${OTHER}' AND quantity_base > 0 AND protection = 'PROTECTED'`
  for (const deadline = Date.now() + 30_000; (await ctx.db.query(isOver)).length < some.length; await sleep(20)) {
    if (Date.now() > deadline) throw new Error('not in time')
    await Promise.all([worker.runner.execute(), worker.runner.reconcile()])
  }

  expect(await venue.hits('limit')).toBe(0)
  const ledger = (await venue.ledger()).filter(({ acceptedAt, status }) => acceptedAt >= startedAtMs && status === 'FILLED')
  const closes = ledger.filter(({ reduceOnly }) => reduceOnly)
  const opens = ledger.filter(({ reduceOnly }) => !reduceOnly)
  expect([closes.length, opens.length]).toEqual([closing.length, some.length])
  const lastCloseMs = Math.max(...closes.map(({ acceptedAt }) => acceptedAt))
  expect(opens.filter(({ acceptedAt }) => acceptedAt <= lastCloseMs).length).toBeLessThan(some.length - closing.length)
})
