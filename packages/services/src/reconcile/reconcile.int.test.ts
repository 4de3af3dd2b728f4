import { setTimeout as sleep } from 'node:timers/promises'
import { createBench } from '@matic/testkit/execution/bench'
import type { Bench, TestWorker } from '@matic/testkit/execution/bench'
import { makeAccount, makeOrder, outcomes, positionOf } from '@matic/testkit/execution/factories'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { createSmallExchange, failure } from '@matic/testkit/execution/small-exchange'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { AccountKeys } from '../execution/context.ts'

const keys: AccountKeys = {
  open: async (accountId) => ({ accountId, credentials: { apiKey: 'k', secret: 's' }, positionMode: 'ONE_WAY' }),
  forget: () => undefined,
}
const exchange = createSmallExchange()
let bench: Bench
let one: TestWorker
let account: TestAccount

beforeAll(async () => {
  bench = await createBench({ port: () => exchange, keys: () => keys })
  one = await bench.worker()
})
beforeEach(async () => {
  exchange.before = async () => undefined
  exchange.after = async () => undefined
  exchange.listLagMs = 0
  account = await makeAccount(one.ctx.db)
})
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await bench[Symbol.asyncDispose]()
})

const position = () => positionOf(one.ctx.db, account)
const brief = async () => (await outcomes(one.ctx.db, account)).map(({ leg, state, reason }) => [leg, state, reason])
const byHand = () => exchange.byHand(account.accountId)
const held = () => exchange.books.get(account.accountId)?.position.quantityBase.toNumber()

/** One whole reading of the account and whatever follows from it. */
async function reconcile(): Promise<void> {
  await one.ctx.db.query(`UPDATE lane SET reconcile_at = 'epoch' WHERE account_id = $1`, [account.accountId])
  await one.runner.reconcile()
  await one.runner.settled()
  await one.settle()
}
async function openProtected(): Promise<void> {
  await makeOrder(one.ctx, account, { stopFraction: '0.05', targetFraction: '0.1' })
  await one.settle()
}

it('notices a position closed by hand and removes its stop and target', async () => {
  await openProtected()
  byHand().trade('sell', '1')
  await reconcile()
  expect(await position()).toMatchObject({ quantity: '0' })
  expect((await brief()).slice(1)).toEqual([
    ['stop', 'CANCELED', 'CANCELED_SIBLING'],
    ['target', 'CANCELED', 'CANCELED_SIBLING'],
  ])
})

it('puts back a stop that was taken away, some times, and then respects it', async () => {
  await openProtected()
  for (let round = 0; round < 3; round += 1) {
    byHand().cancel('stop-market')
    await reconcile()
    expect(await position()).toMatchObject({ protection: 'PROTECTED', stop: '95' })
  }
  byHand().cancel('stop-market')
  await reconcile()
  expect(await position()).toMatchObject({ quantity: '1', protection: 'NONE', stop: null })
})

it('takes off orders of ours that nobody knows, and leaves those of others', async () => {
  await openProtected()
  byHand().rest('m0123456789abcdefghijklmno')
  byHand().rest('by-the-owner-himself')
  await reconcile()
  const resting = exchange.books.get(account.accountId)?.orders.filter((order) => order.type === 'limit') ?? []
  expect(resting.map((order) => [order.clientOrderId, order.status])).toEqual([
    ['m0123456789abcdefghijklmno', 'canceled'],
    ['by-the-owner-himself', 'open'],
  ])
})

it('never takes a late list of positions for the truth', async () => {
  exchange.listLagMs = 400
  await openProtected()
  await reconcile()
  expect(await position()).toMatchObject({ quantity: '1', protection: 'PROTECTED' })
  await makeOrder(one.ctx, account, { leg: 'close' })
  await one.settle()
  await reconcile()
  expect(await position()).toMatchObject({ quantity: '0' })
  expect(held()).toBe(0)
  await sleep(500)
  await reconcile()
  expect(await position()).toMatchObject({ quantity: '0' })
})

