import { randomUUID } from 'node:crypto'
import {
  activityOf,
  activityText,
  FollowSettings,
  ForcedSettings,
  MailContent,
  type FactKind,
  type FollowSettingsInput,
} from '@matic/contracts'
import { BTC, createDesk, type Desk, type Person } from '@matic/testkit/dispatch/desk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { deleteAccount } from '../../accounts/delete-account.ts'
import { dispatchSignals } from '../../dispatch/index.ts'
import { changeStrategy, listOwnStrategies } from '../../leaders/own-strategies.ts'
import { recordFollowFacts } from '../../mail/mail-follow-news.ts'
import { mailWords } from '../../mail/words.ts'
import { changeFollow, stopFollow } from '../change-follow.ts'
import { getCopyTerms, putCopyTerms } from '../copy-terms.ts'
import { followFact } from '../follow-facts.ts'
import { listCopyDecisions } from '../list-copy-decisions.ts'
import { getFollow } from '../read-follows.ts'
import { removeFollower } from '../remove-follower.ts'
import { startFollow } from '../start-follow.ts'
import { sweepFollows } from './sweep-follows.ts'

interface Following extends Person {
  readonly followId: string
  readonly followRouteId: string
}

let desk: Desk
let leader: Person
let strategyId: string

beforeAll(async () => {
  desk = await createDesk()
})
beforeEach(async () => {
  await desk.tidy()
  await mark('50000')
  await desk.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = now(), stop_choice = NULL WHERE state <> 'STOPPED'`)
  leader = await desk.makePerson()
  strategyId = randomUUID()
  await desk.db.query(
    `INSERT INTO strategy (id, user_id, account_id, name, source_kind, source_id) VALUES ($1, $2, $3, 'Trend', 'WEBHOOK', $4)`,
    [strategyId, leader.userId, leader.accountId, leader.webhookId],
  )
})
afterAll(() => desk.drop())

const mark = (price: string) => desk.db.query('UPDATE market SET mark_price = $1, mark_at = now() WHERE symbol = $2', [price, BTC])
const sweep = () => sweepFollows({ ctx: desk.ctx, input: { sinceMs: undefined } })

async function follow(settings: Partial<FollowSettingsInput> = {}, joinedEquity: string | null = '10000'): Promise<Following> {
  const person = await desk.makePerson()
  const [followId, followRouteId] = [randomUUID(), randomUUID()]
  await desk.db.query(
    `INSERT INTO follow (id, user_id, strategy_id, account_id, route_id, settings, joined_at, joined_equity) VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp() - interval '1 second', $7)`,
    [
      followId,
      person.userId,
      strategyId,
      person.accountId,
      followRouteId,
      JSON.stringify(FollowSettings.parse({ sizing: { mode: 'ratio', ratio: '0.5' }, ...settings })),
      joinedEquity,
    ],
  )
  await desk.db.query(
    `INSERT INTO route (id, user_id, source_kind, source_id, account_id, follow_id) VALUES ($1, $2, 'WEBHOOK', $3, $4, $5)`,
    [followRouteId, person.userId, leader.webhookId, person.accountId, followId],
  )
  return { ...person, followId, followRouteId }
}

const stateOf = async ({ userId, followId }: Following) => getFollow({ db: desk.db, input: { userId, followId } })

/** The sentences that its follower has read. */
async function toldTo({ userId }: Person): Promise<string[]> {
  const facts = await desk.db.query<{ kind: FactKind; entity: string; payload: Record<string, unknown> }>(
    `SELECT kind, entity, payload FROM fact WHERE user_id = $1 AND kind = 'follow-changed' ORDER BY id`,
    [userId],
  )
  return facts.map((fact) => {
    const line = activityOf(fact)
    return line === null ? '' : activityText(line.code, line.params)
  })
}

async function ordersOf({ accountId }: Person) {
  return desk.db.query<{ leg: string; side: string; symbol: string; cancelled: boolean }>(
    `SELECT leg, side, symbol, cancel_requested_at IS NOT NULL AS cancelled FROM trade_order WHERE account_id = $1 ORDER BY created_at, leg`,
    [accountId],
  )
}

async function addTrade(of: Following, { grossPnl, closedAgoS }: { grossPnl: string; closedAgoS: number }): Promise<string> {
  const id = randomUUID()
  await desk.db.query(
    `INSERT INTO trade (id, user_id, account_id, route_id, symbol, side, opened_at, closed_at, entry_base, entry_price, exit_base, exit_price, gross_pnl, fee_currency, first_trade_id)
     VALUES ($1::uuid, $2, $3, $4, $5, 'LONG', now() - interval '1 hour', now() - make_interval(secs => $6), 0.01, 50000, 0.01, 50000, $7, 'USDT', $1::text)`,
    [id, of.userId, of.accountId, of.followRouteId, BTC, closedAgoS, grossPnl],
  )
  return id
}

/** The fill that ended a trade, by an order of this leg and route; null: by none of ours. */
async function lastFill(of: Following, by: { leg: string; routeId: string } | null): Promise<void> {
  const orderId = by === null ? null : randomUUID()
  if (by !== null)
    await desk.db.query(
      `INSERT INTO trade_order (id, user_id, account_id, route_id, cause, leg, client_order_id, symbol, side, type, state, priority, filled_base, filled_at)
       VALUES ($1::uuid, $2, $3, $4, $1::text, $5, $1::text, $6, 'sell', 'market', 'FILLED', 0, 0.01, now())`,
      [orderId, of.userId, of.accountId, by.routeId, by.leg, BTC],
    )
  await desk.db.query(
    `INSERT INTO fill (id, user_id, account_id, order_id, symbol, trade_id, exchange_order_id, side, quantity_base, price, fee, fee_currency, at)
     VALUES ($1::uuid, $2, $3, $4, $5, $1::text, $1::text, 'sell', 0.01, 50000, 0, 'USDT', (SELECT max(closed_at) FROM trade WHERE account_id = $3))`,
    [randomUUID(), of.userId, of.accountId, orderId, BTC],
  )
}

/** The mails that wait for a person, as they will read them. */
async function mailedTo({ userId }: Person): Promise<string[]> {
  const mails = await desk.db.query<{ template: string; params: unknown }>(
    'SELECT template, params FROM mail WHERE user_id = $1 ORDER BY id',
    [userId],
  )
  return mails.map(({ template, params }) => {
    const { subject, text, path } = mailWords(MailContent.parse({ template, params }), { frontendUrl: 'https://trade.test' })
    return [subject, text.split('\n\n')[1], path].join(' | ')
  })
}

describe('mail', () => {
  it('tells a follower what became of their follow by itself, once, and nobody who wants no mails of it', async () => {
    const [wants, other] = [await follow({ portfolioStopPercent: '5' }), await follow({ portfolioStopPercent: '5' })]
    await desk.db.query('UPDATE app_user SET follow_mails = false WHERE id = $1', [other.userId])
    for (const one of [wants, other]) await addTrade(one, { grossPnl: '-501', closedAgoS: 10 })
    await Promise.all([sweep(), sweep()])
    expect([await toldTo(wants), await toldTo(other)]).toMatchObject([[expect.any(String)], [expect.any(String)]])
    expect(await mailedTo(wants)).toEqual([
      `News of your copy of Trend | Trend: this follow has lost -501 USDT, and its limit is -500 USDT. Everything it holds is closed, and it has stopped. | /copies/${wants.followId}`,
    ])
    expect(await mailedTo(other)).toEqual([])
  })

  it('stops at thirty a day; the activity log has them all', async () => {
    const follower = await follow()
    const facts = Array.from({ length: 20 }, () =>
      followFact({ ...follower, strategy: 'Trend' }, 'detached', { symbol: BTC, cause: 'STOP' }),
    )
    for (let round = 0; round < 2; round += 1) await desk.db.transaction((tx) => recordFollowFacts(tx, desk.ctx, facts))
    expect([(await mailedTo(follower)).length, (await toldTo(follower)).length]).toEqual([30, 40])
  })
})

describe('the portfolio stop', () => {
  it('closes everything the follow holds and stops it, once, whoever looks, and says so with the numbers', async () => {
    const follower = await follow({ portfolioStopPercent: '5' })
    const other = await follow({ portfolioStopPercent: '20' })
    for (const one of [follower, other]) await desk.hold(one, { quantity: '0.1', routeId: one.followRouteId })
    await addTrade(follower, { grossPnl: '-200', closedAgoS: 7_200 })
    await mark('47100')
    await sweep()
    expect(await stateOf(follower)).toMatchObject({ state: 'ACTIVE', stopAtResult: '-500' })

    await mark('47000')
    await Promise.all([sweep(), sweep(), sweep()])
    expect(await stateOf(follower)).toMatchObject({ state: 'STOPPED', stopCause: 'PORTFOLIO_STOP', stopChoice: 'close' })
    expect(await stateOf(other)).toMatchObject({ state: 'ACTIVE' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(follower)).toMatchObject([{ leg: 'close', side: 'sell' }])
    expect(await ordersOf(other)).toEqual([])
    expect(await toldTo(follower)).toEqual([
      'Trend: this follow has lost -500 USDT, and its limit is -500 USDT. Everything it holds is closed, and it has stopped.',
    ])
  })

  it('counts a loss that was taken while nothing is open any more', async () => {
    const follower = await follow({ portfolioStopPercent: '5' })
    await addTrade(follower, { grossPnl: '-501', closedAgoS: 10 })
    await sweep()
    expect(await stateOf(follower)).toMatchObject({ state: 'STOPPED', stopCause: 'PORTFOLIO_STOP' })
  })

  it('does not go by a result that is not booked yet', async () => {
    const follower = await follow({ portfolioStopPercent: '5' })
    await desk.hold(follower, { quantity: '0.2', routeId: follower.followRouteId })
    await desk.db.query(
      `INSERT INTO trade_order (id, user_id, account_id, route_id, cause, leg, client_order_id, symbol, side, type, state, priority, filled_base, filled_at)
       VALUES ($1::uuid, $2, $3, $4, 'c', 'reduce', $1::text, $5, 'sell', 'market', 'FILLED', 0, 0.01, now())`,
      [randomUUID(), follower.userId, follower.accountId, follower.followRouteId, BTC],
    )
    await mark('47000')
    await sweep()
    expect(await stateOf(follower)).toMatchObject({ state: 'ACTIVE' })
  })

  it('where the account was never read goes by what is read first, and nobody is left without', async () => {
    const follower = await follow({ portfolioStopPercent: '5' }, null)
    await desk.db.query('UPDATE account_state SET equity = 0 WHERE account_id = $1', [follower.accountId])
    await sweep()
    expect(await stateOf(follower)).toMatchObject({ joinedEquity: null, stopAtResult: null })
    await desk.db.query('UPDATE account_state SET equity = 2000 WHERE account_id = $1', [follower.accountId])
    await sweep()
    expect(await stateOf(follower)).toMatchObject({ joinedEquity: '2000', stopAtResult: '-100' })
    expect(await toldTo(follower)).toEqual([
      'Trend: your account was read for the first time. Portfolio stop and take profit go by 2000 USDT from now on.',
    ])
  })
})

it('the take profit closes everything the follow holds and stops it', async () => {
  const follower = await follow({ takeProfitPercent: '3' })
  await desk.hold(follower, { quantity: '0.1', routeId: follower.followRouteId })
  await mark('53000')
  await sweep()
  expect(await stateOf(follower)).toMatchObject({ state: 'STOPPED', stopCause: 'TAKE_PROFIT', takeAtResult: '300' })
  expect(await toldTo(follower)).toEqual([
    'Trend: this follow has made 300 USDT, and its target is 300 USDT. Everything it holds is closed, and it has stopped.',
  ])
})

describe('a follow that only closes', () => {
  it('is over once it is flat and nothing works', async () => {
    const follower = await follow()
    await desk.db.query(`UPDATE follow SET state = 'CLOSE_ONLY' WHERE id = $1`, [follower.followId])
    await desk.hold(follower, { routeId: follower.followRouteId })
    await sweep()
    expect(await stateOf(follower)).toMatchObject({ state: 'CLOSE_ONLY' })
    await desk.db.query('UPDATE position SET quantity_base = 0 WHERE account_id = $1', [follower.accountId])
    await sweep()
    expect(await stateOf(follower)).toMatchObject({ state: 'STOPPED', stopCause: 'BY_FOLLOWER' })
    expect(await toldTo(follower)).toEqual(['Trend: nothing is left open, so this follow is over.'])
  })

  it('is what is left where the leader closes the strategy, and the leader’s closes still close it', async () => {
    const follower = await follow()
    await desk.hold(follower, { routeId: follower.followRouteId })
    await desk.db.query('UPDATE strategy SET closed_at = now() WHERE id = $1', [strategyId])
    await Promise.all([sweep(), sweep()])
    expect(await stateOf(follower)).toMatchObject({ state: 'CLOSE_ONLY', stopCause: 'STRATEGY_CLOSED' })
    expect(await toldTo(follower)).toEqual([
      'Trend: its leader has closed the strategy. Nothing opens any more; what you hold is still closed with the leader.',
    ])
    expect(await mailedTo(follower)).toMatchObject([expect.stringContaining('Trend: its leader has closed the strategy.')])
    await desk.send(leader, { action: 'close', symbol: 'BTCUSDT' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(follower)).toMatchObject([{ leg: 'close' }])
  })

  it('is what is left where the leader removes the follower, who is told, by mail too, and is over when flat', async () => {
    const follower = await follow()
    await desk.hold(follower, { routeId: follower.followRouteId })
    const { userId, followId } = follower
    const remove = (by: Person) => removeFollower({ ctx: desk.ctx, input: { userId: by.userId, strategyId, followId } })
    await expect(remove(follower)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await Promise.all([remove(leader), remove(leader)])).toMatchObject([{ isRemoved: true }, { state: 'CLOSE_ONLY' }])
    await expect(changeFollow({ ctx: desk.ctx, input: { userId, followId, state: 'PAUSED' } })).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await mailedTo(follower)).toMatchObject([expect.stringContaining('Trend: its leader has removed you.')])
    await desk.db.query('UPDATE strategy SET closed_at = now() WHERE id = $1', [strategyId])
    await sweep()
    expect(await toldTo(follower), 'that nothing opens is no news').toHaveLength(1)
    await desk.send(leader, { action: 'close', symbol: 'BTCUSDT' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(follower)).toMatchObject([{ leg: 'close' }])
    await desk.db.query('UPDATE position SET quantity_base = 0 WHERE account_id = $1', [follower.accountId])
    await desk.db.query(`UPDATE trade_order SET state = 'FILLED' WHERE account_id = $1`, [follower.accountId])
    await sweep()
    expect(await stateOf(follower)).toMatchObject({ state: 'STOPPED', stopCause: 'REMOVED' })
  })

  it('is what is left where the leader is disabled or deletes the account, and its follower is told not to wait for closes', async () => {
    const follower = await follow()
    await desk.hold(follower, { routeId: follower.followRouteId })
    await deleteAccount({ ctx: desk.ctx, input: { userId: leader.userId, accountId: leader.accountId, ip: null } })
    await sweep()
    await sweep()
    expect(await stateOf(follower)).toMatchObject({ state: 'CLOSE_ONLY', stopCause: 'LEADER_GONE' })
    expect(await toldTo(follower)).toMatchObject([expect.stringContaining('its leader is gone. Do not wait for their closes')])
    expect(await mailedTo(follower)).toHaveLength(1)
    const { userId, followId } = follower
    await expect(changeFollow({ ctx: desk.ctx, input: { userId, followId, state: 'ACTIVE' } })).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('is not begun with a leader who is disabled', async () => {
    await desk.db.query('UPDATE app_user SET is_active = false WHERE id = $1', [leader.userId])
    const { userId, accountId } = await desk.makePerson()
    const settings = FollowSettings.parse({ sizing: { mode: 'ratio', ratio: '1' } })
    const input = { userId, accountId, strategyId, settings, inviteCode: undefined, join: { mode: 'flat' as const }, requestId: null }
    await expect(startFollow({ ctx: desk.ctx, input })).rejects.toMatchObject({ details: { reason: 'NOT_OFFERED' } })
  })
})

describe('what the leader changes for everybody', () => {
  const change = (forced: Partial<ForcedSettings>, state: 'PUBLISHED' | 'PAUSED' = 'PUBLISHED', profitSharePercent = '0') => {
    const offer = { source: 'WEBHOOK' as const, suggested: {}, profitSharePercent, managementPercent: '0', maxFollowers: null }
    const input = { userId: leader.userId, strategyId, ...offer, state, forced: ForcedSettings.parse(forced) }
    return putCopyTerms({ ctx: desk.ctx, input })
  }
  const close = (isClosed: boolean) => changeStrategy({ ctx: desk.ctx, input: { userId: leader.userId, strategyId, isClosed } })
  const anHourGoes = () => desk.db.query(`UPDATE follow SET terms_told_at = terms_told_at - interval '1 hour'`)
  const cross = 'Trend: Your leader now forces cross margin: yours was isolated, and what opens from now on is cross.'

  it('is told at once to each follower, by mail as well, and never twice; fees are not', async () => {
    const [follower, other] = [await follow({ marginMode: 'isolated' }), await follow({ marginMode: 'cross' })]
    const gone = await follow()
    await desk.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = now() WHERE id = $1`, [gone.followId])
    const removed = await follow()
    await desk.db.query(`UPDATE follow SET state = 'CLOSE_ONLY', stop_cause = 'REMOVED', removed_at = now() WHERE id = $1`, [
      removed.followId,
    ])
    expect(await change({ marginMode: 'cross' }), 'the leader is told how many hear of it').toMatchObject({ followers: 3, told: 2 })
    expect(await listOwnStrategies({ db: desk.db, input: { userId: leader.userId } })).toMatchObject([{ told: 2 }])
    expect(await getCopyTerms({ db: desk.db, input: { userId: other.userId, strategyId } })).toMatchObject({ followers: 3, told: null })
    await Promise.all([sweep(), sweep(), sweep()])
    expect(await toldTo(removed)).toEqual(['Trend: nothing is left open, so this follow is over.'])
    await change({ marginMode: 'cross' }, 'PUBLISHED', '20')
    await sweep()
    expect(await toldTo(follower)).toEqual([cross])
    expect(await toldTo(other)).toEqual(['Trend: Your leader now forces cross margin: yours is that already.'])
    expect(await toldTo(gone)).toEqual([])
    expect(await mailedTo(follower)).toEqual([`News of your copy of Trend | ${cross} | /copies/${follower.followId}`])
    expect(await stateOf(follower)).toMatchObject({ termsTold: { news: { warns: true, marginTo: 'cross', ownMargin: 'isolated' } } })
  })

  it('again within an hour is told as one when it is over, and what was changed back is said to be', async () => {
    const follower = await follow({ marginMode: 'isolated' })
    await change({ marginMode: 'cross' })
    await sweep()
    for (const state of ['PAUSED', 'PUBLISHED', 'PAUSED'] as const) {
      await change({ maxLeverage: 5 }, state)
      await sweep()
    }
    expect(await toldTo(follower)).toEqual([cross])
    await anHourGoes()
    await sweep()
    expect((await toldTo(follower)).slice(1)).toEqual([
      'Trend: Your leader has paused the strategy, which was open: nothing opens, closes are copied. Your leader now caps leverage at 5× (there was no cap): what they open with more, you open with 5×. Your leader no longer forces cross margin: your own choice holds again, isolated.',
    ])
    await change({ maxLeverage: 5 })
    await sweep()
    await change({ maxLeverage: 5 }, 'PAUSED')
    await anHourGoes()
    await sweep()
    await anHourGoes()
    await sweep()
    expect((await toldTo(follower)).slice(2)).toEqual([
      'Trend: your leader changed what holds for everybody who follows, and changed it back. Nothing is different for you.',
    ])
    expect(await mailedTo(follower)).toHaveLength(2)
  })

  it('is told to whoever only closes once they resume, and not to whoever began after it', async () => {
    const follower = await follow({ marginMode: 'isolated' })
    const { userId, followId } = follower
    await changeFollow({ ctx: desk.ctx, input: { userId, followId, state: 'CLOSE_ONLY' } })
    await desk.hold(follower, { routeId: follower.followRouteId })
    await change({ marginMode: 'cross' })
    await sweep()
    expect(await toldTo(follower)).toHaveLength(1)
    await changeFollow({ ctx: desk.ctx, input: { userId, followId, state: 'ACTIVE' } })
    const late = await desk.makePerson()
    const settings = FollowSettings.parse({ sizing: { mode: 'ratio', ratio: '1' }, marginMode: 'isolated' })
    const begin = { userId: late.userId, accountId: late.accountId, strategyId, settings, inviteCode: undefined, requestId: null }
    await startFollow({ ctx: desk.ctx, input: { ...begin, join: { mode: 'flat' } } })
    await sweep()
    expect((await toldTo(follower)).at(-1)).toBe(cross)
    expect(await toldTo(late)).toEqual(['Trend: you follow it from now on.'])
  })

  it('closed and opened again is told each time, and what was changed before it closed is not lost', async () => {
    const follower = await follow({ marginMode: 'isolated' })
    await desk.hold(follower, { routeId: follower.followRouteId })
    await change({ maxLeverage: 5 })
    await sweep()
    await change({ maxLeverage: 5, marginMode: 'cross' })
    await close(true)
    await sweep()
    await anHourGoes()
    await close(false)
    await sweep()
    await close(true)
    await sweep()
    await anHourGoes()
    await sweep()
    expect((await toldTo(follower)).slice(1)).toEqual([
      'Trend: its leader has closed the strategy. Nothing opens any more; what you hold is still closed with the leader.',
      `Trend: Your leader has opened the closed strategy again: your follow only closes until you resume it. ${cross.replace('Trend: ', '')}`,
      'Trend: Your leader has closed the strategy again: nothing opens, closes are copied.',
    ])
  })
})

