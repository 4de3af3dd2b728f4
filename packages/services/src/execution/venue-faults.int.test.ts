import { setTimeout as sleep } from 'node:timers/promises'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createBench } from '@matic/testkit/execution/bench'
import type { Bench, TestWorker } from '@matic/testkit/execution/bench'
import { makeOrder, outcomes, positionOf, SYMBOL } from '@matic/testkit/execution/factories'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { openPaperAccount, throughVenue } from '@matic/testkit/execution/paper'
import { startVenue } from '@matic/testkit/execution/venue'
import type { TestVenue } from '@matic/testkit/execution/venue'

const scale = 0.2
let venue: TestVenue
let bench: Bench
let one: TestWorker
let account: TestAccount

beforeAll(async () => {
  venue = await startVenue()
  bench = await createBench({ ...throughVenue(venue.url), scale })
  one = await bench.worker()
})
beforeEach(async () => {
  await venue.faults({ rules: [] })
  account = await openPaperAccount(one.ctx, venue.bank)
})
afterAll(async () => {
  await one?.[Symbol.asyncDispose]()
  await bench?.[Symbol.asyncDispose]()
  await venue?.[Symbol.asyncDispose]()
})

const open = (quantityBase = '0.01') => makeOrder(one.ctx, account, { quantityBase, stopFraction: '0.2', targetFraction: '0.4' })
const position = () => positionOf(one.ctx.db, account)
const orders = () => outcomes(one.ctx.db, account)
const acceptedBy = async () => (await venue.ledger()).filter((order) => order.ref === account.accountId)
const heldAtVenue = async () =>
  new Decimal((await venue.positions()).find((each) => each.ref === account.accountId)?.positionAmt ?? 0).toNumber()

async function until(holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline)
      throw new Error(`not in time: ${JSON.stringify([await orders(), await position(), await acceptedBy()], null, 1)}`)
    await one.settle()
    await one.runner.reconcile()
    await one.runner.settled()
    await sleep(20)
  }
}
const isProtected = async () => (await position())?.protection === 'PROTECTED'
const isFlat = async () => (await position())?.quantity === '0' && (await orders()).every((order) => order.state !== 'ACKED')
const noneTwice = async () => {
  const ids = (await acceptedBy()).map((order) => order.clientOrderId)
  expect(ids).toHaveLength(new Set(ids).size)
}

it('opens a paper account, trades, and books fills, trade, balance and ledger', async () => {
  await open()
  await until(isProtected)
  expect(await heldAtVenue()).toBe(0.01)
  await makeOrder(one.ctx, account, { leg: 'close' })
  await until(isFlat)
  await until(
    async () =>
      (await one.ctx.db.query('SELECT 1 FROM trade WHERE account_id = $1 AND closed_at IS NOT NULL', [account.accountId])).length === 1,
  )
  const fills = await one.ctx.db.query<{ own: boolean }>('SELECT order_id IS NOT NULL AS own FROM fill WHERE account_id = $1', [
    account.accountId,
  ])
  expect(fills).toEqual([{ own: true }, { own: true }])
  const [state] = await one.ctx.db.query<{ wallet: string; deposits: string; ledger: string }>(
    `SELECT wallet_balance AS wallet, net_deposits AS deposits, (SELECT sum(amount) FROM ledger_entry WHERE account_id = $1) AS ledger FROM account_state WHERE account_id = $1`,
    [account.accountId],
  )
  expect(Number(state?.deposits)).toBe(10_000)
  expect(new Decimal(state?.ledger ?? 0).toFixed(8)).toBe(new Decimal(state?.wallet ?? 0).toFixed(8))
  expect(await heldAtVenue()).toBe(0)
})

describe('faults at the venue', () => {
  const onOrders = (action: object, more: object = {}) =>
    venue.faults({
      rules: [
        { name: 'fault', method: 'POST', path: '^/fapi/v1/(order|algoOrder)$', ref: account.accountId, probability: 1, action, ...more },
      ],
    })

  it.each([
    ['the answer of every order is lost', { kind: 'accept-then-drop' }, {}],
    ['the first request never arrives', { kind: 'drop-before' }, { times: 1 }],
    ['orders are accepted late', { kind: 'late-accept', delayMs: 300 }, {}],
    ['lookups lag behind', { kind: 'lagging-lookups', ms: 900 }, {}],
    ['fills come in parts', { kind: 'partial-fills', parts: 3, spacingMs: 100 }, {}],
    ['answers are rubbish', { kind: 'status', status: 502, rubbish: true }, { times: 2 }],
    ['the exchange is overloaded', { kind: 'status', status: 503, code: -1008, msg: 'Server is currently overloaded' }, { times: 2 }],
    ['answers are slow', { kind: 'delay', minMs: 300, maxMs: 500, when: 'answer' }, {}],
  ])('%s: still one order, protected, and closed when asked', async (_name, action, more) => {
    await onOrders(action, more)
    await open()
    await until(async () => (await isProtected()) && (await heldAtVenue()) > 0)
    await until(async () => (await heldAtVenue()) === 0.01)
    await noneTwice()
    await makeOrder(one.ctx, account, { leg: 'close' })
    await until(isFlat)
    await until(async () => (await heldAtVenue()) === 0)
    expect((await acceptedBy()).filter((order) => order.status === 'NEW')).toEqual([])
  })
})

it('refuses what a worker sends that was stopped for too long', async () => {
  const port = one.ctx.exchanges.get('PAPER')
  const handle = await one.ctx.keys.open(account.accountId)
  if (!port || !handle) throw new Error('no way to the venue')
  const sent = await port.createOrder(
    handle,
    {
      clientOrderId: one.ctx.clientOrderId('late'),
      symbol: SYMBOL,
      side: 'buy',
      positionSide: 'BOTH',
      type: 'market',
      quantityBase: '0.01',
      price: null,
      triggerPrice: null,
      reduceOnly: false,
      closePosition: false,
    },
    { timestampMs: Date.now() - one.ctx.timings.leaseMs, recvWindowMs: one.ctx.timings.recvWindowMs },
  )
  expect(sent).toMatchObject({ ok: false, failure: { verdict: 'CLOCK', execution: 'refused' } })
})