it('goes on closing what turns out to be left', async () => {
  await openProtected()
  const close = await makeOrder(one.ctx, account, { leg: 'close' })
  exchange.before = async (order) => {
    if (order.reduceOnly) byHand().trade('buy', '0.5')
    exchange.before = async () => undefined
    return undefined
  }
  await one.settle()
  for (let round = 0; round < 3; round += 1) await reconcile()
  expect(held()).toBe(0)
  const closes = (await outcomes(one.ctx.db, account)).filter((order) => order.leg === 'close')
  expect(closes).toMatchObject([
    { id: close, state: 'FILLED', filled: '1', revision: 1 },
    { state: 'FILLED', filled: '0.5', revision: 2 },
  ])
})

it('protects a position whose worker died before it could say so', async () => {
  await makeOrder(one.ctx, account, { stopFraction: '0.05' })
  await one.settle()
  await one.ctx.db.query(`DELETE FROM trade_order WHERE account_id = $1 AND leg = 'stop'`, [account.accountId])
  await one.ctx.db.query(`UPDATE trade_order SET protected_at = NULL WHERE account_id = $1`, [account.accountId])
  await one.ctx.db.query(`UPDATE position SET protection = 'NONE', stop_price = NULL, unprotected_since = NULL WHERE account_id = $1`, [
    account.accountId,
  ])
  byHand().cancel('stop-market')
  await reconcile()
  expect(await position()).toMatchObject({ protection: 'PROTECTED', stop: '95' })
})

it('books trades, and the money of funding and liquidation with them', async () => {
  await openProtected()
  const nowMs = Date.now()
  exchange.fetchIncome = async () => ({
    ok: true,
    value: [
      { venueId: '1', type: 'TRANSFER', amount: '10000', currency: 'USDT', symbol: null, atMs: nowMs - 60_000 },
      { venueId: '2', type: 'FUNDING_FEE', amount: '-0.25', currency: 'USDT', symbol: 'BTC/USDT:USDT', atMs: nowMs },
      { venueId: '3', type: 'INSURANCE_CLEAR', amount: '-1', currency: 'USDT', symbol: 'BTC/USDT:USDT', atMs: nowMs },
    ],
  })
  await sleep(5)
  exchange.price = exchange.price.mul('0.5')
  byHand().trade('sell', '1')
  exchange.price = exchange.price.mul(2)
  await reconcile()
  await reconcile()
  const trades = await one.ctx.db.query(
    `SELECT side, trim_scale(gross_pnl)::text AS gross, trim_scale(fees)::text AS fees, trim_scale(funding)::text AS funding, is_liquidation AS liquidated, closed_at IS NOT NULL AS closed
       FROM trade WHERE account_id = $1`,
    [account.accountId],
  )
  expect(trades).toEqual([{ side: 'LONG', gross: '-50', fees: '0.075', funding: '-0.25', liquidated: true, closed: true }])
  expect(
    await one.ctx.db.query(`SELECT trim_scale(net_deposits)::text AS deposits FROM account_state WHERE account_id = $1`, [
      account.accountId,
    ]),
  ).toEqual([{ deposits: '10000' }])
  exchange.fetchIncome = async () => ({ ok: true, value: [] })
})

it('freezes an account whose key is refused while reading', async () => {
  await openProtected()
  const read = exchange.fetchBalance
  exchange.fetchBalance = async () => ({ ok: false, failure: failure('AUTH', 'refused', '-2015') })
  await reconcile()
  exchange.fetchBalance = read
  expect(await one.ctx.db.query('SELECT key_status AS status FROM account WHERE id = $1', [account.accountId])).toEqual([
    { status: 'INVALID' },
  ])
})