describe('a follow that has stopped', () => {
  it('with nothing held counts nothing that was not copied', async () => {
    const { userId, followId } = await follow()
    const stopped = await stopFollow({ ctx: desk.ctx, input: { userId, followId, positions: 'close', requestId: null } })
    await dispatchSignals({ ctx: desk.ctx })
    const { meta } = await listCopyDecisions({ db: desk.db, input: { userId, followId, outcome: undefined, page: 1, limit: 10 } })
    const decided = await desk.db.query('SELECT reason FROM decision d JOIN signal s ON s.id = d.signal_id WHERE s.source_id = $1', [
      followId,
    ])
    expect([stopped.state, decided, meta.total]).toEqual(['STOPPED', [{ reason: 'NOTHING_TO_CLOSE' }], 0])
    expect(await getFollow({ db: desk.db, input: { userId, followId } })).toMatchObject({ copied: 0, notCopied: 0 })
  })

  it('closes again what filled after it, without end but ever more rarely', async () => {
    const follower = await follow()
    await desk.hold(follower, { routeId: follower.followRouteId })
    const stop = `UPDATE follow SET state = 'STOPPED', stopped_at = now() - interval '1 minute', stop_choice = 'close' WHERE id = $1`
    await desk.db.query(stop, [follower.followId])
    await sweep()
    await sweep()
    await dispatchSignals({ ctx: desk.ctx })
    await sweep()
    expect(await ordersOf(follower)).toMatchObject([{ leg: 'close' }])
    await desk.db.query(`UPDATE trade_order SET state = 'REJECTED' WHERE account_id = $1`, [follower.accountId])
    await desk.db.query(`UPDATE signal SET committed_at = now() - interval '10 seconds' WHERE source_id = $1`, [follower.followId])
    await sweep()
    await dispatchSignals({ ctx: desk.ctx })
    expect(await ordersOf(follower)).toMatchObject([{ leg: 'close' }, { leg: 'close' }])
    expect(await toldTo(follower)).toEqual(['Trend: something filled or stayed open after this follow stopped. It is closed now.'])
  })

  it('hands over what filled after it where that was asked', async () => {
    const follower = await follow()
    await desk.hold(follower, { routeId: follower.followRouteId })
    await desk.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = now(), stop_choice = 'hand-over' WHERE id = $1`, [
      follower.followId,
    ])
    await sweep()
    const rows = await desk.db.query('SELECT route_id AS route FROM position WHERE account_id = $1', [follower.accountId])
    expect(rows).toEqual([{ route: follower.manualRouteId }])
  })

  it.each([
    ['0.3', '-0.1', { base: '0.2', stop: '49000', protection: 'PROTECTING' }],
    ['0.1', '-0.3', { base: '-0.2', stop: '52000', protection: 'PROTECTED' }],
    ['0.3', '-0.3', { base: '0', stop: null, protection: 'NONE' }],
  ])('hands over %s where the hand holds %s: the greater keeps its stop', async (copied, own, left) => {
    const follower = await follow()
    await desk.db.query(`UPDATE account SET shared_symbols = 'net' WHERE id = $1`, [follower.accountId])
    for (const [routeId, base, stop] of [
      [follower.followRouteId, copied, '49000'],
      [follower.manualRouteId, own, '52000'],
    ] as const)
      await desk.db.query(
        `INSERT INTO position_share (id, user_id, account_id, route_id, symbol, position_side, quantity_base, entry_price, stop_price, protection, epoch, opened_at)
         VALUES (gen_random_uuid(), $1, $2, $3, $4, 'BOTH', $5, 50000, $6, 'PROTECTED', 1, now())`,
        [follower.userId, follower.accountId, routeId, BTC, base, stop],
      )
    await desk.db.query(`UPDATE follow SET state = 'STOPPED', stopped_at = now(), stop_choice = 'hand-over' WHERE id = $1`, [
      follower.followId,
    ])
    await sweep()
    const rows = await desk.db.query(
      'SELECT trim_scale(quantity_base)::text AS base, trim_scale(stop_price)::text AS stop, protection FROM position_share WHERE route_id = $1',
      [follower.manualRouteId],
    )
    expect(rows).toEqual([left])
  })
})

describe('the follower', () => {
  it.each([
    ['closes by hand', 'BY_HAND', { leg: 'close', own: true }],
    ['closes at the exchange', 'AT_EXCHANGE', null],
    ['is stopped out alone', 'STOP', { leg: 'stop', own: false }],
  ])('%s: detached until the leader is flat, and told', async (_, cause, by) => {
    const follower = await follow()
    await desk.hold(leader, { quantity: '0.04' })
    await addTrade(follower, { grossPnl: '1', closedAgoS: 20 })
    await lastFill(follower, by && { leg: by.leg, routeId: by.own ? follower.manualRouteId : follower.followRouteId })
    await Promise.all([sweep(), sweep()])
    expect(await stateOf(follower)).toMatchObject({ detached: [{ symbol: BTC, side: 'LONG', cause }] })
    expect(await mailedTo(follower)).toMatchObject([expect.stringContaining('ended without the leader')])

    const adding = await desk.send(leader, { action: 'buy', symbol: 'BTCUSDT', quantity: '0.02' })
    await dispatchSignals({ ctx: desk.ctx })
    const [added] = await desk.db.query('SELECT outcome, reason, numbers FROM decision WHERE signal_id = $1 AND account_id = $2', [
      adding,
      follower.accountId,
    ])
    expect(added).toMatchObject({ outcome: 'BLOCKED', reason: 'FOLLOW_DETACHED', numbers: { symbol: BTC, cause } })

    await desk.db.query(`UPDATE trade_order SET state = 'CANCELED' WHERE account_id = $1 AND state = 'READY'`, [leader.accountId])
    await desk.db.query('UPDATE position SET quantity_base = 0 WHERE account_id = $1', [leader.accountId])
    await sweep()
    expect(await stateOf(follower)).toMatchObject({ detached: [] })
    const opening = await desk.send(leader, { action: 'buy', symbol: 'BTCUSDT', quantity: '0.02' })
    await dispatchSignals({ ctx: desk.ctx })
    const [opened] = await desk.db.query('SELECT outcome FROM decision WHERE signal_id = $1 AND account_id = $2', [
      opening,
      follower.accountId,
    ])
    expect(opened).toEqual({ outcome: 'ORDERS' })
    expect(await toldTo(follower)).toEqual([
      `BTC/USDT: what your follow of Trend held ended without the leader (${cause.toLowerCase().replace('_', ' ')}). Nothing of it is copied until the leader is flat there.`,
      'BTC/USDT: the leader is flat, so your follow of Trend is in again with the next opening.',
    ])
  })

  it('is not detached by the leader’s own close, nor by a stop that both had', async () => {
    const [closed, stopped] = [await follow(), await follow()]
    await desk.hold(leader, { quantity: '0.04' })
    await addTrade(closed, { grossPnl: '1', closedAgoS: 20 })
    await lastFill(closed, { leg: 'close', routeId: closed.followRouteId })
    await sweep()
    await desk.db.query('UPDATE position SET quantity_base = 0 WHERE account_id = $1', [leader.accountId])
    await addTrade(stopped, { grossPnl: '-1', closedAgoS: 20 })
    await lastFill(stopped, { leg: 'stop', routeId: stopped.followRouteId })
    await sweep()
    expect([(await stateOf(closed)).detached, (await stateOf(stopped)).detached]).toEqual([[], []])
  })

  it('of a leader without an account is in again when the leader says flat, whatever comes before', async () => {
    const follower = await follow()
    await desk.db.query('DELETE FROM route WHERE id = $1', [leader.routeId])
    await addTrade(follower, { grossPnl: '1', closedAgoS: 1 })
    await lastFill(follower, { leg: 'close', routeId: follower.manualRouteId })
    await sweep()
    const [again, out, next] = [
      await desk.send(leader, { action: 'buy', symbol: 'BTCUSDT', quantity: '0.02' }),
      await desk.send(leader, { action: 'close', symbol: 'BTCUSDT' }),
      await desk.send(leader, { action: 'buy', symbol: 'BTCUSDT', quantity: '0.02', comment: 'next' }),
    ]
    await dispatchSignals({ ctx: desk.ctx })
    const decisions = await desk.db.query<{ id: string; reason: string | null }>(
      'SELECT signal_id AS id, reason FROM decision WHERE account_id = $1',
      [follower.accountId],
    )
    expect([again, out, next].map((id) => decisions.find((one) => one.id === id)?.reason)).toEqual([
      'FOLLOW_DETACHED',
      'NOTHING_TO_CLOSE',
      null,
    ])
    expect(await toldTo(follower)).toHaveLength(2)
  })

  it('deletes the account: the follow is over, and its leader sees one follower less', async () => {
    const follower = await follow()
    await deleteAccount({ ctx: desk.ctx, input: { userId: follower.userId, accountId: follower.accountId, ip: null } })
    expect(await stateOf(follower)).toMatchObject({ state: 'STOPPED', stopCause: 'ACCOUNT_DELETED' })
    const signal = await desk.send(leader, { action: 'buy', symbol: 'BTCUSDT', quantity: '0.02' })
    await dispatchSignals({ ctx: desk.ctx })
    expect(await desk.db.query('SELECT 1 FROM decision WHERE signal_id = $1 AND account_id = $2', [signal, follower.accountId])).toEqual([])
    const [gaps] = await desk.db.query(`SELECT copy_decision_gaps((SELECT created_at FROM follow WHERE id = $1)) AS n`, [follower.followId])
    expect(gaps).toEqual({ n: '0' })
    expect(await toldTo(follower)).toEqual(['Trend: you deleted the account, so this follow is over.'])
  })

  it('is deleted as a person: the follow is over', async () => {
    const follower = await follow()
    await desk.db.query('DELETE FROM app_user WHERE id = $1', [follower.userId])
    await sweep()
    const rows = await desk.db.query('SELECT state, stop_cause AS cause FROM follow WHERE id = $1', [follower.followId])
    expect(rows).toEqual([{ state: 'STOPPED', cause: 'ACCOUNT_DELETED' }])
  })

  it.each([
    ['switches the account off', `UPDATE account SET is_active = false WHERE id = $1`, 'ACCOUNT_NOT_READY'],
    ['has a key that the exchange revoked', `UPDATE account SET key_status = 'INVALID' WHERE id = $1`, 'ACCOUNT_NOT_READY'],
    [
      'has no subscription any more',
      `UPDATE subscription SET status = 'EXPIRED' WHERE user_id = (SELECT user_id FROM account WHERE id = $1)`,
      'NOT_ENTITLED',
    ],
    ['is disabled', `UPDATE app_user SET is_active = false WHERE id = (SELECT user_id FROM account WHERE id = $1)`, 'NOT_ENTITLED'],
  ])('%s: openings are refused with the reason, and closes go on', async (_, change, reason) => {
    const follower = await follow()
    await desk.hold(follower, { routeId: follower.followRouteId })
    await desk.db.query(change, [follower.accountId])
    const opening = await desk.send(leader, { action: 'buy', symbol: 'ETHUSDT', quantity: '1' })
    await desk.send(leader, { action: 'close', symbol: 'BTCUSDT' })
    await dispatchSignals({ ctx: desk.ctx })
    const [refused] = await desk.db.query('SELECT outcome, reason FROM decision WHERE signal_id = $1 AND account_id = $2', [
      opening,
      follower.accountId,
    ])
    expect(refused).toEqual({ outcome: 'BLOCKED', reason })
    expect(await ordersOf(follower)).toMatchObject([{ leg: 'close', symbol: BTC }])
    await sweep()
    expect(await stateOf(follower)).toMatchObject({ state: 'ACTIVE' })
  })
})
