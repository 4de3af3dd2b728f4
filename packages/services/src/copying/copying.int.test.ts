import { FollowSettings, type FollowSettingsInput } from '@matic/contracts'
import { followStrategy, offerStrategy, type TestStrategy } from '@matic/testkit/dispatch/copying'
import { createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dispatchSignals } from '../dispatch/index.ts'
import { getCopyability } from './get-copyability.ts'
import { getExample } from './get-example.ts'
import { previewCopies } from './preview-copies.ts'

const buy = { action: 'buy', symbol: 'BTCUSDT', quantity: '0.02' }
const half = { sizing: { mode: 'ratio', ratio: '0.5' } } as const
const equityToEquity = { sizing: { mode: 'equity-to-equity', multiplier: '1' } } as const
let desk: Desk
let leader: Person
let strategy: TestStrategy

beforeAll(async () => {
  desk = await createDesk()
})
beforeEach(async () => {
  await desk.tidy()
  leader = await desk.makePerson()
  strategy = await offerStrategy(desk, leader)
})
afterAll(() => desk.drop())

interface PreviewOptions {
  readonly body?: string
  readonly page?: number
  readonly limit?: number
  readonly outcome?: 'ORDERS' | 'BLOCKED'
  readonly userId?: string
}
const preview = ({ body = JSON.stringify(buy), page = 1, limit = 50, outcome, userId = leader.userId }: PreviewOptions = {}) =>
  previewCopies({ ctx: desk.ctx, input: { userId, strategyId: strategy.id, body, page, limit, outcome } })

const example = (person: Person, settings: FollowSettingsInput, more: Partial<Parameters<typeof getExample>[0]['input']> = {}) =>
  getExample({
    ctx: desk.ctx,
    input: {
      userId: person.userId,
      accountId: person.accountId,
      strategyId: strategy.id,
      settings: FollowSettings.parse(settings),
      inviteCode: undefined,
      alert: undefined,
      ...more,
    },
  })

const copyable = (person: Person, settings: FollowSettingsInput, given: { accountId?: string; equity?: string }) =>
  getCopyability({
    ctx: desk.ctx,
    input: {
      userId: person.userId,
      strategyId: strategy.id,
      accountId: given.accountId,
      equity: given.equity,
      settings: FollowSettings.parse(settings),
      inviteCode: undefined,
    },
  })

/** How many rows anything has written; statistics of one's own connection come late. */
async function written(): Promise<unknown> {
  return desk.db.query(
    `SELECT (SELECT count(*) FROM signal) AS signals, (SELECT count(*) FROM decision) AS decisions, (SELECT count(*) FROM trade_order) AS orders,
            (SELECT count(*) FROM copy_basis) AS bases, (SELECT count(*) FROM fact) AS facts, (SELECT count(*) FROM signal_chain) AS chains`,
  )
}

const setEquity = (person: Person, equity: string) =>
  desk.db.query('UPDATE account_state SET equity = $2, available = $2 WHERE account_id = $1', [person.accountId, equity])

/** One opening after the other, each closed again. */
async function openings(...quantities: readonly string[]): Promise<void> {
  for (const quantity of quantities) {
    await desk.send(leader, { action: 'buy', symbol: 'BTCUSDT', quantity })
    await desk.send(leader, { action: 'close', symbol: 'BTCUSDT' })
  }
  await dispatchSignals({ ctx: desk.ctx })
}

