import { createStage, type Copier, type Stage, type Trader } from '@matic/testkit/copying/stage'
import { ETH } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { stopFollow } from './change-follow.ts'

let stage: Stage
let leader: Trader
let strategyId: string

beforeAll(async () => {
  stage = await createStage({ workers: 2 })
})
beforeEach(async () => {
  await stage.venue.pin('BTCUSDT', '60000')
  leader = await stage.makeTrader()
  await stage.until(
    async () => (await stage.db.query('SELECT 1 FROM account_state WHERE account_id = $1', [leader.accountId])).length === 1,
  )
  strategyId = await stage.offer(leader)
})
afterAll(() => stage?.[Symbol.asyncDispose]())

const buy = { action: 'buy', quantity: '0.1' }
const untilAll = (people: readonly Trader[], quantities: readonly string[], protection: string) =>
  stage.until(async () => {
    const held = await Promise.all(people.map((one) => stage.holds(one)))
    return held.every((one, index) => one.quantity === quantities[index] && one.protection === protection)
  })
const atVenue = (people: readonly Trader[]) => Promise.all(people.map((one) => stage.atVenue(one)))

const stateOf = async ({ followId }: Copier) =>
  (await stage.db.query<{ state: string }>('SELECT state FROM follow WHERE id = $1', [followId]))[0]?.state

describe('a leader with two followers', () => {
  it('opens, closes half and closes: at the venue each follower holds its part, protected, then half of it, then nothing', async () => {
    const followers: Copier[] = [
      await stage.follow(strategyId),
      await stage.follow(strategyId, { sizing: { mode: 'ratio', ratio: '0.2' } }),
    ]
    const everyone = [leader, ...followers]
    await stage.alert(leader, buy)
    await untilAll(everyone, ['0.1', '0.05', '0.02'], 'PROTECTED')
    expect(await atVenue(everyone)).toEqual(['0.1', '0.05', '0.02'])

    await stage.alert(leader, { action: 'sell', quantity: '0.05', market_position: 'long', market_position_size: '0.05' })
    await untilAll(everyone, ['0.05', '0.025', '0.01'], 'PROTECTED')
    expect(await atVenue(everyone)).toEqual(['0.05', '0.025', '0.01'])

    await stage.alert(leader, { action: 'close' })
    await untilAll(everyone, ['0', '0', '0'], 'NONE')
    expect(await atVenue(everyone)).toEqual(['0', '0', '0'])
    expect(await stage.gaps()).toBe(0)
  })
})

