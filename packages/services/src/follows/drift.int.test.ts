import { randomUUID } from 'node:crypto'
import { FollowSettings, type FollowSettingsInput } from '@matic/contracts'
import { BTC, createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dispatchSignals } from '../dispatch/dispatch-signals.ts'
import { repairCopyDrift } from './drift-repair.ts'
import { pruneDrift } from './prune-drift.ts'
import { watchDrift } from './drift-watch.ts'
import { getCopyDrift } from './read-drift.ts'

let desk: Desk
let leader: Person
let follower: Person
let followId: string
let routeId: string
let count = 0

beforeAll(async () => {
  desk = await createDesk()
})
afterAll(() => desk.drop())
beforeEach(async () => {
  await desk.tidy()
  await desk.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = now()`)
  ;[leader, follower] = [await desk.makePerson(), await desk.makePerson()]
})

async function begin(more: Partial<FollowSettingsInput> = {}): Promise<void> {
  const strategyId = randomUUID()
  ;[followId, routeId] = [randomUUID(), randomUUID()]
  await desk.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id) VALUES ($1, $2, $3, 'Trend', 'WEBHOOK', $4)`,
    [strategyId, leader.userId, leader.accountId, leader.webhookId],
  )
  await desk.db.query(
    `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at) VALUES ($1, $2, $3, $4, $5, $6, now() - interval '1 day')`,
    [
      followId,
      follower.userId,
      strategyId,
      follower.accountId,
      routeId,
      JSON.stringify(FollowSettings.parse({ sizing: { mode: 'ratio', ratio: '0.5' }, ...more })),
    ],
  )
  await desk.db.query(
    `INSERT INTO route (id, user_id, source_kind, source_id, account_id, follow_id) VALUES ($1, $2, 'WEBHOOK', $3, $4, $5)`,
    [routeId, follower.userId, leader.webhookId, follower.accountId, followId],
  )
}

/** An order of the follow, an hour old for each hour. */
async function order(
  leg: string,
  hours: number,
  base: string | null,
  filled: string,
  state = 'FILLED',
  side = leg === 'open' ? 'buy' : 'sell',
): Promise<void> {
  await desk.db.query(
    `INSERT INTO trade_order (id, user_id, account_id, route_id, cause, leg, client_order_id, symbol, side, type, quantity_base, priority, state, filled_base, created_at, ended_at)
     VALUES ($1::uuid, $2, $3, $4, $1::uuid::text, $5, $1::uuid::text, $6, $7, 'market', $8, 0, $9, $10, now() - make_interval(hours => $11), now() - make_interval(hours => $11))`,
    [randomUUID(), follower.userId, follower.accountId, routeId, leg, BTC, side, base, state, filled, hours],
  )
}

async function holds(base: string): Promise<void> {
  await desk.db.query('DELETE FROM position WHERE account_id = $1', [follower.accountId])
  await desk.hold(follower, { quantity: base, routeId })
  await desk.db.query(
    `INSERT INTO position_share (id, user_id, account_id, route_id, symbol, quantity_base) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (account_id, symbol, position_side, route_id) DO UPDATE SET quantity_base = excluded.quantity_base`,
    [randomUUID(), follower.userId, follower.accountId, routeId, BTC, base],
  )
}

