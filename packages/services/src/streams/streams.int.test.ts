import { randomUUID } from 'node:crypto'
import { createStage, type Copier, type Stage, type Trader } from '@matic/testkit/copying/stage'
import type { TestWorker } from '@matic/testkit/execution/bench'
import { startCrashWorker } from '@matic/testkit/execution/start-crash-worker'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest'
import { createStreamHolder, type StreamHolder } from './index.ts'

let stage: Stage
let leader: Trader
let strategyId: string
let follower: Copier
let holder: StreamHolder

beforeAll(async () => {
  stage = await createStage({ workers: 2 })
})
beforeEach(async () => {
  await stage.venue.faults({ rules: [] })
  leader = await stage.makeTrader()
  await stage.until(
    async () => (await stage.db.query('SELECT 1 FROM account_state WHERE account_id = $1', [leader.accountId])).length === 1,
  )
  strategyId = randomUUID()
  await stage.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id) VALUES ($1, $2, $3, 'By hand', 'ACCOUNT', $3)`,
    [strategyId, leader.userId, leader.accountId],
  )
  follower = await stage.follow(strategyId)
  holder = holderOf(stage.workers[0])
})
afterAll(async () => stage?.[Symbol.asyncDispose]())

function holderOf(worker: TestWorker | undefined): StreamHolder {
  if (!worker) throw new Error('no worker')
  const made = createStreamHolder(worker.ctx, { onWoken: () => undefined })
  onTestFinished(() => made.close())
  return made
}

/** As long as it takes; the holder sweeps, nothing else happens. */
async function swept(holds: () => Promise<boolean>, ...holders: StreamHolder[]): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await holds()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify(await streams())}`)
    for (const each of holders) await each.sweep()
  }
}

const streams = () =>
  stage.db.query<{ owner: string; healthy: boolean; dueInMs: number }>(
    `SELECT s.owner, coalesce(s.healthy_until > clock_timestamp(), false) AS healthy,
            (extract(epoch FROM l.reconcile_at - clock_timestamp()) * 1000)::float8 AS "dueInMs"
       FROM account_stream s JOIN lane l ON l.account_id = s.account_id WHERE s.account_id = $1`,
    [leader.accountId],
  )
const isHealthy = async () => (await streams())[0]?.healthy === true
const told = async () =>
  (
    await stage.db.query<{ change: string }>(
      `SELECT convert_from(raw_body, 'UTF8')::jsonb ->> 'change' AS change FROM signal WHERE source = 'ACCOUNT' AND source_id = $1 ORDER BY received_at, id`,
      [leader.accountId],
    )
  ).map(({ change }) => change)
/** At the exchange, by the leader’s own hand. */
const trade = (side: 'BUY' | 'SELL', quantity: string, more: Record<string, string> = {}) =>
  stage.venue.byHand(leader.accountId, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side, type: 'MARKET', quantity, ...more })
const arm = (what: string) =>
  stage.venue.faults({ rules: [{ name: what, method: 'EVENT', ref: leader.accountId, action: { kind: 'stream', what } }] })
/** No look at the exchange would find anything for an hour; nor has the stream said anything for one, and it is known to stand for another. */
async function quiet(): Promise<void> {
  await stage.db.query(`UPDATE lane SET reconcile_at = clock_timestamp() + interval '1 hour' WHERE account_id = $1`, [leader.accountId])
  await stage.db.query(
    `UPDATE account_stream SET woken_at = clock_timestamp() - interval '1 hour', healthy_until = healthy_until + interval '1 hour' WHERE account_id = $1`,
    [leader.accountId],
  )
}
const listening = async () => {
  await swept(isHealthy, holder)
  await stage.until(async () => ((await streams())[0]?.dueInMs ?? 0) > 0)
  await quiet()
}

it('what a leader does at the exchange is copied at once, and told once where events come twice and in another order', async () => {
  await listening()
  await arm('twice')
  await trade('BUY', '0.02')
  await stage.until(async () => (await stage.atVenue(follower)) === '0.01')
  await quiet()
  await arm('swap')
  await trade('SELL', '0.02', { reduceOnly: 'true' })
  await stage.until(async () => (await stage.atVenue(follower)) === '0')
  expect(await told()).toEqual(['open', 'close'])
  expect(await stage.gaps()).toBe(0)
})

it('while a stream stands and is calm the account is read less often, and as before when it is gone', async () => {
  const { timings } = stage.ctx
  const { streamedPollMs } = timings
  // So much longer that no machine is too slow to see it.
  for (const { ctx } of stage.workers) ctx.timings.streamedPollMs = 3_600_000
  onTestFinished(() => {
    for (const { ctx } of stage.workers) ctx.timings.streamedPollMs = streamedPollMs
  })
  await listening()
  const dueAfterReading = async (atLeastMs: number) => {
    await stage.db.query(`UPDATE lane SET reconcile_at = clock_timestamp() WHERE account_id = $1`, [leader.accountId])
    let dueInMs = 0
    await stage.until(async () => {
      dueInMs = (await streams())[0]?.dueInMs ?? 0
      return dueInMs > atLeastMs
    })
    return dueInMs
  }
  const calm = await dueAfterReading(timings.streamedPollMs / 2)
  expect(calm).toBeLessThanOrEqual(timings.streamedPollMs)
  holder.close()
  await stage.db.query('UPDATE account_stream SET healthy_until = NULL WHERE account_id = $1', [leader.accountId])
  expect(await dueAfterReading(0)).toBeLessThanOrEqual(timings.orderPollMs)
})