describe('a follower who stops', () => {
  const holding = async (settings: Parameters<Stage['follow']>[1] = {}) => {
    const follower = await stage.follow(strategyId, settings)
    await stage.alert(leader, buy)
    await untilAll([leader, follower], ['0.1', '0.05'], 'PROTECTED')
    return follower
  }
  const stop = (follower: Copier, positions: 'close' | 'keep' | 'hand-over') =>
    stopFollow({ ctx: stage.ctx, input: { ...follower, positions, requestId: null } })
  const workingOpens = async ({ accountId }: Copier) =>
    (
      await stage.db.query(
        `SELECT 1 FROM trade_order WHERE account_id = $1 AND leg = 'open' AND state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')`,
        [accountId],
      )
    ).length

  it('and takes over what it holds keeps it, stop and all: no close of the leader and no comparison with the exchange takes it', async () => {
    const follower = await holding()
    await stage.alert(leader, { action: 'buy', symbol: 'ETHUSDT', quantity: '1', type: 'limit', price: '1000' })
    await stage.until(async () => (await workingOpens(follower)) === 1)
    const { stop: stopPrice } = await stage.holds(follower)
    await stop(follower, 'hand-over')
    await stage.alert(leader, { action: 'close' })
    await stage.until(async () => (await stage.holds(leader)).quantity === '0' && (await workingOpens(follower)) === 0)
    for (let count = 0; count < 5; count += 1) {
      await stage.db.query(`UPDATE lane SET reconcile_at = 'epoch'`)
      await stage.round()
      await stage.sweep()
    }
    expect(await stage.holds(follower)).toEqual({
      quantity: '0.05',
      protection: 'PROTECTED',
      routeId: follower.manualRouteId,
      stop: stopPrice,
    })
    expect(await stage.atVenue(follower)).toBe('0.05')
    const shares = await stage.db.query(
      'SELECT route_id AS route, trim_scale(quantity_base)::text AS base FROM position_share WHERE account_id = $1 AND quantity_base <> 0',
      [follower.accountId],
    )
    expect(shares).toEqual([{ route: follower.manualRouteId, base: '0.05' }])
    const worths = await stage.db.query(
      `SELECT trim_scale(quantity_base)::text AS base, trim_scale(price)::text AS price, profit < 0 AS "paidFees", priced_at IS NOT NULL AS marked FROM handed_over WHERE follow_id = $1`,
      [follower.followId],
    )
    expect(worths, 'its worth is noted once').toEqual([{ base: '0.05', price: '60000', paidFees: true, marked: true }])
  })

  it('and keeps what it holds is closed by the leader, protected until then, and over when flat', async () => {
    const follower = await holding()
    await stop(follower, 'keep')
    await stage.alert(leader, { action: 'buy', symbol: 'ETHUSDT', quantity: '1' })
    await stage.until(async () => (await stage.holds(leader, ETH)).quantity === '1')
    expect([await stage.holds(follower, ETH), await stage.holds(follower)]).toMatchObject([
      { quantity: '0' },
      { quantity: '0.05', protection: 'PROTECTED' },
    ])
    await stage.alert(leader, { action: 'close' })
    await untilAll([follower], ['0'], 'NONE')
    await stage.until(async () => {
      await stage.sweep()
      return (await stateOf(follower)) === 'STOPPED'
    })
  })

  it('and closes what it holds is flat at the venue, while another follower goes on', async () => {
    const other = await stage.follow(strategyId)
    const follower = await holding()
    await stop(follower, 'close')
    await stage.until(async () => (await stage.atVenue(follower)) === '0')
    expect(await stage.atVenue(other)).toBe('0.05')
    expect(await stateOf(follower)).toBe('STOPPED')
  })
})

it('a follower who closes by hand is detached: an add is not copied, the leader’s way out takes them in again', async () => {
  const follower = await stage.follow(strategyId)
  await stage.alert(leader, buy)
  await untilAll([leader, follower], ['0.1', '0.05'], 'PROTECTED')
  await stage.byHand(follower, 'close')
  await untilAll([follower], ['0'], 'NONE')
  const detached = async () =>
    stage.db.query('SELECT cause FROM follow_detachment WHERE follow_id = $1 AND ended_at IS NULL', [follower.followId])
  await stage.until(async () => {
    await stage.sweep()
    return (await detached()).length === 1
  })
  expect(await detached()).toEqual([{ cause: 'BY_HAND' }])

  const adding = await stage.alert(leader, { ...buy, quantity: '0.02' })
  await untilAll([leader], ['0.12'], 'PROTECTED')
  const decisions = await stage.db.query('SELECT reason FROM decision WHERE signal_id = $1 AND account_id = $2', [
    adding,
    follower.accountId,
  ])
  expect(decisions).toEqual([{ reason: 'FOLLOW_DETACHED' }])
  await stage.alert(leader, { action: 'close' })
  await untilAll([leader, follower], ['0', '0'], 'NONE')
  await stage.alert(leader, buy)
  await untilAll([leader, follower], ['0.1', '0.05'], 'PROTECTED')
  expect(await stage.gaps()).toBe(0)
})

it('the portfolio stop closes at the venue what the follow holds, and leaves the leader alone', async () => {
  const follower = await stage.follow(strategyId, { portfolioStopPercent: '1' })
  await stage.alert(leader, { ...buy, quantity: '0.2' })
  await untilAll([leader, follower], ['0.2', '0.1'], 'PROTECTED')
  await stage.venue.pin('BTCUSDT', '58800')
  await stage.until(async () => {
    await stage.sweep()
    return (await stage.atVenue(follower)) === '0'
  })
  expect([await stateOf(follower), await stage.atVenue(leader)]).toEqual(['STOPPED', '0.2'])
})