/** A trade of the leader's that took off so much so long ago. */
async function leaderTook(entry: string, exit: string, hours: number): Promise<void> {
  const trade = [randomUUID(), leader.userId, leader.accountId, leader.routeId, BTC]
  const [first, second] = [String((count += 1)), String((count += 1))]
  await desk.db.query(
    `INSERT INTO trade (id, user_id, account_id, route_id, symbol, side, opened_at, closed_at, entry_base, entry_price, exit_base, fee_currency, first_trade_id)
     VALUES ($1, $2, $3, $4, $5, 'LONG', now() - interval '9 hours', CASE WHEN $6::numeric = $7::numeric THEN now() - make_interval(hours => $8) END, $6, 50000, $7, 'USDT', $9)`,
    [...trade, entry, exit, hours, first],
  )
  for (const [id, side, base, ago] of [
    [first, 'buy', entry, 9],
    [second, 'sell', exit, hours],
  ] as const)
    await desk.db.query(
      `INSERT INTO fill (id, user_id, account_id, route_id, symbol, trade_id, exchange_order_id, side, quantity_base, price, fee, fee_currency, at)
       VALUES ($1, $2, $3, $4, $5, $6::text, $6::text, $7, $8, 50000, 0, 'USDT', now() - make_interval(hours => $9))`,
      [randomUUID(), leader.userId, leader.accountId, leader.routeId, BTC, id, side, base, ago],
    )
  await desk.db.query(
    'UPDATE trade t SET closed_at = (SELECT max(f.at) FROM fill f WHERE f.account_id = t.account_id) WHERE t.id = $1 AND t.entry_base = t.exit_base',
    [trade[0]],
  )
}

const look = () => watchDrift({ ctx: desk.ctx, input: { afterId: null } })
const read = () => getCopyDrift({ ctx: desk.ctx, input: { userId: follower.userId, followId } })
const longAgo = () =>
  desk.db.query(
    `UPDATE copy_drift SET since = since - interval '1 minute', last_repair_at = last_repair_at - interval '1 hour' WHERE ended_at IS NULL`,
  )
const mails = async () =>
  (await desk.db.query<{ code: string }>(`SELECT params->>'code' AS code FROM mail WHERE user_id = $1`, [follower.userId])).map(
    ({ code }) => code,
  )
async function repairs() {
  await dispatchSignals({ ctx: desk.ctx })
  return desk.db.query<{ leg: string; side: string; fraction: string | null; reduceOnly: boolean }>(
    `SELECT o.leg, o.side, trim_scale(o.reduce_fraction)::text AS fraction, o.reduce_only AS "reduceOnly" FROM trade_order o JOIN signal s ON s.id = o.signal_id
      WHERE s.source = 'FOLLOW' AND s.source_id = $1 ORDER BY o.created_at`,
    [followId],
  )
}

