import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import type { AccountKeys } from './context.ts'
import { createBench } from '@matic/testkit/execution/bench'
import type { Bench, TestWorker } from '@matic/testkit/execution/bench'
import { makeAccount, makeOrder, outcomes, positionOf } from '@matic/testkit/execution/factories'
import type { TestAccount } from '@matic/testkit/execution/factories'
import { createSmallExchange, failure } from '@matic/testkit/execution/small-exchange'

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
  account = await makeAccount(one.ctx.db)
})
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await bench[Symbol.asyncDispose]()
})

const acceptedOf = (clientOrderId: string) => exchange.accepted.filter((order) => order.clientOrderId === clientOrderId).length
const brief = async () => (await outcomes(one.ctx.db, account)).map(({ leg, state, reason }) => [leg, state, reason])

async function until(holds: () => Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify(await outcomes(one.ctx.db, account))}`)
    await one.settle()
    await one.runner.reconcile()
    await one.runner.settled()
    await sleep(20)
  }
}
const stateIs = (id: string, state: string) => async () =>
  (await outcomes(one.ctx.db, account)).find((order) => order.id === id)?.state === state

describe('the way of an order', () => {
  it('fills an open, protects it with stop and target, closes it and removes both', async () => {
    await makeOrder(one.ctx, account, { stopFraction: '0.05', targetFraction: '0.1' })
    await one.settle()
    expect(await positionOf(one.ctx.db, account)).toEqual({
      side: 'LONG',
      quantity: '1',
      protection: 'PROTECTED',
      stop: '95',
      target: '110',
      epoch: 1,
    })
    expect(await outcomes(one.ctx.db, account)).toMatchObject([
      { leg: 'open', state: 'FILLED', attempts: 1, protected: true },
      { leg: 'stop', state: 'ACKED', attempts: 1 },
      { leg: 'target', state: 'ACKED', attempts: 1 },
    ])

    await makeOrder(one.ctx, account, { leg: 'close' })
    await one.settle()
    expect(await positionOf(one.ctx.db, account)).toMatchObject({ quantity: '0', protection: 'NONE', stop: null })
    expect(await brief()).toEqual([
      ['open', 'FILLED', null],
      ['stop', 'CANCELED', 'CANCELED_SIBLING'],
      ['target', 'CANCELED', 'CANCELED_SIBLING'],
      ['close', 'FILLED', null],
    ])
  })

  it('closes once, however often it is asked', async () => {
    await makeOrder(one.ctx, account)
    await one.settle()
    await makeOrder(one.ctx, account, { leg: 'close' })
    await makeOrder(one.ctx, account, { leg: 'close' })
    await one.settle()
    expect(await brief()).toEqual([
      ['open', 'FILLED', null],
      ['close', 'FILLED', null],
      ['close', 'MOOT', 'POSITION_ALREADY_CLOSED'],
    ])
  })

  it('reverses: closes, then opens the other side with its own protection', async () => {
    await makeOrder(one.ctx, account, { stopFraction: '0.05' })
    await one.settle()
    const close = await makeOrder(one.ctx, account, { leg: 'close' })
    await makeOrder(one.ctx, account, { side: 'sell', quantityBase: '2', stopFraction: '0.05', dependsOnId: close })
    await one.settle()
    expect(await positionOf(one.ctx.db, account)).toEqual({
      side: 'SHORT',
      quantity: '2',
      protection: 'PROTECTED',
      stop: '105',
      target: null,
      epoch: 2,
    })
  })

  it('reduces by a fraction of what is really there', async () => {
    await makeOrder(one.ctx, account, { quantityBase: '3', stopFraction: '0.05' })
    await one.settle()
    await makeOrder(one.ctx, account, { leg: 'reduce', reduceFraction: '0.5' })
    await one.settle()
    expect(await positionOf(one.ctx.db, account)).toMatchObject({ quantity: '1.5', protection: 'PROTECTED', stop: '95' })
  })

  it('moves a stop without a moment without one', async () => {
    await makeOrder(one.ctx, account, { stopFraction: '0.05', targetFraction: '0.1' })
    await one.settle()
    const resting = () =>
      exchange.books.get(account.accountId)?.orders.filter((order) => order.type === 'stop-market' && order.status === 'open') ?? []
    const guards: number[] = []
    exchange.beforeCancel = (clientOrderId) => guards.push(resting().filter((order) => order.clientOrderId !== clientOrderId).length)
    await one.ctx.db.query(`UPDATE position SET stop_price = 97, target_price = NULL, protection = 'PROTECTING' WHERE account_id = $1`, [
      account.accountId,
    ])
    await one.settle()
    exchange.beforeCancel = () => undefined

    expect(guards).toHaveLength(3)
    expect(Math.min(...guards)).toBe(1)
    expect(resting()).toMatchObject([{ triggerPrice: '97', closePosition: true }])
    expect(await positionOf(one.ctx.db, account)).toMatchObject({ protection: 'PROTECTED', stop: '97', target: null })
    const [late] = await one.ctx.db.query<{ since: Date | null }>('SELECT unprotected_since AS since FROM position WHERE account_id = $1', [
      account.accountId,
    ])
    expect(late?.since).toBeNull()
  })

  it('takes stop and target away where none is wanted any more', async () => {
    await makeOrder(one.ctx, account, { stopFraction: '0.05', targetFraction: '0.1' })
    await one.settle()
    await one.ctx.db.query(`UPDATE position SET stop_price = NULL, target_price = NULL, protection = 'PROTECTING' WHERE account_id = $1`, [
      account.accountId,
    ])
    await one.settle()
    expect(exchange.books.get(account.accountId)?.orders.filter((order) => order.status === 'open')).toEqual([])
    expect(await positionOf(one.ctx.db, account)).toMatchObject({ quantity: '1', protection: 'NONE', stop: null, target: null })
  })

  it('keeps the stop of a position that grows, unless the new order names another', async () => {
    await makeOrder(one.ctx, account, { stopFraction: '0.05' })
    await one.settle()
    await makeOrder(one.ctx, account, { stopFraction: '0.02' })
    await one.settle()
    expect(await positionOf(one.ctx.db, account)).toMatchObject({ quantity: '2', protection: 'PROTECTED', stop: '95' })
    await makeOrder(one.ctx, account, { stopPrice: '97' })
    await one.settle()
    expect(await positionOf(one.ctx.db, account)).toMatchObject({ quantity: '3', protection: 'PROTECTED', stop: '97' })
    expect((await brief()).filter(([leg]) => leg === 'stop')).toEqual([
      ['stop', 'CANCELED', 'CANCELED_REPLACED'],
      ['stop', 'CANCELED', 'CANCELED_REPLACED'],
      ['stop', 'ACKED', null],
    ])
  })

  it('notices that the target was hit and removes the stop', async () => {
    await makeOrder(one.ctx, account, { stopFraction: '0.05', targetFraction: '0.1' })
    await one.settle()
    exchange.trigger(account.accountId, 'take-profit-market')
    await until(async () => (await positionOf(one.ctx.db, account))?.quantity === '0')
    await one.settle()
    expect(await brief()).toEqual([
      ['open', 'FILLED', null],
      ['stop', 'CANCELED', 'CANCELED_SIBLING'],
      ['target', 'FILLED', null],
    ])
    const trades = await one.ctx.db.query(
      `SELECT side, trim_scale(gross_pnl)::text AS gross, closed_at IS NOT NULL AS closed FROM trade WHERE account_id = $1`,
      [account.accountId],
    )
    expect(trades).toEqual([{ side: 'LONG', gross: '10', closed: true }])
  })

  it('lets a limit order rest, cancels it on request and keeps what it filled', async () => {
    const id = await makeOrder(one.ctx, account, { type: 'limit', price: '90', quantityBase: '2', stopFraction: '0.05' })
    await one.settle()
    exchange.fillPart(account.accountId, '0.5', '90')
    await until(async () => (await positionOf(one.ctx.db, account))?.protection === 'PROTECTED')
    await one.ctx.db.query('UPDATE trade_order SET cancel_requested_at = now() WHERE id = $1', [id])
    await until(stateIs(id, 'CANCELED'))
    expect((await outcomes(one.ctx.db, account))[0]).toMatchObject({ state: 'CANCELED', reason: 'CANCELED_BY_USER', filled: '0.5' })
    expect(await positionOf(one.ctx.db, account)).toMatchObject({ quantity: '0.5', protection: 'PROTECTED', stop: '85.5' })
  })
})

describe('the last look before sending', () => {
  it.each([
    [
      'KILL_SWITCH',
      'BLOCKED',
      (id: TestAccount) => one.ctx.db.query(`INSERT INTO kill_switch (scope, engaged) VALUES ($1, true)`, [id.userId]),
    ],
    [
      'NOT_ENTITLED',
      'BLOCKED',
      (id: TestAccount) => one.ctx.db.query(`UPDATE subscription SET end_date = now() WHERE user_id = $1`, [id.userId]),
    ],
    [
      'KEY_INVALID',
      'BLOCKED',
      (id: TestAccount) => one.ctx.db.query(`UPDATE account SET key_status = 'INVALID' WHERE id = $1`, [id.accountId]),
    ],
    [
      'EXPIRED_TTL',
      'EXPIRED',
      (id: TestAccount) => one.ctx.db.query(`UPDATE trade_order SET expires_at = now() WHERE account_id = $1`, [id.accountId]),
    ],
    [
      'CANCELED_BY_USER',
      'CANCELED',
      (id: TestAccount) => one.ctx.db.query(`UPDATE trade_order SET cancel_requested_at = now() WHERE account_id = $1`, [id.accountId]),
    ],
  ])('%s stops an open', async (reason, state, spoil) => {
    const sentBefore = exchange.accepted.length
    await makeOrder(one.ctx, account)
    await spoil(account)
    await one.settle()
    expect(await brief()).toEqual([['open', state, reason]])
    expect(exchange.accepted).toHaveLength(sentBefore)
  })

  it('closes go on under the kill switch and without a subscription', async () => {
    await makeOrder(one.ctx, account)
    await one.settle()
    await one.ctx.db.query(`INSERT INTO kill_switch (scope, engaged) VALUES ($1, true)`, [account.userId])
    await one.ctx.db.query(`DELETE FROM subscription WHERE user_id = $1`, [account.userId])
    await makeOrder(one.ctx, account, { leg: 'close' })
    await one.settle()
    expect(await positionOf(one.ctx.db, account)).toMatchObject({ quantity: '0' })
  })
})

describe('answers that lie or stay out', () => {
  it('adopts an order whose answer was lost, and never sends it again', async () => {
    exchange.after = async (order) => (order.type === 'market' ? failure('UNKNOWN', 'unknown', 'reset') : undefined)
    const id = await makeOrder(one.ctx, account, { stopFraction: '0.05' })
    await until(stateIs(id, 'FILLED'))
    await until(async () => (await positionOf(one.ctx.db, account))?.protection === 'PROTECTED')
    expect(acceptedOf(one.ctx.clientOrderId(id))).toBe(1)
    expect(await positionOf(one.ctx.db, account)).toMatchObject({ quantity: '1', protection: 'PROTECTED' })
  })

  it('sends again under the same id only after the exchange is proven not to have it', async () => {
    let refusals = 0
    exchange.before = async () => (refusals++ === 0 ? failure('UNKNOWN', 'unknown', 'timeout') : undefined)
    const id = await makeOrder(one.ctx, account)
    const startedMs = Date.now()
    await until(stateIs(id, 'FILLED'))
    expect(Date.now() - startedMs).toBeGreaterThan(one.ctx.timings.notPlacedAfterMs)
    expect((await outcomes(one.ctx.db, account))[0]).toMatchObject({ state: 'FILLED', attempts: 2 })
    expect(acceptedOf(one.ctx.clientOrderId(id))).toBe(1)
  })

  it('sends a full close again without waiting for that proof', async () => {
    await makeOrder(one.ctx, account)
    await one.settle()
    let refusals = 0
    exchange.before = async () => (refusals++ === 0 ? failure('UNKNOWN', 'unknown', 'timeout') : undefined)
    const { timings } = one.ctx
    const { notPlacedAfterMs } = timings
    // Nobody sees that proof while this lasts.
    timings.notPlacedAfterMs = 3_600_000
    onTestFinished(() => void (timings.notPlacedAfterMs = notPlacedAfterMs))
    const id = await makeOrder(one.ctx, account, { leg: 'close' })
    await until(stateIs(id, 'FILLED'))
    expect(await positionOf(one.ctx.db, account)).toMatchObject({ quantity: '0' })
  })

  it('goes on looking when the answer just stays out', async () => {
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    exchange.after = async (order) => {
      if (order.type === 'market') await answered
      return undefined
    }
    const id = await makeOrder(one.ctx, account)
    await until(stateIs(id, 'FILLED'))
    expect(acceptedOf(one.ctx.clientOrderId(id))).toBe(1)
    answer()
  })

  it('tells the owner what the exchange refused, once', async () => {
    exchange.before = async () => ({ ...failure('REJECTED', 'refused', '-2019'), reason: 'REJECTED_MARGIN' })
    await makeOrder(one.ctx, account)
    await one.settle()
    expect(await outcomes(one.ctx.db, account)).toMatchObject([{ state: 'REJECTED', reason: 'REJECTED_MARGIN', attempts: 1 }])
  })

  it('freezes an account whose key is refused and sends nothing more for it', async () => {
    exchange.before = async () => failure('AUTH', 'refused', '-2015')
    await makeOrder(one.ctx, account)
    await makeOrder(one.ctx, account)
    await one.settle()
    expect(await brief()).toEqual([
      ['open', 'REJECTED', 'KEY_INVALID'],
      ['open', 'BLOCKED', 'KEY_INVALID'],
    ])
    const facts = await one.ctx.db.query(`SELECT 1 FROM fact WHERE user_id = $1 AND kind = 'account-changed'`, [account.userId])
    expect(facts).toHaveLength(1)
  })

  it('closes at once when the stop would trigger at once', async () => {
    exchange.before = async (order) =>
      order.type === 'stop-market' ? { ...failure('REJECTED', 'refused', '-2021'), reason: 'REJECTED_WOULD_TRIGGER' } : undefined
    await makeOrder(one.ctx, account, { stopFraction: '0.05' })
    await until(async () => (await positionOf(one.ctx.db, account))?.quantity === '0')
    expect(await brief()).toEqual([
      ['open', 'FILLED', null],
      ['stop', 'REJECTED', 'REJECTED_WOULD_TRIGGER'],
      ['emergency', 'FILLED', 'STOP_IMPOSSIBLE_CLOSED'],
    ])
  })

  it('closes a position that stays without its stop for too long', async () => {
    exchange.before = async (order) => (order.type === 'stop-market' ? failure('OVERLOAD', 'refused', '-1008') : undefined)
    await makeOrder(one.ctx, account, { stopFraction: '0.05' })
    await until(async () => (await positionOf(one.ctx.db, account))?.quantity === '0')
    expect((await brief()).filter(([leg]) => leg === 'emergency')).toEqual([['emergency', 'FILLED', 'PROTECTION_LATE_CLOSED']])
  })

  it('reads the position again when a close is called moot, and closes what is there', async () => {
    await makeOrder(one.ctx, account)
    await one.settle()
    let refusals = 0
    exchange.before = async () => (refusals++ === 0 ? failure('MOOT', 'refused', '-2022') : undefined)
    const id = await makeOrder(one.ctx, account, { leg: 'close' })
    await until(stateIs(id, 'FILLED'))
    expect(await positionOf(one.ctx.db, account)).toMatchObject({ quantity: '0' })
  })
})

describe('several workers', () => {
  it('carry out 200 orders on 5 accounts, each once and never two of an account at a time', async () => {
    const other = await bench.worker()
    const accounts = await Promise.all(Array.from({ length: 5 }, () => makeAccount(one.ctx.db)))
    const inFlight = new Map<string, number>()
    let overlaps = 0
    exchange.before = async (_order, accountId) => {
      const others = inFlight.get(accountId) ?? 0
      if (others > 0) overlaps += 1
      inFlight.set(accountId, others + 1)
      await sleep(1)
      inFlight.set(accountId, others)
      return undefined
    }
    const ids = await Promise.all(
      accounts.flatMap((each) => Array.from({ length: 40 }, () => makeOrder(one.ctx, each, { quantityBase: '0.01' }))),
    )
    const left = async () =>
      (await one.ctx.db.query(`SELECT 1 FROM trade_order WHERE id = ANY($1::uuid[]) AND state <> 'FILLED'`, [ids])).length
    while ((await left()) > 0) await Promise.all([one.settle(), other.settle()])
    expect(overlaps).toBe(0)
    expect(new Set(ids.map((id) => acceptedOf(one.ctx.clientOrderId(id))))).toEqual(new Set([1]))
    const positions = await Promise.all(accounts.map((each) => positionOf(one.ctx.db, each)))
    expect(positions.map((position) => position?.quantity)).toEqual(Array.from({ length: 5 }, () => '0.4'))
    await other[Symbol.asyncDispose]()
  })

  it('take over the lanes of one whose session ended', async () => {
    const other = await bench.worker()
    await one.ctx.db.query(`UPDATE lane SET owner = $2, fence = fence + 1, lease_until = now() + interval '1 hour' WHERE account_id = $1`, [
      account.accountId,
      other.worker.current()?.id,
    ])
    await makeOrder(one.ctx, account)
    await one.settle()
    expect(await brief()).toEqual([['open', 'READY', null]])
    await other[Symbol.asyncDispose]()
    await until(async () => (await brief())[0]?.[1] === 'FILLED')
  })
})