describe('a preview', () => {
  it('shows every follower by handle alone, with the size after each rule, and writes nothing', async () => {
    const [small, broke] = [await desk.makePerson(), await desk.makePerson()]
    const { followId } = await followStrategy(desk, strategy, small, { ...half, maxOrderQuote: '410', leverage: 4 })
    await followStrategy(desk, strategy, broke, half)
    await setEquity(broke, '1')
    const before = await written()
    const { preview: shown, total } = await preview()
    expect(await written()).toEqual(before)
    expect(total).toBe(2)
    expect(shown.totals).toEqual({
      followers: 2,
      copied: 1,
      orders: 1,
      notionalQuote: '400',
      marginQuote: '100',
      reasons: [{ reason: 'INSUFFICIENT_MARGIN', count: 1 }],
    })
    const row = shown.rows.find(({ plan }) => plan.outcome === 'ORDERS')
    expect(row).toMatchObject({
      handle: `Follower ${followId.slice(-6).toUpperCase()}`,
      state: 'ACTIVE',
      plan: {
        intent: 'open',
        symbol: 'BTC/USDT:USDT',
        price: '50000',
        quantityBase: '0.008',
        marginQuote: '100',
        leverage: 4,
        feeQuote: '0.2',
      },
    })
    // 0.02 of the leader, half of it, as much as 410 buy, a whole step of it.
    expect(row?.plan.steps).toEqual([
      { rule: 'leader', quantityBase: '0.02', notionalQuote: '1000' },
      { rule: 'sizing', quantityBase: '0.01', notionalQuote: '500' },
      { rule: 'capped', quantityBase: '0.0082', notionalQuote: '410' },
      { rule: 'step', quantityBase: '0.008', notionalQuote: '400' },
    ])
    const refused = shown.rows.find(({ plan }) => plan.outcome === 'BLOCKED')?.plan
    expect(refused?.reasonText).toBe('The margin that the order needs is not available.')
    expect(Object.keys({ ...row?.plan.numbers, ...refused?.numbers }).filter((name) => /equity|available|limit/i.test(name))).toEqual([])
    const text = JSON.stringify(shown)
    for (const person of [small, broke]) for (const id of [person.userId, person.accountId]) expect(text).not.toContain(id)
  })

  it('comes in pages, with totals of all', async () => {
    const people = await Promise.all(Array.from({ length: 5 }, () => desk.makePerson()))
    for (const [index, person] of people.entries()) {
      await followStrategy(desk, strategy, person, index === 0 ? { ...half, blockedSymbols: ['BTCUSDT'] } : half)
    }
    const [first, last] = [await preview({ limit: 3 }), await preview({ limit: 3, page: 2 })]
    expect([first.preview.rows.length, last.preview.rows.length, first.preview.totals?.followers, last.preview.totals, last.total]).toEqual(
      [3, 2, 5, null, 5],
    )
    expect(new Set([...first.preview.rows, ...last.preview.rows].map(({ handle }) => handle)).size).toBe(5)
    expect(await preview({ outcome: 'BLOCKED' })).toMatchObject({
      total: 1,
      preview: { rows: [{ plan: { reason: 'SYMBOL_BLACKLISTED' } }], totals: { followers: 5, copied: 4 } },
    })
  })

  it('holds up nobody who decides meanwhile', async () => {
    await followStrategy(desk, strategy, await desk.makePerson(), half)
    await desk.db.transaction(async (tx) => {
      // As a dispatcher does that is at work on the same accounts.
      await tx.query(
        `SELECT pg_advisory_xact_lock(7302, hashtext(account_id::text)), pg_advisory_xact_lock(7301, hashtext($1)) FROM route`,
        [leader.webhookId],
      )
      expect((await preview()).total).toBe(1)
    })
  })

  it('is for the leader alone, and says what it cannot read', async () => {
    await expect(preview({ userId: (await desk.makePerson()).userId })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await preview({ body: '{"action":' })).preview).toMatchObject({ alert: null, rows: [], totals: { followers: 0 } })
    expect((await preview({ body: '{"action":' })).preview.problem?.message).toBeTypeOf('string')
  })
})

