import { randomUUID } from 'node:crypto'
import { FollowSettings } from '@matic/contracts'
import { createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFollow, stopFollow } from '../follows/index.ts'
import { readFollowFees, readStrategyFees } from './read-fees.ts'
import { settleFees } from './settle-fees.ts'

const DAY = 86_400_000
let desk: Desk
let leader: Person
let follower: Person
let strategyId: string
let followId: string
let routeId: string
/** The first moment of this month, of the one before it, and of the one before that. */
let months: { now: number; last: number; first: number }

beforeAll(async () => {
  desk = await createDesk()
  leader = await desk.makePerson()
  follower = await desk.makePerson()
  ;[strategyId, followId, routeId] = [randomUUID(), randomUUID(), randomUUID()]
  const today = new Date(Date.now() - 15 * 60_000)
  const monthAgo = (count: number) => Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - count)
  months = { now: monthAgo(0), last: monthAgo(1), first: monthAgo(2) }
  await desk.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id, profit_share_percent, management_percent)
     VALUES ($1, $2, $3, 'Trend', 'WEBHOOK', $4, 20, 3.65)`,
    [strategyId, leader.userId, leader.accountId, leader.webhookId],
  )
  await desk.db.query(
    `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at, joined_equity, profit_share_percent, management_percent)
     VALUES ($1, $2, $3, $4, $5, $6, $7, 10000, 20, 3.65)`,
    [
      followId,
      follower.userId,
      strategyId,
      follower.accountId,
      routeId,
      JSON.stringify(FollowSettings.parse({ sizing: { mode: 'ratio', ratio: '1' } })),
      new Date(months.first),
    ],
  )
  // 100 in the first month, a loss of 60 in the next, 110 in this one; a deposit doubles the account in between.
  await trade(months.first, '105', '5')
  await trade(months.last, '-58', '2')
  await trade(months.now - 13 * 60_000, '112', '2')
  await desk.db.query(
    'INSERT INTO equity_snapshot (account_id, user_id, at, equity, wallet_balance, net_deposits) VALUES ($1, $2, $3, 20000, 20000, 20000)',
    [follower.accountId, follower.userId, new Date(months.last)],
  )
})
afterAll(() => desk.drop())

async function trade(at: number, gross: string, fees: string, ofRoute = routeId): Promise<void> {
  const id = randomUUID()
  await desk.db.query(
    `INSERT INTO trade (id, user_id, account_id, route_id, symbol, side, opened_at, closed_at, entry_base, entry_price, gross_pnl, fees, fee_currency, first_trade_id)
     VALUES ($1::uuid, $2, $3, $4, 'BTC/USDT:USDT', 'LONG', $5, $6, 0.1, 50000, $7, $8, 'USDT', $1::text)`,
    [id, follower.userId, follower.accountId, ofRoute, new Date(at), new Date(at + 14 * 60_000), gross, fees],
  )
}
const days = (from: number, to: number) => (to - from) / DAY
const read = () => readFollowFees({ db: desk.db, input: { userId: follower.userId, followId } })
const books = () =>
  desk.db.query<{ userId: string; sum: string }>(
    `SELECT user_id AS "userId", trim_scale(sum(amount))::text AS sum FROM copy_fee_entry GROUP BY user_id ORDER BY sum(amount)`,
  )

describe('the fees of a follow', () => {
  it('are not charged in part where a worker dies on the way', async () => {
    let left = 2
    const newId = () => {
      if (left-- === 0) throw new Error('killed')
      return desk.ctx.newId()
    }
    await expect(settleFees({ ctx: { ...desk.ctx, newId } })).rejects.toThrow('killed')
    expect((await read()).fees).toEqual([])
  })

  it('are charged for each month that is over, once, whoever charges and however often', async () => {
    const charged = await Promise.all([settleFees({ ctx: desk.ctx }), settleFees({ ctx: desk.ctx })])
    expect(charged[0] + charged[1]).toBe(2)
    expect(await settleFees({ ctx: desk.ctx })).toBe(0)
    const { fees, charged: sums } = await read()
    const [first, last] = [days(months.first, months.last), 2 * days(months.last, months.now)]
    expect(fees).toMatchObject([
      { profit: '40', highWaterBefore: '100', highWaterAfter: '100', amounts: { profitShare: '0', management: String(last) } },
      { profit: '100', highWaterBefore: '0', highWaterAfter: '100', amounts: { profitShare: '20', management: String(first) } },
    ])
    expect(sums).toEqual({ profitShare: '20', management: String(first + last), total: String(20 + first + last) })
    expect(await books()).toEqual([
      { userId: follower.userId, sum: String(-20 - first - last) },
      { userId: leader.userId, sum: String(20 + first + last) },
    ])
    expect(await desk.db.query(`SELECT user_id AS "userId", params->>'code' AS code FROM mail`)).toEqual([
      { userId: follower.userId, code: 'COPY_FEE_CHARGED' },
      { userId: follower.userId, code: 'COPY_FEE_CHARGED' },
    ])
    await expect(
      desk.db.query(`INSERT INTO copy_fee_entry (id, fee_id, user_id, kind, amount) VALUES ($1, $1, $2, 'PROFIT_SHARE', 1)`, [
        randomUUID(),
        leader.userId,
      ]),
    ).rejects.toThrow(/add up to 0/)
  })

  it('accrue above the mark that a loss left behind, at the terms it began with', async () => {
    await desk.db.query('UPDATE strategy SET profit_share_percent = 50, management_percent = 0 WHERE id = $1', [strategyId])
    expect(await read()).toMatchObject({
      terms: { profitSharePercent: '20', managementPercent: '3.65' },
      accrued: { profit: '150', highWaterBefore: '100', highWaterAfter: '150', amounts: { profitShare: '10' } },
    })
  })

  it('are read by its leader by handle, and by nobody else', async () => {
    const input = { userId: leader.userId, strategyId, page: 1, limit: 20 }
    const { view, meta } = await readStrategyFees({ db: desk.db, input })
    expect(meta.total).toBe(1)
    expect(view).toMatchObject({
      terms: { profitSharePercent: '50' },
      charged: [{ environment: 'PAPER', followers: 1, profitShare: '20' }],
      followers: [
        { handle: `Follower ${followId.slice(-6).toUpperCase()}`, accrued: { profitShare: '10' }, charged: { profitShare: '20' } },
      ],
    })
    expect(JSON.stringify(view)).not.toContain(follower.userId)
    await expect(readStrategyFees({ db: desk.db, input: { ...input, userId: follower.userId } })).rejects.toThrow('no such strategy')
    await expect(readFollowFees({ db: desk.db, input: { userId: leader.userId, followId } })).rejects.toThrow('no such follow')
  })

  it('are settled for good once it has stopped and holds nothing', async () => {
    await desk.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = clock_timestamp() - interval '2 minutes' WHERE id = $1`, [
      followId,
    ])
    await desk.hold(follower, { routeId })
    expect(await settleFees({ ctx: desk.ctx })).toBe(0)
    await desk.db.query('UPDATE position SET quantity_base = 0 WHERE route_id = $1', [routeId])
    await desk.db.query(
      `INSERT INTO position_share (id, user_id, account_id, route_id, symbol, quantity_base, updated_at) VALUES (gen_random_uuid(), $1, $2, $3, 'BTC/USDT:USDT', -0.01, now())`,
      [follower.userId, follower.accountId, routeId],
    )
    expect(await settleFees({ ctx: desk.ctx })).toBe(0)
    await desk.db.query('UPDATE position_share SET quantity_base = 0 WHERE route_id = $1', [routeId])
    expect(await settleFees({ ctx: desk.ctx })).toBe(1)
    expect(await settleFees({ ctx: desk.ctx })).toBe(0)
    const { accrued, fees } = await read()
    expect(accrued).toBeNull()
    expect(fees[0]).toMatchObject({ period: 'final', profit: '150', highWaterAfter: '150', amounts: { profitShare: '10' } })
  })
})

