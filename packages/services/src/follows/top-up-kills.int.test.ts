import { setTimeout as sleep } from 'node:timers/promises'
import { createStage, type Copier, type Stage, type Trader } from '@matic/testkit/copying/stage'
import { startCrashWorker } from '@matic/testkit/execution/start-crash-worker'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { dispatchSignals } from '../dispatch/index.ts'
import { watchDrift } from './drift-watch.ts'

let stage: Stage
let leader: Trader

beforeAll(async () => {
  stage = await createStage({ workers: 1 })
})
afterAll(() => stage?.[Symbol.asyncDispose]())

/** By the leader's own hand, at the exchange. */
const trade = (side: 'BUY' | 'SELL', quantity: string, more: Record<string, string> = {}) =>
  stage.venue.byHand(leader.accountId, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side, type: 'MARKET', quantity, ...more })
/** Everything said is decided, and what follows hold is looked at; nothing is sent. */
async function decideOnly(): Promise<void> {
  await dispatchSignals({ ctx: stage.ctx })
  await watchDrift({ ctx: { ...stage.ctx, timings: { ...stage.ctx.timings, scale: 0.02 } }, input: { afterId: null } })
  await sleep(20)
}
const waiting = async (...copiers: Copier[]) =>
  (
    await stage.db.query(`SELECT 1 FROM trade_order WHERE route_id = ANY($1::uuid[]) AND leg = 'open' AND state = 'READY'`, [
      copiers.map(({ routeId }) => routeId),
    ])
  ).length
async function untilHeld(wanted: readonly [Copier, string][]): Promise<void> {
  await stage.until(async () => {
    const held = await Promise.all(wanted.map(([copier]) => stage.atVenue(copier)))
    return wanted.every(([, quantity], index) => held[index] === quantity)
  })
}
/** How many orders of each bought something at the venue. */
async function bought(...copiers: Copier[]): Promise<number[]> {
  const ledger = await stage.venue.ledger()
  return copiers.map(
    ({ accountId }) =>
      ledger.filter(({ ref, reduceOnly, executedQty }) => ref === accountId && !reduceOnly && Number(executedQty) > 0).length,
  )
}
/** A worker of its own process that dies by SIGKILL where it sends what waits. */
async function killWhileSending(point: 'K6' | 'K7', meanwhile: () => Promise<void>): Promise<void> {
  const doomed = await startCrashWorker({
    databaseUrl: stage.bench.databaseUrl,
    venueUrl: stage.venue.url,
    scale: stage.ctx.timings.scale,
    point,
  })
  onTestFinished(() => doomed.stop())
  let code: number | undefined
  void doomed.exited.then((exited) => (code = exited))
  for (const deadline = Date.now() + 30_000; code === undefined; await meanwhile())
    if (Date.now() > deadline) throw new Error('nothing was sent')
  expect(code).toBe(137)
}

it('what was missed, joined and gathered is bought once, whatever dies while it is sent', async () => {
  await stage.venue.pin('BTCUSDT', '60000')
  leader = await stage.makeTrader()
  await stage.until(
    async () => (await stage.db.query('SELECT 1 FROM account_state WHERE account_id = $1', [leader.accountId])).length === 1,
  )
  const strategyId = await stage.offer(leader, 'ACCOUNT')
  const missed = await stage.follow(strategyId, { repair: 'full' })
  const gathering = await stage.follow(strategyId, { sizing: { mode: 'ratio', ratio: '0.01' }, belowMinimum: 'accumulate' })

  await trade('BUY', '0.1')
  await stage.until(async () => {
    await dispatchSignals({ ctx: stage.ctx })
    const dead = await stage.db.query(
      `UPDATE trade_order SET state = 'DEAD', ended_at = clock_timestamp() WHERE route_id = $1 AND leg = 'open' AND state = 'READY' RETURNING id`,
      [missed.routeId],
    )
    return dead.length === 1
  })
  const joining = await stage.follow(strategyId, {}, { mode: 'copy-open', maxDistancePercent: '5' })
  for (const deadline = Date.now() + 30_000; (await waiting(missed, joining)) < 2; await decideOnly())
    if (Date.now() > deadline) throw new Error('nothing was made up for')
  await killWhileSending('K7', () => sleep(20))
  await untilHeld([
    [missed, '0.05'],
    [joining, '0.05'],
    [gathering, '0'],
  ])
  expect(await bought(missed, joining, gathering)).toEqual([1, 1, 0])

  await trade('BUY', '0.1')
  await killWhileSending('K6', decideOnly)
  await untilHeld([
    [missed, '0.1'],
    [joining, '0.1'],
    [gathering, '0.002'],
  ])
  expect(await bought(missed, joining, gathering)).toEqual([2, 2, 1])

  await trade('SELL', '0.2', { reduceOnly: 'true' })
  await untilHeld([
    [missed, '0'],
    [joining, '0'],
    [gathering, '0'],
  ])
  const own = await stage.db.query<{ n: number; decided: number }>(
    `SELECT count(*)::int AS n, count(DISTINCT d.id)::int AS decided FROM signal s JOIN decision d ON d.signal_id = s.id WHERE s.source = 'FOLLOW'`,
  )
  expect(own).toEqual([{ n: 2, decided: 2 }])
  expect(await stage.gaps()).toBe(0)
})
