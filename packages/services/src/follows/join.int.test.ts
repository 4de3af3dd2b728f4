import { randomUUID } from 'node:crypto'
import { activityOf, activityText, FollowSettings, type FactKind } from '@matic/contracts'
import { BTC, createDesk, ETH, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dispatchSignals } from '../dispatch/index.ts'
import { getCopyTerms } from './copy-terms.ts'
import { startFollow } from './start-follow.ts'

let desk: Desk
let leader: Person
let strategyId: string

beforeAll(async () => {
  desk = await createDesk()
})
beforeEach(async () => {
  await desk.tidy()
  leader = await desk.makePerson()
  strategyId = randomUUID()
  await desk.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id) VALUES ($1, $2, $3, 'Trend', 'WEBHOOK', $4)`,
    [strategyId, leader.userId, leader.accountId, leader.webhookId],
  )
})
afterAll(() => desk.drop())

async function join(mode: 'flat' | 'copy-open', sizing: FollowSettings['sizing'] = { mode: 'ratio', ratio: '0.5' }): Promise<Person> {
  const person = await desk.makePerson()
  await startFollow({
    ctx: desk.ctx,
    input: {
      userId: person.userId,
      accountId: person.accountId,
      strategyId,
      settings: FollowSettings.parse({ sizing }),
      inviteCode: undefined,
      join: mode === 'flat' ? { mode } : { mode, maxDistancePercent: '1' },
      requestId: null,
    },
  })
  await dispatchSignals({ ctx: desk.ctx })
  return person
}

it('has places for people, not for their accounts', async () => {
  await desk.db.query('UPDATE strategy SET max_followers = 1 WHERE id = $1', [strategyId])
  const [first, spare, late] = [await join('flat'), await desk.makePerson(), await desk.makePerson()]
  await desk.db.query('UPDATE account SET user_id = $2 WHERE id = $1', [spare.accountId, first.userId])
  const settings = FollowSettings.parse({ sizing: { mode: 'ratio', ratio: '1' } })
  const begin = ({ userId, accountId }: Pick<Person, 'userId' | 'accountId'>) =>
    startFollow({
      ctx: desk.ctx,
      input: { userId, accountId, strategyId, settings, inviteCode: undefined, join: { mode: 'flat' }, requestId: null },
    })
  expect(await begin({ ...spare, userId: first.userId }), 'their second account takes no other place').toMatchObject({ state: 'ACTIVE' })
  await expect(begin(late)).rejects.toMatchObject({ code: 'FOLLOW_REFUSED', details: { reason: 'FULL' } })
  await desk.db.query('UPDATE strategy SET max_followers = 2 WHERE id = $1', [strategyId])
  expect(await begin(late), 'two accounts of one person left a place of two').toMatchObject({ state: 'ACTIVE' })
  expect(await getCopyTerms({ db: desk.db, input: { userId: late.userId, strategyId } })).toMatchObject({ followers: 2, maxFollowers: 2 })
})

async function ordersOf({ accountId }: Person) {
  return desk.db.query(
    `SELECT symbol, side, leg, trim_scale(quantity_base)::text AS quantity, trim_scale(stop_price)::text AS stop FROM trade_order WHERE account_id = $1`,
    [accountId],
  )
}

async function toldTo({ userId }: Person): Promise<string[]> {
  const facts = await desk.db.query<{ kind: FactKind; entity: string; payload: Record<string, unknown> }>(
    `SELECT kind, entity, payload FROM fact WHERE user_id = $1 AND kind = 'follow-changed' ORDER BY id`,
    [userId],
  )
  return facts.map((fact) => {
    const line = activityOf(fact)
    return line === null ? '' : activityText(line.code, line.params)
  })
}

describe('joining a leader who holds positions', () => {
  it('flat copies none of them', async () => {
    await desk.hold(leader)
    const follower = await join('flat')
    expect(await ordersOf(follower)).toEqual([])
    expect(await toldTo(follower)).toEqual(['Trend: you follow it from now on.'])
  })

  it('copies what the copied source holds, with the leader’s stop, and nothing of the leader’s other sources', async () => {
    await desk.hold(leader, { quantity: '0.04' })
    await desk.db.query('UPDATE position SET stop_price = 48000 WHERE account_id = $1', [leader.accountId])
    await desk.hold(leader, { symbol: ETH, quantity: '1', routeId: leader.manualRouteId })
    const follower = await join('copy-open')
    expect(await ordersOf(follower)).toEqual([{ symbol: BTC, side: 'buy', leg: 'open', quantity: '0.02', stop: '48000' }])
  })

  it('copies the leader’s share alone where several sources hold one market', async () => {
    await desk.hold(leader, { quantity: '0.06' })
    for (const [routeId, base] of [
      [leader.routeId, '0.04'],
      [leader.manualRouteId, '0.02'],
    ])
      await desk.db.query(
        `INSERT INTO position_share (id, user_id, account_id, route_id, symbol, quantity_base, entry_price) VALUES ($1, $2, $3, $4, $5, $6, 50000)`,
        [randomUUID(), leader.userId, leader.accountId, routeId, BTC, base],
      )
    const follower = await join('copy-open')
    expect(await ordersOf(follower)).toMatchObject([{ symbol: BTC, quantity: '0.02' }])
  })

  it('leaves out what is too far from the leader’s entry or has no price, and says so with the numbers', async () => {
    await desk.hold(leader, { quantity: '0.04' })
    await desk.hold(leader, { symbol: ETH, quantity: '1' })
    await desk.db.query('UPDATE position SET entry_price = 2600 WHERE account_id = $1 AND symbol = $2', [leader.accountId, ETH])
    await desk.db.query(`UPDATE market SET mark_at = now() - interval '2 minutes' WHERE symbol = $1`, [BTC])
    const follower = await join('copy-open')
    expect(await ordersOf(follower)).toEqual([])
    expect((await toldTo(follower)).toSorted()).toEqual([
      'BTC/USDT: not joined with Trend, because no price of it is known at the moment.',
      'ETH/USDT: not joined with Trend. The price 2500 is 3.85 % away from the leader’s entry at 2600; your limit is 1 %.',
      'Trend: you follow it from now on.',
    ])
  })
})

it('a leader whose own subscription is over is copied as before', async () => {
  const follower = await join('flat')
  await desk.db.query(`UPDATE subscription SET status = 'EXPIRED' WHERE user_id = $1`, [leader.userId])
  await desk.send(leader, { action: 'buy', symbol: 'BTCUSDT', quantity: '0.04' })
  await dispatchSignals({ ctx: desk.ctx })
  expect(await ordersOf(follower)).toMatchObject([{ symbol: BTC, quantity: '0.02' }])
})
