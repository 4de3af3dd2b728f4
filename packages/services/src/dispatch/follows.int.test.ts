import { randomUUID } from 'node:crypto'
import { FollowSettings, reasonText, type FollowSettingsInput, type ReasonNumbers } from '@matic/contracts'
import { createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dispatchSignals } from './dispatch-signals.ts'

const buy = { action: 'buy', symbol: 'BTCUSDT', quantity: '0.02' }
const close = { action: 'close', symbol: 'BTCUSDT' }
let desk: Desk
let leader: Person
let strategyId: string

beforeAll(async () => {
  desk = await createDesk()
})
beforeEach(async () => {
  await desk.tidy()
  leader = await desk.makePerson()
  strategyId = await offer(leader)
})
afterAll(() => desk.drop())

async function offer(of: Person): Promise<string> {
  const id = randomUUID()
  await desk.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id) VALUES ($1, $2, $3, 'Trend', 'WEBHOOK', $4)`,
    [id, of.userId, of.accountId, of.webhookId],
  )
  return id
}

async function follow(by: Person, settings: FollowSettingsInput, { of = leader, strategy = strategyId } = {}): Promise<string> {
  const [followId, routeId] = [randomUUID(), randomUUID()]
  await desk.db.query(
    `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at) VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() - interval '1 second')`,
    [followId, by.userId, strategy, by.accountId, routeId, JSON.stringify(FollowSettings.parse(settings))],
  )
  await desk.db.query(
    `INSERT INTO route (id, user_id, source_kind, source_id, account_id, follow_id) VALUES ($1, $2, 'WEBHOOK', $3, $4, $5)`,
    [routeId, by.userId, of.webhookId, by.accountId, followId],
  )
  return routeId
}

async function decisionsOf(signalId: string, of: Person) {
  return desk.db.query<{ outcome: string; intent: string; reason: string | null; numbers: ReasonNumbers }>(
    'SELECT outcome, intent, reason, numbers FROM decision WHERE signal_id = $1 AND account_id = $2',
    [signalId, of.accountId],
  )
}

async function ordersOf(signalId: string, of: Person) {
  return desk.db.query<{ leg: string; side: string; quantity: string | null; fraction: string | null }>(
    `SELECT leg, side, trim_scale(quantity_base)::text AS quantity, trim_scale(reduce_fraction)::text AS fraction
       FROM trade_order WHERE signal_id = $1 AND account_id = $2 ORDER BY priority, id`,
    [signalId, of.accountId],
  )
}

async function gaps(): Promise<number> {
  return Number((await desk.db.query<{ n: string }>('SELECT copy_decision_gaps() AS n'))[0]?.n)
}

const ratio = { sizing: { mode: 'ratio', ratio: '0.5' } } as const

describe('a follow', () => {
  it('copies its leader’s alert: one decision each, each in their own size', async () => {
    const follower = await desk.makePerson()
    await follow(follower, ratio)
    const signal = await desk.send(leader, buy)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(signal, leader)).toMatchObject([{ leg: 'open', side: 'buy', quantity: '0.02' }])
    expect(await decisionsOf(signal, follower)).toMatchObject([{ outcome: 'ORDERS', intent: 'open', numbers: { ratio: '0.5' } }])
    expect(await ordersOf(signal, follower)).toMatchObject([{ leg: 'open', side: 'buy', quantity: '0.01' }])
    expect(await gaps()).toBe(0)
  })

  it('of many is decided in slices, all by the same leader, with no gap', async () => {
    const followers = await Promise.all(Array.from({ length: 40 }, () => desk.makePerson()))
    for (const one of followers) await follow(one, ratio)
    const signal = await desk.send(leader, buy)
    await dispatchSignals({ ctx: desk.ctx })
    for (const one of followers) expect(await ordersOf(signal, one)).toMatchObject([{ quantity: '0.01' }])
    expect(await gaps()).toBe(0)
  })

  it('in reverse takes the other side', async () => {
    const follower = await desk.makePerson()
    await follow(follower, { ...ratio, direction: 'reverse' })
    const signal = await desk.send(leader, buy)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(signal, follower)).toMatchObject([{ leg: 'open', side: 'sell', quantity: '0.01' }])
  })

  it('does not hear test alerts, nor what came before it', async () => {
    const follower = await desk.makePerson()
    const before = await desk.send(leader, buy)
    await desk.db.query(`UPDATE signal SET committed_at = now() - interval '1 minute' WHERE id = $1`, [before])
    await follow(follower, ratio)
    const test = await desk.send(leader, buy, { source: 'TEST' })
    await dispatchSignals({ ctx: desk.ctx })
    expect([...(await decisionsOf(before, follower)), ...(await decisionsOf(test, follower))]).toEqual([])
    expect(await gaps()).toBe(0)
  })
})

describe('where the leader', () => {
  it('adds, the follower adds in the proportion that the leader’s position grows', async () => {
    const follower = await desk.makePerson()
    const routeId = await follow(follower, { sizing: { mode: 'fixed-quote', notionalQuote: '900' } })
    await desk.hold(leader, { quantity: '0.04' })
    await desk.hold(follower, { quantity: '0.01', routeId })
    const signal = await desk.send(leader, buy)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(signal, follower)).toMatchObject([{ leg: 'open', side: 'buy', quantity: '0.005' }])
  })

  it('adds to what the follower is not in, nothing is copied', async () => {
    const follower = await desk.makePerson()
    await follow(follower, ratio)
    await desk.hold(leader, { quantity: '0.04' })
    const signal = await desk.send(leader, buy)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await decisionsOf(signal, follower)).toMatchObject([{ outcome: 'BLOCKED', intent: 'add', reason: 'FOLLOW_NOT_IN' }])
  })

  it('closes part, the same part of what the follower has left goes', async () => {
    const follower = await desk.makePerson()
    const routeId = await follow(follower, ratio)
    await desk.hold(leader, { quantity: '0.04' })
    await desk.hold(follower, { quantity: '0.01', routeId })
    const signal = await desk.send(leader, {
      action: 'sell',
      symbol: 'BTCUSDT',
      quantity: '0.01',
      market_position: 'long',
      market_position_size: '0.03',
      prev_market_position: 'long',
      prev_market_position_size: '0.04',
    })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(signal, follower)).toMatchObject([{ leg: 'reduce', side: 'sell', fraction: '0.25' }])
  })

  it('closes the last part, the follower’s remainder goes with it', async () => {
    const follower = await desk.makePerson()
    const routeId = await follow(follower, ratio)
    await desk.hold(leader, { quantity: '0.03' })
    await desk.hold(follower, { quantity: '0.0037', routeId })
    const signal = await desk.send(leader, { action: 'sell', symbol: 'BTCUSDT', quantity: '0.03', market_position: 'flat' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(signal, follower)).toMatchObject([{ leg: 'close', quantity: null, fraction: null }])
  })

  it('reverses where the follower may not open, the follower closes all the same and reads why', async () => {
    const follower = await desk.makePerson()
    const routeId = await follow(follower, ratio)
    await desk.db.query(`UPDATE follow SET state = 'PAUSED' WHERE route_id = $1`, [routeId])
    await desk.hold(leader, { quantity: '0.02' })
    await desk.hold(follower, { quantity: '0.01', routeId })
    const signal = await desk.send(leader, { action: 'sell', symbol: 'BTCUSDT', quantity: '0.02' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(signal, follower)).toMatchObject([{ leg: 'close', side: 'sell' }])
    expect(await decisionsOf(signal, follower)).toMatchObject([{ outcome: 'ORDERS', intent: 'reverse', reason: 'FOLLOW_PAUSED' }])
  })

  it('reverses, the follower closes and opens the other side', async () => {
    const follower = await desk.makePerson()
    const routeId = await follow(follower, ratio)
    await desk.hold(leader, { quantity: '0.02' })
    await desk.hold(follower, { quantity: '0.01', routeId })
    const signal = await desk.send(leader, { action: 'sell', symbol: 'BTCUSDT', quantity: '0.02' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(signal, follower)).toMatchObject([
      { leg: 'close', side: 'sell' },
      { leg: 'open', side: 'sell', quantity: '0.01' },
    ])
  })

  it('closes, the follower closes, paused or not', async () => {
    const follower = await desk.makePerson()
    const routeId = await follow(follower, ratio)
    await desk.db.query(`UPDATE follow SET state = 'PAUSED' WHERE route_id = $1`, [routeId])
    await desk.hold(follower, { quantity: '0.01', routeId })
    const opening = await desk.send(leader, { ...buy, symbol: 'ETHUSDT', quantity: '1' })
    const signal = await desk.send(leader, close)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await decisionsOf(opening, follower)).toMatchObject([{ outcome: 'BLOCKED', reason: 'FOLLOW_PAUSED' }])
    expect(await ordersOf(signal, follower)).toMatchObject([{ leg: 'close' }])
  })
})

describe('what belongs to somebody else', () => {
  it.each([['the first leader'], ['the second leader']])(
    'is never opened into or closed by another leader: %s was first',
    async (first) => {
      const follower = await desk.makePerson()
      const other = await desk.makePerson()
      const otherStrategy = await offer(other)
      await follow(follower, ratio)
      await follow(follower, ratio, { of: other, strategy: otherStrategy })
      const [one, two] = first === 'the first leader' ? [leader, other] : [other, leader]
      const opened = await desk.send(one, buy)
      const refused = await desk.send(two, buy)
      const notTheirs = await desk.send(two, close)
      await dispatchSignals({ ctx: desk.ctx })
      expect(await ordersOf(opened, follower)).toMatchObject([{ leg: 'open' }])
      expect(await decisionsOf(refused, follower)).toMatchObject([{ outcome: 'BLOCKED', reason: 'SYMBOL_OWNED' }])
      expect(await decisionsOf(notTheirs, follower)).toMatchObject([{ outcome: 'SKIPPED', reason: 'NOTHING_TO_CLOSE' }])
      expect(await ordersOf(notTheirs, follower)).toEqual([])
    },
  )

  it('the follower’s own position, opened here or at the exchange, is left alone', async () => {
    const follower = await desk.makePerson()
    await follow(follower, ratio)
    await desk.hold(follower, { routeId: follower.manualRouteId })
    const opening = await desk.send(leader, buy)
    const closing = await desk.send(leader, close)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await decisionsOf(opening, follower)).toMatchObject([{ reason: 'SYMBOL_OWNED' }])
    expect(await decisionsOf(closing, follower)).toMatchObject([{ reason: 'NOTHING_TO_CLOSE' }])
    await desk.db.query('UPDATE position SET route_id = NULL WHERE account_id = $1', [follower.accountId])
    const again = await desk.send(leader, { ...close, comment: 'once more' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await decisionsOf(again, follower)).toMatchObject([{ reason: 'NOTHING_TO_CLOSE' }])
  })
})

describe('the follower’s policy', () => {
  it('where there is not enough balance is skip, or shrink', async () => {
    const [poor, shrinking] = [await desk.makePerson(), await desk.makePerson()]
    const large = { sizing: { mode: 'fixed-quote', notionalQuote: '200000' }, leverage: 10 } as const
    await follow(poor, large)
    await follow(shrinking, { ...large, notEnoughBalance: 'shrink' })
    const signal = await desk.send(leader, buy)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await decisionsOf(signal, poor)).toMatchObject([{ outcome: 'BLOCKED', reason: 'INSUFFICIENT_MARGIN' }])
    const [order] = await ordersOf(signal, shrinking)
    expect(Number(order?.quantity)).toBeGreaterThan(1.9)
    expect(Number(order?.quantity)).toBeLessThan(2)
  })

  it('below the minimum is skip, or round up within a cap', async () => {
    const [skipping, rounding, capped] = [await desk.makePerson(), await desk.makePerson(), await desk.makePerson()]
    const small = { sizing: { mode: 'ratio', ratio: '0.01' } } as const
    await follow(skipping, small)
    await follow(rounding, { ...small, belowMinimum: 'round-up', roundUpMaxQuote: '150' })
    await follow(capped, { ...small, belowMinimum: 'round-up', roundUpMaxQuote: '90' })
    const signal = await desk.send(leader, buy)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await decisionsOf(signal, skipping)).toMatchObject([{ outcome: 'BLOCKED' }])
    expect(await ordersOf(signal, rounding)).toMatchObject([{ quantity: '0.002' }])
    expect(await decisionsOf(signal, capped)).toMatchObject([{ outcome: 'BLOCKED' }])
  })

  it('below the minimum may be to gather: once for each signal, over batches and decisions that are made again', async () => {
    const follower = await desk.makePerson()
    const routeId = await follow(follower, { sizing: { mode: 'ratio', ratio: '0.05' }, belowMinimum: 'accumulate' })
    const waits = () =>
      desk.db.query('SELECT symbol, side, trim_scale(quantity_base)::text AS quantity FROM copy_remainder WHERE route_id = $1', [routeId])
    const first = await desk.send(leader, buy)
    await dispatchSignals({ ctx: desk.ctx })
    const numbers = { askedBase: '0.001', gatheredBase: '0.001', neededBase: '0.002' }
    expect(await decisionsOf(first, follower)).toMatchObject([{ outcome: 'SKIPPED', reason: 'GATHERING', numbers }])
    await desk.db.query(`UPDATE signal SET state = 'RECEIVED' WHERE id = $1`, [first])
    await dispatchSignals({ ctx: desk.ctx })
    expect(await waits()).toEqual([{ symbol: 'BTC/USDT:USDT', side: 'LONG', quantity: '0.001' }])

    const second = await desk.send(leader, { ...buy, quantity: '0.01' })
    const third = await desk.send(leader, { ...buy, quantity: '0.03' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await decisionsOf(second, follower)).toMatchObject([{ reason: 'GATHERING', numbers: { gatheredBase: '0.0015' } }])
    expect(await ordersOf(third, follower)).toMatchObject([{ leg: 'open', side: 'buy', quantity: '0.003' }])
    expect(await waits()).toEqual([])
    expect(await gaps()).toBe(0)
  })

  it('makes an order that is too large as large as the largest', async () => {
    const follower = await desk.makePerson()
    await follow(follower, { ...ratio, maxOrderQuote: '300' })
    const signal = await desk.send(leader, buy)
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(signal, follower)).toMatchObject([{ quantity: '0.006' }])
  })

  it('to some markets says whose limit it is', async () => {
    const [own, other] = [await desk.makePerson(), await desk.makePerson()]
    await follow(own, { ...ratio, allowedSymbols: ['ETHUSDT'] })
    await follow(other, ratio)
    await desk.db.query(`UPDATE bot_settings SET allowed_symbols = '{ETHUSDT}' WHERE user_id = $1`, [other.userId])
    const reasons = async (symbol: string) => {
      const signal = await desk.send(leader, { ...buy, symbol, quantity: '1' })
      await dispatchSignals({ ctx: desk.ctx })
      return [...(await decisionsOf(signal, own)), ...(await decisionsOf(signal, other))].map(({ reason }) => reason)
    }
    expect(await reasons('BTCUSDT')).toEqual(['FOLLOW_SYMBOLS', 'SYMBOL_NOT_ALLOWED'])
    await desk.db.query(`UPDATE strategy SET forced = '{"symbols":["BTCUSDT"]}' WHERE id = $1`, [strategyId])
    expect(await reasons('ETHUSDT')).toEqual(['STRATEGY_SYMBOLS', 'STRATEGY_SYMBOLS'])
  })

  it('to what is on no list of blocked symbols says whose list it is', async () => {
    const [own, other] = [await desk.makePerson(), await desk.makePerson()]
    await follow(own, { ...ratio, blockedSymbols: ['BTCUSDT'] })
    await follow(other, ratio)
    await desk.db.query(`UPDATE bot_settings SET blacklisted_symbols = '{BTCUSDT}' WHERE user_id = $1`, [other.userId])
    const signal = await desk.send(leader, buy)
    await dispatchSignals({ ctx: desk.ctx })
    const decided = [...(await decisionsOf(signal, own)), ...(await decisionsOf(signal, other))]
    expect(decided.map(({ reason, numbers }) => [reason, reasonText('SYMBOL_BLACKLISTED', numbers)])).toEqual([
      ['SYMBOL_BLACKLISTED', 'BTC/USDT is on the list of blocked symbols of this follow.'],
      ['SYMBOL_BLACKLISTED', 'BTC/USDT is on the list of blocked symbols of the account’s rules.'],
    ])
    expect(reasonText('SYMBOL_BLACKLISTED', { symbol: 'BTC/USDT:USDT' }), 'as decided before').toBe(
      'BTC/USDT is on the list of blocked symbols of the follow or the account’s rules.',
    )
  })

  it('on price and age stops openings, never closes', async () => {
    const follower = await desk.makePerson()
    const routeId = await follow(follower, { ...ratio, entrySlippagePercent: '0.5', maxSignalAgeSeconds: 5 })
    const moved = await desk.send(leader, { ...buy, price: '49000' })
    const late = await desk.send(leader, { ...buy, symbol: 'ETHUSDT', quantity: '1' }, { alertMs: -20_000 })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await decisionsOf(moved, follower)).toMatchObject([{ outcome: 'BLOCKED', reason: 'SLIPPAGE' }])
    expect(await decisionsOf(late, follower)).toMatchObject([{ outcome: 'BLOCKED', reason: 'SIGNAL_TOO_OLD' }])
    await desk.hold(follower, { quantity: '0.01', routeId })
    const exit = await desk.send(leader, close, { alertMs: -600_000 })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(exit, follower)).toMatchObject([{ leg: 'close' }])
  })
})
