import { createStage, type Copier, type Stage, type Trader } from '@matic/testkit/copying/stage'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dispatchSignals } from '../dispatch/index.ts'
import { DRIFT_GRACE_S, watchDrift } from './drift-watch.ts'

let stage: Stage
let leader: Trader
let follower: Copier

beforeAll(async () => {
  stage = await createStage({ workers: 1 })
})
beforeEach(async () => {
  await stage.venue.pin('BTCUSDT', '60000')
  leader = await stage.makeTrader()
  await stage.until(
    async () => (await stage.db.query('SELECT 1 FROM account_state WHERE account_id = $1', [leader.accountId])).length === 1,
  )
  follower = await stage.follow(await stage.offer(leader))
})
afterAll(() => stage?.[Symbol.asyncDispose]())

const repairs = () =>
  stage.db.query(`SELECT alert->>'action' AS action FROM signal WHERE source = 'FOLLOW' AND source_id = $1`, [follower.followId])
const hold = (quantities: readonly [string, string], look = async () => {}) =>
  stage.until(async () => {
    await look()
    return (await stage.holds(leader)).quantity === quantities[0] && (await stage.holds(follower)).quantity === quantities[1]
  })

describe('what a follower holds at the venue', () => {
  it('after a close of theirs died is closed by one more, within the time that is promised', async () => {
    await stage.alert(leader, { action: 'buy', quantity: '0.1' })
    await hold(['0.1', '0.05'])
    await stage.alert(leader, { action: 'close' })
    await dispatchSignals({ ctx: stage.ctx })
    const killed = await stage.db.query(
      `UPDATE trade_order SET state = 'DEAD', ended_at = clock_timestamp() WHERE account_id = $1 AND leg = 'close' AND state = 'READY' RETURNING id`,
      [follower.accountId],
    )
    expect(killed).toHaveLength(1)
    await hold(['0', '0.05'])
    await stage.until(async () => {
      await watchDrift({ ctx: stage.ctx, input: { afterId: null } })
      return (await stage.atVenue(follower)) === '0'
    })
    expect(await repairs()).toEqual([{ action: 'close' }])
    await hold(['0', '0'])
    const [drift] = await stage.db.query<{ waited: number }>(
      `SELECT cause, doubt, repairs, extract(epoch FROM last_repair_at - since)::float8 / $2::float8 AS waited FROM copy_drift WHERE follow_id = $1`,
      [follower.followId, stage.ctx.timings.scale],
    )
    expect(drift).toMatchObject({ cause: 'missed-close', doubt: null, repairs: 1 })
    expect(drift?.waited).toBeGreaterThanOrEqual(DRIFT_GRACE_S)
    expect(drift?.waited).toBeLessThan(2 * DRIFT_GRACE_S)
  })

  it('and too little, after an opening of theirs died, is made up for once; however they follow, alerts or an account', async () => {
    const eager = { ...stage.ctx, timings: { ...stage.ctx.timings, scale: 0.02 } }
    const byHand = await stage.makeTrader()
    await stage.until(
      async () => (await stage.db.query('SELECT 1 FROM account_state WHERE account_id = $1', [byHand.accountId])).length === 1,
    )
    const [alerts, account] = [await stage.offer(leader), await stage.offer(byHand, 'ACCOUNT')]
    const copiers = [
      await stage.follow(alerts, { repair: 'full', direction: 'reverse' }),
      await stage.follow(alerts, { repair: 'full' }),
      await stage.follow(account, { repair: 'full' }),
      await stage.follow(account, { repair: 'full', direction: 'reverse' }),
    ]
    for (const copier of [copiers[1], copiers[3]]) if (copier) await stage.hedge(copier)
    const routes = copiers.map(({ routeId }) => routeId)
    /** What they would have sent; their leaders' own orders go. */
    const kill = async (leg: string) => {
      const killed: string[] = []
      await stage.until(async () => {
        await dispatchSignals({ ctx: stage.ctx })
        const rows = await stage.db.query<{ route: string }>(
          `UPDATE trade_order SET state = 'DEAD', ended_at = clock_timestamp() WHERE route_id = ANY($1::uuid[]) AND leg = $2 AND state = 'READY' RETURNING route_id AS route`,
          [routes, leg],
        )
        killed.push(...rows.map(({ route }) => route))
        return killed.length >= copiers.length
      })
      expect(killed.toSorted()).toEqual(routes.toSorted())
    }
    const trade = (side: 'BUY' | 'SELL', more: Record<string, string> = {}) =>
      stage.venue.byHand(byHand.accountId, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side, type: 'MARKET', quantity: '0.1', ...more })
    const untilAll = (quantities: readonly string[]) =>
      stage.until(async () => {
        await watchDrift({ ctx: eager, input: { afterId: null } })
        const held = await Promise.all(copiers.map((copier) => stage.atVenue(copier)))
        return held.join(' ') === quantities.join(' ')
      })
    const sent = () =>
      stage.db.query(
        `SELECT s.alert->>'action' AS action, count(*)::int AS n, count(DISTINCT d.id)::int AS decided FROM signal s LEFT JOIN decision d ON d.signal_id = s.id
          WHERE s.source = 'FOLLOW' AND s.source_id = ANY($1::uuid[]) GROUP BY 1 ORDER BY 1`,
        [copiers.map(({ followId }) => followId)],
      )

    await stage.alert(leader, { action: 'buy', quantity: '0.1' })
    await trade('BUY')
    await kill('open')
    await untilAll(['-0.05', '0.05', '0.05', '-0.05'])
    await stage.until(async () =>
      (await Promise.all(copiers.map((copier) => stage.holds(copier)))).every(({ protection }) => protection === 'PROTECTED'),
    )
    for (let count = 0; count < 5; count += 1) {
      await stage.round()
      await watchDrift({ ctx: eager, input: { afterId: null } })
    }
    expect(await sent()).toEqual([{ action: 'buy', n: 4, decided: 4 }])
    await stage.alert(leader, { action: 'close' })
    await trade('SELL', { reduceOnly: 'true' })
    await kill('close')
    await untilAll(['0', '0', '0', '0'])
    expect(await sent()).toEqual([
      { action: 'buy', n: 4, decided: 4 },
      { action: 'close', n: 2, decided: 2 },
      { action: 'close-long', n: 2, decided: 2 },
    ])
    expect(await stage.gaps()).toBe(0)
  })

  it('by opening, adding, halving, turning and closing, with an order that fills late, is never repaired, however soon that would be', async () => {
    const eager = { ...stage.ctx, timings: { ...stage.ctx.timings, scale: 0.02 } }
    let looks = 0
    const look = async () => {
      looks += 1
      await watchDrift({ ctx: eager, input: { afterId: null } })
    }
    const step = async (body: Record<string, unknown>, quantities: readonly [string, string]) => {
      await stage.alert(leader, body)
      await hold(quantities, look)
    }
    await step({ action: 'buy', quantity: '0.1' }, ['0.1', '0.05'])
    await step({ action: 'buy', quantity: '0.04', market_position: 'long', market_position_size: '0.14' }, ['0.14', '0.07'])
    await step({ action: 'sell', quantity: '0.07', market_position: 'long', market_position_size: '0.07' }, ['0.07', '0.035'])
    await step({ action: 'sell', quantity: '0.17', market_position: 'short', market_position_size: '0.1', prev_market_position: 'long' }, [
      '-0.1',
      '-0.05',
    ])
    await step({ action: 'close' }, ['0', '0'])
    await stage.alert(leader, { action: 'buy', quantity: '0.1', type: 'limit', price: '59000' })
    for (let count = 0; count < 5; count += 1) {
      await stage.round()
      await look()
    }
    await stage.venue.pin('BTCUSDT', '58900')
    await stage.until(async () => {
      await look()
      const held = await Promise.all([stage.holds(leader), stage.holds(follower)])
      return held[0].quantity === '0.1' && held[1].quantity === '0.05' && held.every(({ routeId }) => routeId !== null)
    })
    await step({ action: 'close' }, ['0', '0'])
    for (let count = 0; count < 5; count += 1) await look()
    expect(looks).toBeGreaterThan(15)
    expect(await repairs()).toEqual([])
    expect(
      await stage.db.query(`SELECT cause, doubt FROM copy_drift WHERE follow_id = $1 AND way = 'reduces'`, [follower.followId]),
    ).toEqual([])
  })
})