it('asks an account that is calm one thing, and reads it whole as soon as that says anything new', async () => {
  const asked: string[] = []
  const { lookIn, fetchOpenOrders } = exchange
  const note = (what: string, { accountId }: { accountId: string }) => void (accountId === account.accountId && asked.push(what))
  exchange.lookIn = (handle) => (note('look', handle), lookIn(handle))
  exchange.fetchOpenOrders = (handle, symbol) => (note('whole', handle), fetchOpenOrders(handle, symbol))
  const look = async () => {
    asked.length = 0
    const before = await syncedAt()
    await one.ctx.db.query('UPDATE lane SET reconcile_at = clock_timestamp() WHERE account_id = $1', [account.accountId])
    const wasRead = async () => {
      await one.runner.reconcile()
      await one.runner.settled()
      return (await syncedAt()) > before
    }
    await expect.poll(wasRead).toBe(true)
    return asked
  }
  await reconcile()
  expect(await look()).toEqual(['look'])
  expect(await look()).toEqual(['look'])

  exchange.lookIn = async () => ({ ok: true, value: { balance: { ...balance, walletBalance: '9999.99' }, isFlat: true } })
  expect(await look()).toEqual(['whole'])
  exchange.lookIn = (handle) => (note('look', handle), lookIn(handle))
  expect(await look()).toEqual(['look'])

  await openProtected()
  expect(await look()).toEqual(['whole'])
  byHand().trade('sell', '1')
  while (!(await isCalm())) await reconcile()
  expect(await look()).toEqual(['look'])
  byHand().trade('buy', '2')
  expect(await look()).toEqual(['look', 'whole'])
  expect(await position()).toMatchObject({ quantity: '2' })
  Object.assign(exchange, { lookIn, fetchOpenOrders })
})

it('asks what holds something for its positions alone, notes their marks, and reads it whole as soon as they say anything new', async () => {
  await openProtected()
  await reconcile()
  const { fetchPositions, fetchOpenOrders, price } = exchange
  const asked: string[] = []
  const note = (what: string, { accountId }: { accountId: string }) => void (accountId === account.accountId && asked.push(what))
  exchange.fetchPositions = (handle) => (note('positions', handle), fetchPositions(handle))
  exchange.fetchOpenOrders = (handle, symbol) => (note('orders', handle), fetchOpenOrders(handle, symbol))
  const readAgain = async (readWhole: string) => {
    asked.length = 0
    await one.ctx.db.query(`UPDATE account_state SET synced_at = clock_timestamp() - $2::interval WHERE account_id = $1`, [
      account.accountId,
      readWhole,
    ])
    await one.ctx.db.query('UPDATE lane SET reconcile_at = clock_timestamp() WHERE account_id = $1', [account.accountId])
    await one.runner.reconcile()
    await one.runner.settled()
    const [lane] = await one.ctx.db.query<{ owner: string | null; dueInMs: number }>(
      `SELECT owner, (extract(epoch FROM reconcile_at - clock_timestamp()) * 1000)::float8 AS "dueInMs" FROM lane WHERE account_id = $1`,
      [account.accountId],
    )
    return { asked: [...asked], ...lane, soon: (lane?.dueInMs ?? Infinity) <= one.ctx.timings.reconcileBusyMs }
  }
  const [before] = await marks()
  exchange.price = price.mul('1.01')
  expect(await readAgain('0 s')).toMatchObject({ asked: ['positions'], owner: null, soon: true })
  const [after] = await marks()
  expect(after).toMatchObject({ mark: price.mul('1.01').toFixed(), stop: before?.stop, quantity: '1' })
  expect(after?.at.getTime()).toBeGreaterThan(before?.at.getTime() ?? Infinity)
  expect((await readAgain('1 minute')).asked).toEqual(['positions', 'orders'])

  exchange.price = price
  byHand().trade('sell', '0.4')
  expect((await readAgain('0 s')).asked).toEqual(['positions', 'positions', 'orders'])
  expect(await position()).toMatchObject({ quantity: '0.6' })
  Object.assign(exchange, { fetchPositions, fetchOpenOrders })
})

const marks = () =>
  one.ctx.db.query<{ mark: string; stop: string; quantity: string; at: Date }>(
    `SELECT trim_scale(mark_price)::text AS mark, stop_price AS stop, trim_scale(quantity_base)::text AS quantity, synced_at AS at FROM position WHERE account_id = $1`,
    [account.accountId],
  )

const balance = { walletBalance: '10000', available: '10000', unrealizedPnl: '0', equity: '10000', marginUsed: '0' }

async function isCalm(): Promise<boolean> {
  const [row] = await one.ctx.db.query<{ calm: boolean }>('SELECT is_calm AS calm FROM lane WHERE account_id = $1', [account.accountId])
  return row?.calm === true
}

async function syncedAt(): Promise<Date> {
  const [row] = await one.ctx.db.query<{ at: Date }>('SELECT synced_at AS at FROM account_state WHERE account_id = $1', [account.accountId])
  return row?.at ?? new Date(0)
}