describe('what is handed over', () => {
  const holding = async () => {
    await tidy()
    const { id, route } = await begin()
    await desk.hold(follower, { quantity: '0.1', routeId: route })
    await openTrade(route)
    return { id, route }
  }
  const openTrade = async (route: string) =>
    desk.db.query(
      `INSERT INTO trade (id, user_id, account_id, route_id, symbol, side, opened_at, entry_base, entry_price, gross_pnl, fees, funding, fee_currency, first_trade_id)
       VALUES (gen_random_uuid(), $1, $2, $3, 'BTC/USDT:USDT', 'LONG', now(), 0.1, 50000, 0, 4, -1, 'USDT', gen_random_uuid()::text)`,
      [follower.userId, follower.accountId, route],
    )
  const mark = (price: string | null, at: string) =>
    desk.db.query(`UPDATE market SET mark_price = $1, mark_at = clock_timestamp() - $2::interval WHERE symbol = 'BTC/USDT:USDT'`, [
      price,
      at,
    ])
  const stop = (id: string) =>
    stopFollow({ ctx: desk.ctx, input: { userId: follower.userId, followId: id, positions: 'hand-over', requestId: null } })
  const fees = (id: string) => readFollowFees({ db: desk.db, input: { userId: follower.userId, followId: id } })
  const settle = async (id: string) => {
    await desk.db.query(
      `UPDATE follow SET stopped_at = stopped_at - interval '2 minutes', joined_at = joined_at - interval '2 minutes' WHERE id = $1`,
      [id],
    )
    await settleFees({ ctx: desk.ctx })
    return fees(id)
  }
  /** The account is flat again: what was its own is over. */
  const tidy = async () => {
    await desk.db.query('DELETE FROM position WHERE account_id = $1', [follower.accountId])
    await desk.db.query('UPDATE trade SET closed_at = now(), gross_pnl = gross_pnl + 900 WHERE account_id = $1 AND closed_at IS NULL', [
      follower.accountId,
    ])
  }

  it('counts at the mark of that moment, once: what comes of it later is the follower’s own', async () => {
    const { id } = await holding()
    await mark('53000', '0 seconds')
    await stop(id)
    await tidy()
    const { fees: charged, handedOver } = await settle(id)
    expect(charged).toMatchObject([{ period: 'final', profit: '295', amounts: { profitShare: '59' } }])
    expect(handedOver).toMatchObject([{ quantityBase: '0.1', entryPrice: '50000', price: '53000', profit: '295' }])
    expect(await settleFees({ ctx: desk.ctx })).toBe(0)
  })

  it('counts as a loss too, which is made good before a later follow shares anything; the loss is made good once', async () => {
    const { id } = await holding()
    await mark('49000', '1 hour')
    await stop(id)
    await tidy()
    const again = await begin()
    expect((await fees(again.id)).goesOnFrom).toEqual({ followId: id, below: null })
    await desk.db.query(`UPDATE follow SET joined_at = date_trunc('month', now()) - interval '1 day' WHERE id = $1`, [again.id])
    await settleFees({ ctx: desk.ctx })
    expect((await fees(again.id)).fees, 'waits until the earlier one is settled').toEqual([])
    const { fees: charged, handedOver } = await settle(id)
    expect(charged).toMatchObject([{ profit: '-105', highWaterAfter: '0', amounts: { profitShare: '0' } }])
    expect(Date.parse(handedOver[0]?.at ?? '') - Date.parse(handedOver[0]?.pricedAt ?? '')).toBeGreaterThan(3_500_000)
    await trade(Date.now() - 14 * 60_000, '150', '0', again.route)
    expect(await fees(again.id)).toMatchObject({
      goesOnFrom: { followId: id, below: '105' },
      accrued: { profit: '150', highWaterBefore: '105', amounts: { profitShare: '9' } },
    })
    await desk.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = now() WHERE id = $1`, [again.id])
    const third = await begin()
    expect((await fees(third.id)).goesOnFrom).toMatchObject({ followId: again.id })
    await desk.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = now() WHERE id = $1`, [third.id])
  })

  it('counts at its entry where no mark is known, and a loss of play money is none of money', async () => {
    const { id } = await holding()
    await mark(null, '0 seconds')
    await stop(id)
    await mark('50000', '0 seconds')
    expect((await fees(id)).handedOver).toMatchObject([{ price: '50000', pricedAt: null, profit: '-5' }])
    const live = await desk.makePerson({ environment: 'LIVE' })
    await desk.db.query('UPDATE account SET user_id = $1 WHERE id = $2', [follower.userId, live.accountId])
    const { id: withMoney } = await begin(live.accountId)
    expect((await fees(withMoney)).goesOnFrom).toBeNull()
  })

  it('counts a close that has filled and is not booked yet at the price it filled at', async () => {
    const { id, route } = await holding()
    await desk.db.query(
      `INSERT INTO trade_order (id, user_id, account_id, route_id, cause, leg, client_order_id, symbol, side, type, state, priority, filled_base, average_price, filled_at)
       VALUES ($1::uuid, $2, $3, $4, $1::text, 'close', $1::text, 'BTC/USDT:USDT', 'sell', 'market', 'FILLED', 0, 0.1, 52000, now())`,
      [randomUUID(), follower.userId, follower.accountId, route],
    )
    await mark('53000', '0 seconds')
    await stop(id)
    expect((await fees(id)).handedOver).toMatchObject([{ quantityBase: '0', price: '53000', profit: '195' }])
  })
})

/** A follow of the same strategy again. */
async function begin(accountId = follower.accountId): Promise<{ id: string; route: string }> {
  const settings = FollowSettings.parse({ sizing: { mode: 'ratio', ratio: '1' } })
  await desk.db.query('UPDATE strategy SET profit_share_percent = 20 WHERE id = $1', [strategyId])
  const { id } = await startFollow({
    ctx: desk.ctx,
    input: { userId: follower.userId, accountId, strategyId, settings, inviteCode: undefined, join: { mode: 'flat' }, requestId: null },
  })
  const [row] = await desk.db.query<{ route: string }>('SELECT route_id AS route FROM follow WHERE id = $1', [id])
  return { id, route: row?.route ?? '' }
}