it('a stream that stands and says nothing is found out by the next reading, and opened anew', async () => {
  await listening()
  // However long the reading takes to come: nobody sweeps meanwhile.
  await stage.db.query(`UPDATE account_stream SET healthy_until = clock_timestamp() + interval '1 minute' WHERE account_id = $1`, [
    leader.accountId,
  ])
  await arm('mute')
  await trade('BUY', '0.02')
  await stage.db.query(`UPDATE lane SET reconcile_at = clock_timestamp() WHERE account_id = $1`, [leader.accountId])
  await stage.until(async () => (await stage.atVenue(follower)) === '0.01')
  const doubted = async () =>
    (await stage.db.query('SELECT 1 FROM account_stream WHERE account_id = $1 AND doubted_at IS NOT NULL', [leader.accountId])).length === 1
  expect(await doubted()).toBe(true)
  await stage.venue.faults({ rules: [] })
  const woken = `SELECT 1 FROM account_stream WHERE account_id = $1 AND woken_at > clock_timestamp() - interval '1 minute' AND doubted_at IS NULL`
  await swept(async () => (await stage.db.query(woken, [leader.accountId])).length === 1 && (await isHealthy()), holder)
  await quiet()
  await trade('SELL', '0.02', { reduceOnly: 'true' })
  await stage.until(async () => (await stage.atVenue(follower)) === '0')
  expect(await told()).toEqual(['open', 'close'])
})

it('a stream that dies without a word is noticed, and what happened meanwhile is read', async () => {
  await listening()
  await arm('dead')
  await trade('BUY', '0.02')
  // Nothing was said; that it was woken all the same is the end of the stream.
  const woken = `SELECT 1 FROM account_stream WHERE account_id = $1 AND woken_at > clock_timestamp() - interval '1 minute'`
  expect(await stage.db.query(woken, [leader.accountId])).toEqual([])
  await swept(async () => (await stage.db.query(woken, [leader.accountId])).length === 1, holder)
  await stage.venue.faults({ rules: [] })
  await stage.until(async () => (await stage.atVenue(follower)) === '0.01')
  await swept(isHealthy, holder)
  expect(await told()).toEqual(['open'])
})

it('is held by one worker, by the next one when that dies, and by nobody when nobody follows', async () => {
  const third = await stage.bench.worker()
  const [mine, other] = [holderOf(third), holderOf(stage.workers[1])]
  await swept(isHealthy, mine)
  for (let round = 0; round < 3; round += 1) expect(await other.sweep()).toMatchObject({ held: 0 })
  const owners = async () => (await streams()).map(({ owner }) => owner)
  expect(await owners()).toEqual([third.worker.current()?.id])

  await quiet()
  await third.worker.close()
  await trade('BUY', '0.02')
  await swept(async () => (await owners())[0] === stage.workers[1]?.worker.current()?.id && (await isHealthy()), other)
  await stage.until(async () => (await stage.atVenue(follower)) === '0.01')
  expect(await told()).toEqual(['open'])
  mine.close()
  await third[Symbol.asyncDispose]()

  await stage.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = clock_timestamp() WHERE id = $1`, [follower.followId])
  await swept(async () => (await streams()).length === 0, other)
  expect(await other.sweep()).toMatchObject({ held: 0 })
})

it('workers that die one after another, between hearing and telling, while the exchange cuts the stream, tell each change once', async () => {
  /** A process that holds the stream, and dies when it has heard (K16), or before it commits what it tells (K15). */
  const doomed = async (point: 'K15' | 'K16') => {
    const started = await startCrashWorker({
      databaseUrl: stage.bench.databaseUrl,
      venueUrl: stage.venue.url,
      scale: stage.ctx.timings.scale,
      point,
    })
    onTestFinished(() => started.stop())
    return started
  }
  const dead = async (worker: Awaited<ReturnType<typeof doomed>>) => expect(await worker.exited).toBe(137)
  const copied = (quantity: string) => stage.until(async () => (await stage.atVenue(follower)) === quantity)
  /** Waits while others work: no worker of this process looks at anything. */
  const stands = async () => {
    for (const deadline = Date.now() + 30_000; !(await isHealthy()); await sleep(20))
      if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify(await streams())}`)
  }
  const calm = async () => {
    await stands()
    await stage.until(async () => ((await streams())[0]?.dueInMs ?? 0) > 0)
    await quiet()
  }

  const first = await doomed('K16')
  await calm()
  await trade('BUY', '0.02')
  await dead(first)
  expect(await told()).toEqual([])
  // Whoever takes the stream over reads what the dead one had heard, and dies of telling it.
  await dead(await doomed('K15'))
  expect(await told()).toEqual([])
  const third = await doomed('K16')
  await copied('0.01')
  await calm()
  await trade('BUY', '0.02')
  await dead(third)
  expect(await told()).toEqual(['open'])

  const mine = stage.workers[0]?.ctx.worker.current()?.id
  await swept(async () => (await isHealthy()) && (await streams())[0]?.owner === mine, holder)
  await copied('0.02')
  await quiet()
  await arm('cut')
  await trade('SELL', '0.06')
  await copied('-0.01')
  await stage.venue.faults({ rules: [] })
  await swept(isHealthy, holder)
  await trade('BUY', '0.02', { reduceOnly: 'true' })
  await copied('0')
  expect(await told()).toEqual(['open', 'add', 'reverse', 'close'])
  expect(await stage.gaps()).toBe(0)
})
