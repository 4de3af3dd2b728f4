import { BLANK_ALERT, type Alert } from '@matic/contracts'
import { followStrategy, offerStrategy, type TestStrategy } from '@matic/testkit/dispatch/copying'
import { createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { repeatSignals } from '../signals/repeat-signals.ts'
import { settleHold } from '../signals/settle-hold.ts'
import { dispatchSignals } from './dispatch-signals.ts'

const buy = { action: 'buy', symbol: 'BTCUSDT', quantity: '0.02' }
const half = { sizing: { mode: 'ratio', ratio: '0.5' } } as const
let desk: Desk
let leader: Person
let strategy: TestStrategy
let follower: Person
let followId: string
let routeId: string
let began: Date

beforeAll(async () => {
  desk = await createDesk()
})
beforeEach(async () => {
  await desk.tidy()
  const [clock] = await desk.db.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  began = clock?.now ?? new Date(0)
  leader = await desk.makePerson()
  strategy = await offerStrategy(desk, leader)
  follower = await desk.makePerson()
  ;({ followId, routeId } = await followStrategy(desk, strategy, follower, half))
})
afterAll(() => desk.drop())

async function gaps(): Promise<number> {
  // Decisions of the tests before are gone on purpose.
  return Number((await desk.db.query<{ gaps: number }>('SELECT copy_decision_gaps($1)::int AS gaps', [began]))[0]?.gaps)
}

async function dispatchAll(): Promise<void> {
  for (let round = 0; round < 8; round += 1) await dispatchSignals({ ctx: desk.ctx })
}

/** Reasons of the follower's decisions on a signal; outcome where there is none. */
async function copies(signalId: string): Promise<string[]> {
  const rows = await desk.db.query<{ outcome: string; reason: string | null }>(
    'SELECT outcome, reason FROM decision WHERE signal_id = $1 AND route_id = $2',
    [signalId, routeId],
  )
  return rows.map(({ outcome, reason }) => reason ?? outcome)
}

/** The invariant can fail: without this decision it does. */
async function expectCounted(signalId: string): Promise<void> {
  expect(await gaps()).toBe(0)
  const [taken] = await desk.db.query<Record<string, unknown>>('DELETE FROM decision WHERE signal_id = $1 AND route_id = $2 RETURNING id', [
    signalId,
    routeId,
  ])
  expect(taken).toBeDefined()
  expect(await gaps()).toBe(1)
}

const chained = (from: string, to: string, afterMs: number) =>
  desk.send(
    leader,
    {
      action: to === 'flat' ? 'sell' : 'buy',
      symbol: 'BTCUSDT',
      contracts: '0.02',
      market_position: to,
      prev_market_position: from,
      market_position_size: to === 'flat' ? '0' : '0.02',
      prev_market_position_size: from === 'flat' ? '0' : '0.02',
      comment: `${from} ${to} ${afterMs}`,
    },
    { alertMs: -9_000 + afterMs },
  )

describe('a signal has exactly one decision of each follow', () => {
  it('where it cannot be decided and is set aside', async () => {
    const broken = await desk.send(leader, buy, { stored: { nonsense: true } })
    await dispatchAll()
    expect(await desk.stateOf(broken)).toBe('DEAD')
    expect(await copies(broken)).toEqual(['DEAD'])
    await expectCounted(broken)
  })

  it('where some were decided before it was set aside, and those are not told twice', async () => {
    const late = await desk.makePerson()
    await followStrategy(desk, strategy, late, half)
    const broken = await desk.send(leader, buy)
    await dispatchSignals({ ctx: desk.ctx })
    // As if a slice had been lost, and the rest could not be decided.
    await desk.db.query('DELETE FROM trade_order WHERE account_id = $1', [late.accountId])
    await desk.db.query('DELETE FROM decision WHERE account_id = $1', [late.accountId])
    await desk.db.query(`UPDATE signal SET state = 'RECEIVED', dispatched_at = NULL, alert = '{"nonsense": true}' WHERE id = $1`, [broken])
    await dispatchAll()
    expect(await copies(broken)).toEqual(['ORDERS'])
    const told = await desk.db.query<{ account: string; reason: string | null }>(
      `SELECT payload->>'accountId' AS account, payload->>'reason' AS reason FROM fact WHERE entity_id = $1 AND kind = 'signal-decided' AND payload->>'accountId' = ANY($2)`,
      [broken, [follower.accountId, late.accountId]],
    )
    expect(told.filter(({ account }) => account === follower.accountId)).toEqual([{ account: follower.accountId, reason: null }])
    expect(told.filter(({ account }) => account === late.accountId).map(({ reason }) => reason)).toEqual([null, 'DEAD'])
    expect(await gaps()).toBe(0)
  })

  it('where it is for one follow alone, set aside or not', async () => {
    for (const stored of [undefined, { nonsense: true }]) {
      const id = await desk.send(leader, buy, stored === undefined ? {} : { stored })
      await desk.db.query(`UPDATE signal SET source = 'FOLLOW', source_id = $2, user_id = $3 WHERE id = $1`, [
        id,
        followId,
        follower.userId,
      ])
      await dispatchAll()
      expect(await copies(id)).toEqual([stored === undefined ? 'ORDERS' : 'DEAD'])
      expect(await desk.db.query('SELECT 1 FROM decision WHERE signal_id = $1', [id])).toHaveLength(1)
      if (stored !== undefined) await expectCounted(id)
    }
  })

  it('where it is held, and what carries it out has one too, by itself and by hand', async () => {
    await chained('flat', 'long', 0)
    await dispatchAll()
    const held = await chained('flat', 'long', 2_000)
    await dispatchAll()
    expect(await copies(held)).toHaveLength(1)
    const missing = await chained('long', 'flat', 1_000)
    await dispatchAll()
    const [release] = await desk.db.query<{ id: string }>(`SELECT id FROM signal WHERE source = 'RELEASE' AND alert->>'originId' = $1`, [
      held,
    ])
    expect(await copies(missing)).toEqual(['ORDERS'])
    expect(await copies(release?.id ?? '')).toHaveLength(1)
    await expectCounted(release?.id ?? '')
  })

  it('where it is held and dropped, or carried out by hand', async () => {
    await chained('flat', 'long', 0)
    await dispatchAll()
    const [carried, dropped] = [await chained('flat', 'long', 2_000), await chained('flat', 'long', 3_000)]
    await dispatchAll()
    const settle = (signalId: string, action: 'carry-out' | 'drop') =>
      settleHold({ ctx: desk.ctx, input: { userId: leader.userId, signalId, action, requestId: null } })
    await settle(dropped, 'drop')
    const { signalId } = await settle(carried, 'carry-out')
    await dispatchAll()
    for (const id of [carried, dropped, signalId ?? '']) expect(await copies(id)).toHaveLength(1)
    await expectCounted(signalId ?? '')
  })

  it('where nothing may open: switched off, paused by either, or the follower’s subscription is over', async () => {
    await desk.db.query(`INSERT INTO kill_switch (scope, engaged) VALUES ($1, true)`, [follower.userId])
    const killed = await desk.send(leader, buy)
    await dispatchAll()
    await desk.db.query('DELETE FROM kill_switch')
    await desk.db.query(`UPDATE strategy SET state = 'PAUSED' WHERE id = $1`, [strategy.id])
    const paused = await desk.send(leader, { ...buy, symbol: 'ETHUSDT', quantity: '1' })
    await dispatchAll()
    await desk.db.query(`UPDATE strategy SET state = 'PUBLISHED' WHERE id = $1`, [strategy.id])
    await desk.db.query(`UPDATE follow SET state = 'PAUSED' WHERE id = $1`, [followId])
    const own = await desk.send(leader, { action: 'sell', symbol: 'ETHUSDT', quantity: '3' })
    await dispatchAll()
    expect([await copies(killed), await copies(paused), await copies(own)]).toEqual([
      ['KILL_SWITCH'],
      ['STRATEGY_PAUSED'],
      ['FOLLOW_PAUSED'],
    ])
    expect(await gaps()).toBe(0)
  })

  it('where the follow stopped after it came in, and none where it stopped before', async () => {
    const before = await desk.send(leader, buy)
    await desk.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = clock_timestamp() + interval '5 milliseconds' WHERE id = $1`, [
      followId,
    ])
    const after = await desk.send(leader, { action: 'close', symbol: 'BTCUSDT' })
    await desk.db.query(`UPDATE signal SET committed_at = clock_timestamp() + interval '1 second' WHERE id = $1`, [after])
    await dispatchAll()
    expect([await copies(before), await copies(after)]).toEqual([['FOLLOW_STOPPED'], []])
    await expectCounted(before)
  })
})

it('tests and replays of the leader are none of the followers’ business, set aside or not', async () => {
  const origin = await desk.send(leader, buy)
  await dispatchAll()
  const [replay, test] = [desk.ctx.newId(), await desk.send(leader, buy, { source: 'TEST' })]
  const alert: Alert = { ...BLANK_ALERT, dialect: 'json', ticker: 'BTCUSDT', action: 'sell', quantity: '0.02', originId: origin }
  const { webhookId: sourceId, userId } = leader
  await desk.db.transaction((tx) =>
    repeatSignals(tx, [
      { id: replay, originId: origin, userId, source: 'REPLAY', sourceId, receivedAt: new Date(), alert, requestId: null },
    ]),
  )
  const broken = await desk.send(leader, buy, { source: 'TEST', stored: { nonsense: true } })
  await dispatchAll()
  expect(await Promise.all([replay, test, broken].map(desk.stateOf))).toEqual(['DISPATCHED', 'DISPATCHED', 'DEAD'])
  expect(await Promise.all([replay, test, broken].map(copies))).toEqual([[], [], []])
  expect(await gaps()).toBe(0)
})