describe('what a follow holds too much', () => {
  it('because its close died is closed, by one signal and not before it has stood', async () => {
    await begin()
    await order('open', 5, '0.01', '0.01')
    await order('close', 2, null, '0', 'DEAD')
    await holds('0.01')
    expect(await look()).toMatchObject({ inDrift: 1, repairs: 0 })
    expect(await look()).toMatchObject({ inDrift: 1, repairs: 0 })
    expect((await read()).drifts).toMatchObject([
      { targetBase: '0', actualBase: '0.01', driftBase: '0.01', way: 'reduces', cause: 'missed-close', repairable: true, repairs: 0 },
    ])
    await longAgo()
    expect(await look()).toMatchObject({ repairs: 1 })
    expect(await look()).toMatchObject({ repairs: 0 })
    expect(await repairs()).toEqual([{ leg: 'close', side: 'sell', fraction: null, reduceOnly: true }])
    expect(await mails()).toEqual(['FOLLOW_REPAIRED'])
    await desk.db.query(
      `UPDATE trade_order SET state = 'FILLED', filled_base = 0.01, ended_at = now() - interval '1 minute' WHERE state = 'READY'`,
    )
    await desk.db.query('UPDATE position_share SET quantity_base = 0 WHERE route_id = $1', [routeId])
    expect(await look()).toMatchObject({ inDrift: 0 })
    const { drifts, samples } = await read()
    expect(drifts).toMatchObject([{ repairs: 1, endedAt: expect.any(String) }])
    expect(samples.map(({ targetBase, actualBase }) => [targetBase, actualBase])).toEqual([
      ['0', '0.01'],
      ['0', '0'],
    ])
  })

  it('because the leader has taken off part is shown, and brought to its target when that is asked for', async () => {
    await begin()
    await order('open', 5, '0.01', '0.01')
    await leaderTook('0.02', '0.015', 3)
    await holds('0.01')
    for (let round = 0; round < 3; round += 1) {
      expect(await look()).toMatchObject({ inDrift: 1, repairs: 0 })
      await longAgo()
    }
    const { markets, drifts } = await read()
    expect([markets, drifts]).toMatchObject([[{ targetBase: '0.0025', actualBase: '0.01' }], [{ doubt: 'part', repairable: false }]])
    await repairCopyDrift({ ctx: desk.ctx, input: { userId: follower.userId, followId, symbol: BTC } })
    expect(await repairs()).toMatchObject([{ leg: 'reduce', side: 'sell', fraction: '0.75' }])
  })

  it('is left until it is asked for, where the follower wants that', async () => {
    await begin({ repair: 'ask' })
    await order('open', 5, '0.01', '0.01')
    await leaderTook('0.02', '0.02', 3)
    await holds('0.01')
    await look()
    await longAgo()
    expect(await look()).toMatchObject({ inDrift: 1, repairs: 0 })
    const asked = { userId: follower.userId, followId, symbol: BTC }
    desk.published.length = 0
    await repairCopyDrift({ ctx: desk.ctx, input: asked })
    expect(await desk.db.query('SELECT payload FROM fact WHERE id = ANY($1::bigint[])', [desk.published])).toMatchObject([
      { payload: { change: 'repaired', symbol: BTC } },
    ])
    expect(await repairs()).toMatchObject([{ leg: 'close' }])
    await expect(repairCopyDrift({ ctx: desk.ctx, input: asked })).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(repairCopyDrift({ ctx: desk.ctx, input: { ...asked, userId: leader.userId } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})

describe('what a follow holds too little', () => {
  const missed = async (more: Partial<FollowSettingsInput> = {}) => {
    await begin({ repair: 'full', ...more })
    await order('open', 0, '0.02', '0.012', 'CANCELED')
    await desk.db.query(
      `WITH decided AS (INSERT INTO decision (id, signal_id, route_id, user_id, account_id, outcome, intent, numbers, symbol, decided_at)
                        VALUES (gen_random_uuid(), gen_random_uuid(), $1, $2, $3, 'ORDERS', 'open', '{"price":"50000"}', $4, now()) RETURNING id)
       UPDATE trade_order SET decision_id = (SELECT id FROM decided), leverage = 7, created_at = now() - interval '1 minute', ended_at = now() - interval '1 minute' WHERE route_id = $1`,
      [routeId, follower.userId, follower.accountId, BTC],
    )
    await holds('0.012')
    await desk.hold(leader, { quantity: '0.04' })
    await desk.db.query(`UPDATE position SET stop_price = 49000 WHERE account_id = $1`, [leader.accountId])
  }
  const lookTwice = async () => {
    await look()
    await look()
    await longAgo()
    return look()
  }
  const topUps = () =>
    desk.db.query<{ leg: string; base: string; leverage: number; stop: string | null }>(
      `SELECT o.leg, trim_scale(o.quantity_base)::text AS base, o.leverage, trim_scale(o.stop_price)::text AS stop FROM trade_order o JOIN signal s ON s.id = o.signal_id
        WHERE s.source = 'FOLLOW' AND s.source_id = $1 AND o.leg = 'open'`,
      [followId],
    )

  const decided = () =>
    desk.db.query(
      `SELECT d.outcome, d.reason FROM decision d JOIN signal s ON s.id = d.signal_id WHERE s.source_id = $1 AND s.source = 'FOLLOW'`,
      [followId],
    )

  it('because an order failed is made up for where the follower has allowed it, once, however often it is looked at', async () => {
    await missed()
    expect(await lookTwice()).toMatchObject({ repairs: 1 })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await topUps()).toEqual([{ leg: 'open', base: '0.008', leverage: 7, stop: '49000' }])
    await desk.db.query(
      `UPDATE trade_order SET state = 'DEAD', ended_at = now() - interval '1 minute' WHERE route_id = $1 AND state = 'READY'`,
      [routeId],
    )
    await desk.db.query(`DELETE FROM copy_drift WHERE follow_id = $1`, [followId])
    for (let round = 0; round < 2; round += 1) expect(await lookTwice()).toMatchObject({ inDrift: 1, repairs: 0 })
    expect((await read()).drifts).toMatchObject([
      { way: 'raises', doubt: 'made-up', targetBase: '0.02', actualBase: '0.012', repairable: false, repairs: 0 },
    ])
    expect(await topUps()).toHaveLength(1)
    const [fact] = await desk.db.query(`SELECT payload->>'change' AS change, payload->>'amount' AS amount FROM fact WHERE entity_id = $1`, [
      followId,
    ])
    expect(fact).toEqual({ change: 'topped-up', amount: '0.008' })
    expect(await mails()).toEqual(['FOLLOW_TOPPED_UP'])
  })

  it('is not where the leader has left meanwhile', async () => {
    await missed()
    await lookTwice()
    await desk.db.query('DELETE FROM position WHERE account_id = $1', [leader.accountId])
    await dispatchSignals({ ctx: desk.ctx })
    expect(await decided()).toEqual([{ outcome: 'BLOCKED', reason: 'TOP_UP_OVER' }])
  })

  it('is no larger than the largest order of the follow', async () => {
    await missed({ maxOrderQuote: '200' })
    await lookTwice()
    await dispatchSignals({ ctx: desk.ctx })
    expect(await topUps()).toMatchObject([{ base: '0.004' }])
  })

  it('is not while the follow is paused', async () => {
    await missed()
    await desk.db.query(`UPDATE follow SET state = 'PAUSED' WHERE id = $1`, [followId])
    await lookTwice()
    await dispatchSignals({ ctx: desk.ctx })
    expect(await decided()).toEqual([{ outcome: 'BLOCKED', reason: 'FOLLOW_PAUSED' }])
  })

  it('is shown alone where a hand took it, the price is elsewhere or the follower has not allowed it', async () => {
    await missed()
    await holds('0.01')
    expect(await lookTwice()).toMatchObject({ repairs: 0 })
    expect((await read()).drifts).toMatchObject([{ doubt: 'by-hand' }])
    await holds('0.012')
    await desk.db.query(`UPDATE decision SET numbers = '{"price":"49000"}' WHERE route_id = $1`, [routeId])
    expect(await lookTwice()).toMatchObject({ repairs: 0 })
    expect((await read()).drifts).toMatchObject([{ doubt: 'price-away' }])
    await desk.db.query(`UPDATE decision SET numbers = '{"price":"50000"}' WHERE route_id = $1`, [routeId])
    await desk.db.query(`UPDATE follow SET settings = settings || '{"repair":"reduce-only"}' WHERE id = $1`, [followId])
    expect(await lookTwice()).toMatchObject({ repairs: 0 })
    expect((await read()).drifts).toMatchObject([{ doubt: null, repairable: false }])
  })
})

it('what was off a month ago is forgotten', async () => {
  await begin()
  await order('open', 5, '0.01', '0.01')
  await holds('0.02')
  await look()
  await desk.db.query(`UPDATE copy_drift SET ended_at = now() WHERE follow_id = $1`, [followId])
  const kept = async () => {
    const { drifts, samples } = await read()
    return [drifts.length, samples.length]
  }
  await desk.db.query(`UPDATE copy_drift SET ended_at = now() - interval '29 days'`)
  await desk.db.query(`UPDATE copy_drift_sample SET at = now() - interval '29 days'`)
  expect([await pruneDrift({ ctx: desk.ctx }), await kept()]).toEqual([0, [1, 1]])
  await desk.db.query(`UPDATE copy_drift SET ended_at = now() - interval '31 days' WHERE follow_id = $1`, [followId])
  await desk.db.query(`UPDATE copy_drift_sample SET at = now() - interval '31 days' WHERE follow_id = $1`, [followId])
  expect([await pruneDrift({ ctx: desk.ctx }), await kept()]).toEqual([2, [0, 0]])
})

describe('nothing is done', () => {
  const lookLong = async () => {
    for (let round = 0; round < 3; round += 1) {
      expect(await look()).toMatchObject({ repairs: 0 })
      await longAgo()
    }
    return (await read()).drifts.map(({ doubt }) => doubt)
  }
  const missedClose = async () => {
    await begin()
    await order('open', 5, '0.01', '0.01')
    await order('close', 2, null, '0', 'DEAD')
    await holds('0.01')
  }

  it('where the leader is in again', async () => {
    await missedClose()
    await desk.hold(leader, { quantity: '0.02' })
    expect(await lookLong()).toEqual(['leader-in'])
  })

  it('where the leader left by a stop of theirs; who has stops of their own is not even off', async () => {
    await begin()
    await order('open', 5, '0.01', '0.01')
    await leaderTook('0.02', '0.02', 3)
    await holds('0.01')
    expect(await lookLong()).toEqual(['not-told'])
    await desk.db.query(`UPDATE follow SET settings = settings || '{"protection":"own"}' WHERE id = $1`, [followId])
    expect(await look()).toMatchObject({ inDrift: 0 })
  })

  it('where the hand holds some of the same position, not when asked either', async () => {
    await missedClose()
    await desk.db.query('UPDATE position SET quantity_base = 0.015 WHERE account_id = $1', [follower.accountId])
    expect(await lookLong()).toEqual(['shared'])
    await expect(repairCopyDrift({ ctx: desk.ctx, input: { userId: follower.userId, followId, symbol: BTC } })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
  })

  it('where the market is detached, or the follow has stopped', async () => {
    await missedClose()
    await desk.db.query(
      `INSERT INTO follow_detachment (id, follow_id, user_id, trade_id, symbol, side, cause) VALUES ($1, $2, $3, $1, $4, 'LONG', 'BY_HAND')`,
      [randomUUID(), followId, follower.userId, BTC],
    )
    expect(await look()).toMatchObject({ inDrift: 0 })
    await desk.db.query('DELETE FROM follow_detachment')
    expect(await look()).toMatchObject({ inDrift: 1 })
    await desk.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = now() WHERE id = $1`, [followId])
    await longAgo()
    expect(await look()).toMatchObject({ inDrift: 0, repairs: 0 })
  })

  it('while something has just been said', async () => {
    await missedClose()
    await lookOnceMore()
    await desk.send(leader, { action: 'buy', symbol: 'ETHUSDT', quantity: '0.04' })
    await dispatchSignals({ ctx: desk.ctx })
    await desk.db.query(`UPDATE signal SET received_at = now() + interval '1 minute'`)
    expect(await look()).toMatchObject({ repairs: 0 })
    await desk.db.query(`UPDATE signal SET received_at = now() - interval '1 minute'`)
    expect(await look()).toMatchObject({ repairs: 1 })
  })
  const lookOnceMore = async () => {
    await look()
    await look()
    await longAgo()
  }

  it('where a follow holds less than it should: that is shown', async () => {
    await begin()
    await order('open', 5, '0.02', '0.012', 'CANCELED')
    await holds('0.012')
    for (let round = 0; round < 3; round += 1) {
      await look()
      await longAgo()
    }
    expect((await read()).drifts).toMatchObject([
      { way: 'raises', cause: 'partial-fill', doubt: 'leader-out', driftBase: '0.008', driftPercent: '40', repairable: false, repairs: 0 },
    ])
    expect(await repairs()).toEqual([])
  })

  it('while something is under way, and where all is as it should be or was taken off by hand', async () => {
    await begin()
    await order('open', 5, '0.01', '0.01')
    await holds('0.01')
    expect(await look()).toMatchObject({ inDrift: 0 })
    await holds('0.03')
    await order('reduce', 0, null, '0', 'SUBMITTING')
    expect(await look()).toMatchObject({ inDrift: 0 })
    await desk.db.query('DELETE FROM trade_order WHERE route_id = $1 AND leg = $2', [routeId, 'reduce'])
    await desk.db.query('UPDATE position_share SET quantity_base = 0 WHERE route_id = $1', [routeId])
    expect(await look()).toMatchObject({ inDrift: 0 })
  })
})