describe('a worked example', () => {
  it('of an opening that is asked for is what a follow would make of it then', async () => {
    const person = await desk.makePerson()
    const settings = { ...equityToEquity, leverage: 5 } as const
    await setEquity(person, '3456')
    const asked = await example(person, settings, { alert: { symbol: 'BTCUSDT', side: 'sell', quantity: '0.1' } })
    // 3,456 of 10,000 of 0.1 base: 0.03456, on the step 0.034, at 50,000 worth 1,700, at 5x 340; the fee is 0.05 %. Own rules: stop 5 %.
    expect(asked).toMatchObject({
      origin: 'given',
      leader: { symbol: 'BTC/USDT:USDT', side: 'sell', quantityBase: '0.1', notionalQuote: '5000', equityQuote: '10000', at: null },
      plan: { outcome: 'ORDERS', quantityBase: '0.034', notionalQuote: '1700', marginQuote: '340', leverage: 5, feeQuote: '0.85' },
    })
    await followStrategy(desk, strategy, person, settings)
    const signal = await desk.send(leader, { action: 'sell', symbol: 'BTCUSDT', quantity: '0.1' })
    await dispatchSignals({ ctx: desk.ctx })
    const [decided] = await desk.db.query<{ numbers: unknown }>('SELECT numbers FROM decision WHERE signal_id = $1 AND account_id = $2', [
      signal,
      person.accountId,
    ])
    expect(decided?.numbers).toEqual(asked.plan.numbers)
  })

  it('is made up while the leader has opened nothing, and is their last opening from then on, at today’s price', async () => {
    const person = await desk.makePerson()
    expect(await example(person, half)).toMatchObject({
      origin: 'made-up',
      leader: { symbol: 'BTC/USDT:USDT', side: 'buy', quantityBase: '0.02', notionalQuote: '1000' },
      plan: { quantityBase: '0.01' },
    })
    await desk.send(leader, { action: 'sell', symbol: 'ETHUSDT', quantity: '0.8', price: '2500', stopLoss: '2600', takeProfit: '2250' })
    await dispatchSignals({ ctx: desk.ctx })
    await desk.db.query(`UPDATE market SET mark_price = 5000 WHERE base = 'ETH'`)
    const last = await example(person, half)
    await desk.db.query(`UPDATE market SET mark_price = 2500 WHERE base = 'ETH'`)
    expect(last).toMatchObject({
      origin: 'last',
      leader: { symbol: 'ETH/USDT:USDT', side: 'sell', quantityBase: '0.8', notionalQuote: '4000' },
      plan: { outcome: 'ORDERS', intent: 'open', price: '5000', quantityBase: '0.4', stopPrice: '5200', targetPrice: '4500' },
    })
    expect(last.leader.at).not.toBeNull()
  })

  it('says why nothing would be copied, with the numbers', async () => {
    const person = await desk.makePerson()
    await desk.hold(person, { routeId: person.manualRouteId })
    expect((await example(person, half)).plan).toMatchObject({ outcome: 'BLOCKED', reason: 'SYMBOL_OWNED', orders: [], quantityBase: null })
    await setEquity(person, '0')
    const alert = { symbol: 'ETHUSDT', side: 'buy', quantity: '1' } as const
    expect((await example(person, half, { alert })).plan).toMatchObject({
      reason: 'INSUFFICIENT_MARGIN',
      numbers: { availableQuote: '0', notionalQuote: '1250' },
    })
  })

  it('while one follows is about that follow, under the settings that are being thought of', async () => {
    const person = await desk.makePerson()
    const { routeId } = await followStrategy(desk, strategy, person, half)
    await desk.hold(person, { routeId, quantity: '0.01' })
    const alert = { symbol: 'BTCUSDT', side: 'buy', quantity: '0.02' } as const
    expect((await example(person, half, { alert })).plan).toMatchObject({ outcome: 'SKIPPED', reason: 'ALREADY_AT_TARGET' })
    const eth = { symbol: 'ETHUSDT', side: 'buy', quantity: '1' } as const
    expect((await example(person, { ...half, maxPositions: 1 }, { alert: eth })).plan).toMatchObject({ reason: 'MAX_POSITIONS' })
  })

  it('is only of an account of one’s own, and of a strategy that one may see', async () => {
    const [person, other] = [await desk.makePerson(), await desk.makePerson()]
    await expect(example(person, half, { accountId: other.accountId })).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' })
    await expect(copyable(person, half, { accountId: other.accountId })).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' })
    await desk.db.query(`UPDATE strategy SET visibility = 'PRIVATE' WHERE id = $1`, [strategy.id])
    await expect(example(person, half)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(copyable(person, half, { equity: '1000' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await desk.db.query(`UPDATE strategy SET visibility = 'PUBLIC', source_id = NULL, source_kind = NULL WHERE id = $1`, [strategy.id])
    await expect(example(person, half)).rejects.toMatchObject({ code: 'FOLLOW_REFUSED', details: { reason: 'NOT_OFFERED' } })
  })
})

describe('copyability', () => {
  it('sizes what the leader opened by their equity and the price as they were', async () => {
    const person = await desk.makePerson()
    await openings('0.02', '0.04', '0.2')
    // Nobody followed, so the equity is that of the last snapshot before: twice what the leader has now.
    await desk.db.query(
      `INSERT INTO equity_snapshot (account_id, user_id, at, equity, wallet_balance, net_deposits) VALUES ($1, $2, now() - interval '1 hour', 20000, 0, 0)`,
      [leader.accountId, leader.userId],
    )
    // At 800 of 20,000: 0.0008, 0.0016 and 0.008; the market takes steps of 0.001, worth 100 and more at 50,000.
    const found = await copyable(person, equityToEquity, { equity: '800' })
    expect(found).toMatchObject({
      equityQuote: '800',
      total: 3,
      copyable: 1,
      byReason: [
        { reason: 'BELOW_MINIMUM', count: 1 },
        { reason: 'SIZE_ZERO', count: 1 },
      ],
      atMost: 3,
      // 0.02 of 20,000 becomes two steps from a tenth of it on.
      minimumBalanceQuote: '2000',
      sharePercent: 95,
      example: { side: 'buy', leaderQuantityBase: '0.2', plan: { quantityBase: '0.008', notionalQuote: '400' } },
    })
    expect(await copyable(person, equityToEquity, { equity: '2000' })).toMatchObject({ copyable: 3, byReason: [] })
    // The price has doubled since; theirs counts.
    await desk.db.query(`UPDATE market SET mark_price = 100000 WHERE base = 'BTC'`)
    expect(await copyable(person, equityToEquity, { equity: '800' })).toEqual(found)
    await desk.db.query(`UPDATE market SET mark_price = 50000 WHERE base = 'BTC'`)
  })

  it('where somebody followed goes by what they were decided by', async () => {
    const person = await desk.makePerson()
    await followStrategy(desk, strategy, await desk.makePerson(), half)
    await openings('0.02')
    await setEquity(leader, '99999')
    expect(await copyable(person, equityToEquity, { equity: '1000' })).toMatchObject({ total: 1, copyable: 1, minimumBalanceQuote: '1000' })
  })

  it('of an account goes by its equity and its rules, and leaves out closes, parts, tests and what was added', async () => {
    const person = await desk.makePerson()
    await setEquity(person, '4000')
    await desk.hold(leader, { quantity: '0.1' })
    await desk.send(leader, { action: 'buy', symbol: 'BTCUSDT', quantity: '0.05' })
    await desk.send(leader, { action: 'buy', symbol: 'ETHUSDT', quantity: '4' }, { source: 'TEST' })
    await desk.send(leader, { action: 'sell', symbol: 'ETHUSDT', quantity: '2' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await copyable(person, half, { accountId: person.accountId })).toMatchObject({ equityQuote: '4000', total: 1, copyable: 1 })
    await desk.db.query(`INSERT INTO account_rules (account_id, user_id, overrides) VALUES ($1, $2, '{"maxNotional": "1000"}')`, [
      person.accountId,
      person.userId,
    ])
    expect(await copyable(person, half, { accountId: person.accountId })).toMatchObject({
      copyable: 0,
      byReason: [{ reason: 'MAX_NOTIONAL', count: 1 }],
      atMost: 0,
      minimumBalanceQuote: null,
    })
  })
})
