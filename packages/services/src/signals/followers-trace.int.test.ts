import { randomUUID } from 'node:crypto'
import { FollowSettings } from '@matic/contracts'
import { createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dispatchSignals } from '../dispatch/dispatch-signals.ts'
import { readFollowersTrace } from './followers-trace.ts'

let desk: Desk
let leader: Person
let signalId: string
const followers: Person[] = []

/** ms after the arrival, and what it was filled at: three followers, of whom the second in the table was sent first. */
const TABLE = [
  { decided: 10, queued: 12, sent: 40, acked: 90, filled: 95, protected: 200, price: '50100' },
  { decided: 10, queued: 12, sent: 20, acked: 80, filled: 100, protected: null, price: '50050' },
  { decided: 11, queued: 13, sent: 60, acked: 100, filled: null, protected: null, price: null },
]

beforeAll(async () => {
  desk = await createDesk()
  leader = await desk.makePerson()
  const strategyId = randomUUID()
  await desk.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id) VALUES ($1, $2, $3, 'Trend', 'WEBHOOK', $4)`,
    [strategyId, leader.userId, leader.accountId, leader.webhookId],
  )
  for (const settings of [{}, {}, {}, { blockedSymbols: ['BTCUSDT'] }]) {
    const person = await desk.makePerson()
    followers.push(person)
    const [followId, routeId] = [randomUUID(), randomUUID()]
    await desk.db.query(
      `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at) VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() - interval '1 minute')`,
      [
        followId,
        person.userId,
        strategyId,
        person.accountId,
        routeId,
        JSON.stringify(FollowSettings.parse({ sizing: { mode: 'fixed-quantity', quantityBase: '0.01' }, ...settings })),
      ],
    )
    await desk.db.query(
      `INSERT INTO route (id, user_id, source_kind, source_id, account_id, follow_id) VALUES ($1, $2, 'WEBHOOK', $3, $4, $5)`,
      [routeId, person.userId, leader.webhookId, person.accountId, followId],
    )
  }
  signalId = await desk.send(leader, { action: 'buy', symbol: 'BTCUSDT', quantity: '0.02', price: '50000' })
  await dispatchSignals({ ctx: desk.ctx })
  await desk.db.query(
    `UPDATE signal SET received_at = date_trunc('second', received_at), committed_at = date_trunc('second', received_at) + interval '4 ms' WHERE id = $1`,
    [signalId],
  )
  await fill(leader, '50025')
  for (const [index, row] of TABLE.entries()) await happen(followers[index], row)
})
afterAll(() => desk.drop())

async function fill(of: Person, price: string): Promise<void> {
  await desk.db.query(
    `UPDATE trade_order SET state = 'FILLED', filled_base = quantity_base, average_price = $3 WHERE signal_id = $1 AND account_id = $2`,
    [signalId, of.accountId, price],
  )
}

async function happen(of: Person | undefined, row: (typeof TABLE)[number]): Promise<void> {
  if (of === undefined) throw new Error('there is no such follower')
  const key = [signalId, of.accountId]
  const at = `(SELECT received_at FROM signal WHERE id = $1) + make_interval(secs => `
  await desk.db.query(`UPDATE decision SET decided_at = ${at}$3::float8 / 1000) WHERE signal_id = $1 AND account_id = $2`, [
    ...key,
    row.decided,
  ])
  await desk.db.query(`UPDATE fact SET at = ${at}$3::float8 / 1000) WHERE user_id = $2 AND kind = 'signal-decided'`, [
    signalId,
    of.userId,
    row.queued,
  ])
  await desk.db.query(
    `UPDATE trade_order SET submitted_at = ${at}$3::float8 / 1000), acked_at = ${at}$4::float8 / 1000), filled_at = ${at}$5::float8 / 1000), protected_at = ${at}$6::float8 / 1000)
      WHERE signal_id = $1 AND account_id = $2`,
    [...key, row.sent, row.acked, row.filled, row.protected],
  )
  if (row.price !== null) await fill(of, row.price)
}

const read = (person: Person, { page = 1, limit = 20 } = {}) =>
  readFollowersTrace({ db: desk.db, input: { userId: person.userId, signalId, page, limit } })

describe('the trace of a signal over its followers', () => {
  it('has spans that add up, and percentiles of each and of the whole', async () => {
    const { trace, meta } = await read(leader)
    expect(meta.total).toBe(4)
    expect(trace).toMatchObject({ view: 'leader', decided: 4, ordered: 3, filled: 2, alertPrice: '50000', leaderFillPrice: '50025' })
    for (const { timeline } of trace.followers) expect(timeline.spans.reduce((sum, { ms }) => sum + ms, 0)).toBe(timeline.totalMs)
    const ms = (index: number) => trace.followers[index]?.timeline.spans.map((span) => `${span.point} ${span.ms}`)
    expect(ms(0)).toEqual(['committed 4', 'decided 6', 'queued 2', 'sent 8', 'acknowledged 60', 'filled 20'])
    expect(ms(1)).toEqual(['committed 4', 'decided 6', 'queued 2', 'sent 28', 'acknowledged 50', 'filled 5', 'protected 105'])
    expect(trace.spans.find(({ point }) => point === 'sent')).toEqual({ point: 'sent', count: 3, p50Ms: 28, p95Ms: 47, p99Ms: 47 })
    expect(trace.spans.find(({ point }) => point === 'filled')).toEqual({ point: 'filled', count: 2, p50Ms: 5, p95Ms: 20, p99Ms: 20 })
    expect(trace.total).toEqual({ count: 3, p50Ms: 100, p95Ms: 200, p99Ms: 200 })
  })

  it('tells how much worse each bought than the alert and the leader, and what the place in the queue cost', async () => {
    const { trace } = await read(leader)
    expect(trace.followers.map(({ order }) => order && [order.place, order.fillPrice, order.againstAlert, order.againstLeader])).toEqual([
      [1, '50050', { percent: '0.1', quote: '0.5' }, { percent: '0.04997501', quote: '0.25' }],
      [2, '50100', { percent: '0.2', quote: '1' }, { percent: '0.14992504', quote: '0.75' }],
      [3, null, null, null],
      null,
    ])
    expect(trace.againstAlert).toEqual({
      count: 2,
      averagePercent: '0.15',
      p50Percent: '0.1',
      p95Percent: '0.2',
      worstPercent: '0.2',
      quote: '1.5',
    })
    expect(trace.byPlace).toEqual([
      { fromPlace: 1, toPlace: 1, filled: 1, averagePrice: '50050', worsePercent: '0' },
      { fromPlace: 2, toPlace: 2, filled: 1, averagePrice: '50100', worsePercent: '0.0999001' },
    ])
    expect(trace.followers[3]).toMatchObject({ outcome: 'BLOCKED', reason: 'SYMBOL_BLACKLISTED' })
  })

  it('is read page by page, with the figures of all', async () => {
    const { trace } = await read(leader, { page: 2, limit: 1 })
    expect(trace.followers.map(({ order }) => order?.place)).toEqual([2])
    expect(trace.total?.count).toBe(3)
  })

  it('tells a follower of themselves alone, a leader nothing that names anybody, and nobody else anything', async () => {
    const [first] = followers
    if (first === undefined) throw new Error('there is no follower')
    const { trace } = await read(first)
    expect(trace).toMatchObject({ view: 'follower', decided: 1, followers: [{ order: { place: 2 } }] })
    const told = JSON.stringify(await read(leader))
    for (const { userId, accountId } of followers) for (const id of [userId, accountId]) expect(told).not.toContain(id)
    await expect(read(await desk.makePerson())).rejects.toThrow('no such signal')
  })
})
