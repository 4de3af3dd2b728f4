import { randomUUID } from 'node:crypto'
import { FollowSettings, type FollowSettingsInput } from '@matic/contracts'
import { createTimings } from '@matic/platform'
import { dispatchSignals } from '@matic/services/dispatch/index'
import { setProtection } from '@matic/services/trading/index'
import { BTC, createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

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
  await desk.hold(leader, { quantity: '0.02' })
})
afterAll(() => desk.drop())

/** A follower who holds what they copied: bought at 50000, with a stop of their own rules. */
async function holdingFollower(settings: Partial<FollowSettingsInput> = {}, { side = 'LONG', entry = '50000' } = {}): Promise<Person> {
  const person = await desk.makePerson()
  const [followId, routeId] = [randomUUID(), randomUUID()]
  const chosen = FollowSettings.parse({ sizing: { mode: 'ratio', ratio: '0.5' }, ...settings })
  await desk.db.query(
    `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at) VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() - interval '1 second')`,
    [followId, person.userId, strategyId, person.accountId, routeId, JSON.stringify(chosen)],
  )
  await desk.db.query(
    `INSERT INTO route (id, user_id, source_kind, source_id, account_id, follow_id) VALUES ($1, $2, 'WEBHOOK', $3, $4, $5)`,
    [routeId, person.userId, leader.webhookId, person.accountId, followId],
  )
  await desk.hold(person, { quantity: '0.01', side, routeId })
  const [stop, target] = side === 'LONG' ? [47500, 55000] : [52500, 45000]
  await desk.db.query(
    `UPDATE position SET entry_price = $2, stop_price = $3, target_price = $4, protection = 'PROTECTED' WHERE account_id = $1`,
    [person.accountId, entry, stop, target],
  )
  return person
}

/** By their own hand, here. */
async function move(who: Person, legs: { stopLoss?: string | null; takeProfit?: string | null }): Promise<void> {
  const [position] = await desk.db.query<{ id: string }>('SELECT id FROM position WHERE account_id = $1', [who.accountId])
  const nobody = { next: async () => undefined, [Symbol.dispose]: () => undefined }
  const closed = async () => {
    throw new Error('nothing comes in')
  }
  await setProtection({
    ctx: {
      ...desk.ctx,
      timings: createTimings(0.02),
      ingest: { submit: closed, acknowledge: () => undefined, close: async () => undefined },
      desk: { watchFacts: () => nobody, watchRequest: () => nobody },
    },
    input: { userId: who.userId, positionId: position?.id ?? '', stopLoss: legs.stopLoss, takeProfit: legs.takeProfit },
  })
  await dispatchSignals({ ctx: desk.ctx })
}

async function legsOf(of: Person) {
  const [row] = await desk.db.query<{ stop: string | null; target: string | null; protection: string }>(
    `SELECT trim_scale(stop_price)::text AS stop, trim_scale(target_price)::text AS target, protection FROM position WHERE account_id = $1 AND symbol = $2`,
    [of.accountId, BTC],
  )
  return row
}

async function reasonOf(of: Person) {
  const rows = await desk.db.query<{ outcome: string; reason: string | null }>(
    'SELECT outcome, reason FROM decision WHERE account_id = $1',
    [of.accountId],
  )
  expect(rows).toHaveLength(1)
  return rows[0]
}

it('a stop that the leader moves here moves for followers who go by it: one decision each, their target as it was', async () => {
  const follower = await holdingFollower()
  await move(leader, { stopLoss: '48000' })
  expect(await legsOf(follower)).toEqual({ stop: '48000', target: '55000', protection: 'PROTECTING' })
  expect(await reasonOf(follower)).toEqual({ outcome: 'ORDERS', reason: null })
  expect(await desk.db.query('SELECT 1 FROM decision WHERE account_id = $1', [leader.accountId])).toEqual([])
  expect(await desk.db.query('SELECT copy_decision_gaps()::int AS gaps')).toEqual([{ gaps: 0 }])
})

it('a leader who takes their stop away takes nobody else’s; a target taken away is taken away', async () => {
  const follower = await holdingFollower()
  await desk.db.query(`UPDATE position SET stop_price = 47000, target_price = 56000 WHERE account_id = $1`, [leader.accountId])
  await move(leader, { stopLoss: null })
  expect(await desk.db.query('SELECT 1 FROM decision WHERE account_id = $1', [follower.accountId])).toEqual([])
  await move(leader, { takeProfit: null })
  expect(await legsOf(follower)).toMatchObject({ stop: '47500', target: null })
})

it('followers with rules of their own, or a stop that they moved by hand, are told and left alone', async () => {
  const own = await holdingFollower({ protection: 'own' })
  const byHand = await holdingFollower()
  await move(byHand, { stopLoss: '46000' })
  await move(leader, { stopLoss: '48000' })
  expect(await legsOf(own)).toMatchObject({ stop: '47500', protection: 'PROTECTED' })
  expect(await legsOf(byHand)).toMatchObject({ stop: '46000' })
  expect(await reasonOf(own)).toEqual({ outcome: 'SKIPPED', reason: 'FOLLOW_OWN_PROTECTION' })
  expect(await reasonOf(byHand)).toEqual({ outcome: 'SKIPPED', reason: 'PROTECTION_BY_HAND' })
})

it('in reverse, and far from the leader’s entry, what counts is the distance from one’s own', async () => {
  const reversed = await holdingFollower({ direction: 'reverse' }, { side: 'SHORT', entry: '50500' })
  const late = await holdingFollower({ entrySlippagePercent: '1' }, { entry: '52000' })
  await move(leader, { stopLoss: '48000' })
  expect(await legsOf(reversed)).toMatchObject({ stop: '52500', target: '48480' })
  expect(await legsOf(late)).toMatchObject({ stop: '49920', target: '55000' })
})

it('where nothing is held, or the price is past the stop already, nothing moves and the reason says so', async () => {
  const flat = await holdingFollower()
  await desk.db.query('UPDATE position SET quantity_base = 0 WHERE account_id = $1', [flat.accountId])
  const past = await holdingFollower({ entrySlippagePercent: '1' }, { entry: '53000' })
  await move(leader, { stopLoss: '49000' })
  expect(await reasonOf(flat)).toEqual({ outcome: 'SKIPPED', reason: 'NOTHING_TO_PROTECT' })
  expect(await reasonOf(past)).toEqual({ outcome: 'BLOCKED', reason: 'STOP_WRONG_SIDE' })
  expect(await legsOf(past)).toMatchObject({ stop: '47500' })
})

it('a stop that moves while the copy is on its way goes with it', async () => {
  const follower = await holdingFollower()
  await desk.db.query('UPDATE position SET quantity_base = 0 WHERE account_id = $1', [follower.accountId])
  await desk.db.query(
    `INSERT INTO trade_order (id, user_id, account_id, route_id, cause, leg, client_order_id, symbol, side, type, quantity_base, stop_fraction, priority)
     SELECT $1::uuid, $2, $3, f.route_id, $1::text, 'open', $1::text, $4, 'buy', 'market', 0.01, 0.05, 2 FROM follow f WHERE f.account_id = $3`,
    [randomUUID(), follower.userId, follower.accountId, BTC],
  )
  await move(leader, { stopLoss: '48000' })
  const orders = await desk.db.query(
    `SELECT trim_scale(stop_price)::text AS stop, stop_fraction AS fraction FROM trade_order WHERE account_id = $1`,
    [follower.accountId],
  )
  expect(orders).toEqual([{ stop: '48000', fraction: null }])
})
