import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { dispatchSignals } from './index.ts'
import { turnOf } from './turn.ts'

let desk: Desk
beforeAll(async () => {
  desk = await createDesk()
})
beforeEach(() => desk.tidy())
afterAll(() => desk.drop())

const OPEN = { symbol: 'BTCUSDT.P', action: 'buy', side: 'long', quantity: '0.01' }

/** People whose accounts are routes of one leader's webhook. */
async function follow(leader: Person, count: number): Promise<Person[]> {
  const people: Person[] = []
  for (let index = 0; index < count; index += 1) people.push(await desk.makePerson())
  await desk.db.query(
    `INSERT INTO route (id, user_id, source_kind, source_id, account_id) SELECT gen_random_uuid(), u, 'WEBHOOK', $3, a FROM unnest($1::uuid[], $2::uuid[]) AS x(u, a)`,
    [people.map((one) => one.userId), people.map((one) => one.accountId), leader.webhookId],
  )
  return people
}

interface Tally {
  accounts: number
  decisions: number
  orders: number
}

async function tally(signalId: string): Promise<Tally> {
  const [row] = await desk.db.query<Tally>(
    `SELECT count(DISTINCT d.account_id)::int AS accounts, count(DISTINCT d.id)::int AS decisions, count(o.id)::int AS orders
       FROM decision d LEFT JOIN trade_order o ON o.decision_id = d.id WHERE d.signal_id = $1`,
    [signalId],
  )
  if (row === undefined) throw new Error('no tally')
  return row
}

describe('one alert for many accounts', () => {
  it('is decided for some at once and for the others after them, once for each', async () => {
    const leader = await desk.makePerson()
    await follow(leader, 60)
    const signalId = await desk.send(leader, OPEN)
    const commits: number[] = []
    expect(await dispatchSignals({ ctx: desk.ctx, input: { onDecided: (decisions) => void commits.push(decisions) } })).toBe(1)
    expect(commits).toEqual([25, 36])
    expect(await tally(signalId)).toEqual({ accounts: 61, decisions: 61, orders: 61 })
    expect(await desk.stateOf(signalId)).toBe('DISPATCHED')
  })

  it('goes on where a process that died had come to, and what came in meanwhile is decided after it', async () => {
    const leader = await desk.makePerson()
    await follow(leader, 30)
    const first = await desk.send(leader, OPEN)
    await dispatchSignals({ ctx: desk.ctx })
    // As if it had died before these.
    await follow(leader, 30)
    await desk.db.query(`UPDATE signal SET state = 'RECEIVED', dispatched_at = NULL WHERE id = $1`, [first])
    const second = await desk.send(leader, { symbol: 'BTCUSDT.P', action: 'close' })

    while ((await dispatchSignals({ ctx: desk.ctx })) > 0) continue
    expect(await tally(first)).toEqual({ accounts: 61, decisions: 61, orders: 61 })
    expect(await tally(second)).toMatchObject({ accounts: 61, decisions: 61 })
    const [opens] = await desk.db.query<{ open: number }>(
      `SELECT count(*)::int AS open FROM trade_order WHERE signal_id = $1 AND cancel_requested_at IS NULL`,
      [first],
    )
    expect(opens?.open, 'opens that the close did not take back').toBe(0)
  })

  it('by several processes at once still has one decision for each', async () => {
    const leader = await desk.makePerson()
    await follow(leader, 80)
    const signals = [await desk.send(leader, OPEN), await desk.send(leader, { ...OPEN, comment: 'again' })]
    const work = async () => {
      for (let round = 0; round < 5; round += 1) await dispatchSignals({ ctx: desk.ctx })
    }
    await Promise.all([work(), work(), work()])
    for (const signalId of signals) expect(await tally(signalId)).toMatchObject({ accounts: 81, decisions: 81 })
  })

  it('where one account cannot be cut in two is still decided whole', async () => {
    const leader = await desk.makePerson()
    const others = await Promise.all(Array.from({ length: 30 }, () => desk.makePerson()))
    // Thirty sources, all routed to one account.
    await desk.db.query(
      `INSERT INTO route (id, user_id, source_kind, source_id, account_id) SELECT gen_random_uuid(), $2, 'WEBHOOK', w, $3 FROM unnest($1::uuid[]) AS w`,
      [others.map((one) => one.webhookId), leader.userId, leader.accountId],
    )
    for (const other of others) await desk.send(other, OPEN)
    while ((await dispatchSignals({ ctx: desk.ctx, input: { limit: 1 } })) > 0) continue
    const [row] = await desk.db.query<{ n: number }>('SELECT count(*)::int AS n FROM decision WHERE account_id = $1', [leader.accountId])
    expect(row?.n).toBe(30)
  })

  it('comes to the sender first and then to everybody in an order of its own, the same after a restart', async () => {
    const leader = await desk.makePerson()
    const people = await follow(leader, 60)
    const order = async (signalId: string) =>
      (
        await desk.db.query<{ account: string }>(
          `SELECT account_id AS account FROM decision WHERE signal_id = $1 ORDER BY decided_at, id`,
          [signalId],
        )
      ).map(({ account }) => account)
    const orders: string[][] = []
    for (const comment of ['one', 'two']) {
      const signalId = await desk.send(leader, { ...OPEN, comment })
      await dispatchSignals({ ctx: desk.ctx })
      const first = await order(signalId)
      await desk.db.query('DELETE FROM trade_order WHERE signal_id = $1', [signalId])
      await desk.db.query('DELETE FROM decision WHERE signal_id = $1', [signalId])
      await desk.db.query(`UPDATE signal SET state = 'RECEIVED', dispatched_at = NULL WHERE id = $1`, [signalId])
      await dispatchSignals({ ctx: desk.ctx })
      expect(await order(signalId)).toEqual(first)
      expect(first[0]).toBe(leader.accountId)
      orders.push(first)
    }
    expect(orders[0]).not.toEqual(orders[1])
    expect(new Set(orders[0])).toEqual(new Set([leader, ...people].map(({ accountId }) => accountId)))
  })

  it('is nobody’s to be always last: over a thousand alerts everybody’s mean place is the middle', async () => {
    const means = await desk.db.query<{ mean: number }>(
      `SELECT avg(place)::float8 AS mean FROM (
         SELECT a, percent_rank() OVER (PARTITION BY s ORDER BY ${turnOf('s', 'a')}) AS place
           FROM (SELECT md5('signal ' || n)::uuid AS s FROM generate_series(1, 1000) AS n) AS signals,
                (SELECT md5('account ' || n)::uuid AS a FROM generate_series(1, 100) AS n) AS accounts) AS places GROUP BY a`,
    )
    expect(means).toHaveLength(100)
    for (const { mean } of means) expect(Math.abs(mean - 0.5)).toBeLessThan(0.04)
  })
})
