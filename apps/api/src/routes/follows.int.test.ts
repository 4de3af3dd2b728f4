import type {
  CopyabilityView,
  CopyDecisionView,
  CopyingHealth,
  CopyTermsView,
  FollowerView,
  FollowFees,
  FollowView,
  InviteView,
  LeverageGapView,
  OwnStrategy,
} from '@matic/contracts'
import { dispatchSignals } from '@matic/services/dispatch/index'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN, dataOf, startApi, type TestApi } from '../../test/start-api.ts'

const settings = { sizing: { mode: 'ratio', ratio: '0.5' } }
let api: TestApi
let leader: string
let follower: string
let accounts: { leader: string; follower: string }
let strategyId: string

beforeAll(async () => {
  api = await startApi()
  leader = (await api.signIn()).accessToken
  follower = (await api.signIn(ADMIN)).accessToken
  await api.db.query(
    `INSERT INTO market (exchange, symbol, market_id, base, quote, tick_size, step_size, min_quantity, max_quantity, min_notional, max_leverage, mark_price, mark_at, updated_at)
     VALUES ('PAPER', 'BTC/USDT:USDT', 'BTCUSDT', 'BTC', 'USDT', 0.1, 0.001, 0.001, 1000, 100, 125, 50000, now() + interval '1 hour', now())`,
  )
  expect((await api.request('POST', '/api/exchange/paper-accounts', { token: follower, json: { label: 'Copies' } })).status).toBeLessThan(
    300,
  )
  await api.db.query(`UPDATE account SET key_status = 'VALID'`)
  await api.db.query(
    `INSERT INTO account_state (account_id, user_id, wallet_balance, available, unrealized_pnl, equity, margin_used, synced_at)
     SELECT id, user_id, 10000, 10000, 0, 10000, 0, now() FROM account`,
  )
  const rows = await api.db.query<{ id: string; own: boolean }>('SELECT id, user_id = $1 AS own FROM account', [api.userId])
  accounts = { leader: rows.find(({ own }) => own)?.id ?? '', follower: rows.find(({ own }) => !own)?.id ?? '' }
  const published = await api.request('POST', '/api/strategies', {
    token: leader,
    json: { accountId: accounts.leader, name: 'Trend', visibility: 'PRIVATE' },
  })
  strategyId = dataOf<OwnStrategy>(published.body).id
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const start = (token: string, accountId: string, more: Record<string, unknown> = {}) =>
  api.request('POST', '/api/follows', { token, json: { strategyId, accountId, settings, ...more } })
const follows = async () => dataOf<FollowView[]>((await api.request('GET', '/api/follows', { token: follower })).body)
const decide = () => dispatchSignals({ ctx: { ...api.ctx, clientOrderId: (id) => `m${id}`, exchanges: ABLE } })
const ABLE = new Map([['PAPER', { capabilities: { certified: true, trailing: 'percent' as const } }]])

describe('a strategy', () => {
  it('is not followed before it is offered, nor without a code where it is private', async () => {
    expect((await start(follower, accounts.follower)).status).toBe(404)
    const offered = await api.request('PUT', `/api/strategies/${strategyId}/copying`, {
      token: leader,
      json: { forced: { maxLeverage: 5 }, profitSharePercent: '10', showsAmounts: false },
    })
    expect(dataOf<CopyTermsView>(offered.body)).toMatchObject({
      isOffered: true,
      source: 'WEBHOOK',
      forced: { maxLeverage: 5 },
      followers: 0,
      told: 0,
      showsAmounts: false,
    })
    expect((await api.request('GET', `/api/strategies/${strategyId}/copying`, { token: follower })).status).toBe(404)
    const guessed = await start(follower, accounts.follower, { inviteCode: 'not-a-code' })
    expect(guessed, 'a guess does not tell that there is such a strategy').toMatchObject({
      status: 404,
      body: { error: { code: 'NOT_FOUND' } },
    })
  })

  it('is not followed by its own leader', async () => {
    expect(await start(leader, accounts.leader)).toMatchObject({ status: 409, body: { error: { details: { reason: 'OWN_STRATEGY' } } } })
  })
})

describe('a follow', () => {
  it('begins with an invite, and copies what the leader’s webhook takes in from then on', async () => {
    const invited = await api.request('POST', `/api/strategies/${strategyId}/invites`, { token: leader, json: { maxUses: 1 } })
    const { code } = dataOf<InviteView & { code: string }>(invited.body)
    const begun = await start(follower, accounts.follower, { inviteCode: code })
    expect(begun, begun.text).toMatchObject({ status: 200 })
    expect(dataOf<FollowView>(begun.body)).toMatchObject({ state: 'ACTIVE', strategyName: 'Trend', copied: 0, settings })
    expect(await start(follower, accounts.follower)).toMatchObject({ status: 409, body: { error: { code: 'CONFLICT' } } })

    const json = { action: 'buy', symbol: 'BTCUSDT', quantity: '0.02' }
    expect((await api.request('POST', api.webhookPath, { json })).status).toBe(200)
    await decide()
    const orders = await api.db.query<{ quantity: string; leverage: number }>(
      `SELECT trim_scale(quantity_base)::text AS quantity, leverage FROM trade_order WHERE account_id = $1 AND leg = 'open'`,
      [accounts.follower],
    )
    expect(orders).toEqual([{ quantity: '0.01', leverage: 5 }])
    const [follow] = await follows()
    expect(follow).toMatchObject({ copied: 1, notCopied: 0 })
    const decisions = (token: string) => api.request('GET', `/api/follows/${follow?.id}/decisions?outcome=copied`, { token })
    expect(dataOf<CopyDecisionView[]>((await decisions(follower)).body)).toMatchObject([
      { outcome: 'ORDERS', intent: 'open', symbol: 'BTC/USDT:USDT', orders: [{ leg: 'open', quantity: '0.01' }] },
    ])
    expect((await decisions(leader)).status).toBe(404)
    expect(dataOf<CopyingHealth>((await api.request('GET', '/api/admin/copying', { token: follower })).body)).toMatchObject({
      gaps: 0,
      follows: { active: 1, stopped: 0 },
      fanOuts: [{ strategyName: 'Trend', follows: 1, decisions: 1, copied: 1 }],
    })
    expect((await api.request('GET', '/api/admin/copying', { token: leader })).status).toBe(403)
  })

  it('can be tried before: as an example, over the last openings, and for every follower; what is wrong with the settings is named', async () => {
    const at = (what: string, token: string, json: object) => api.request('POST', `/api/strategies/${strategyId}/${what}`, { token, json })
    const example = await at('example', follower, {
      accountId: accounts.follower,
      settings,
      alert: { symbol: 'BTCUSDT', side: 'buy', quantity: '0.4' },
    })
    expect(example, example.text).toMatchObject({ status: 200, body: { data: { origin: 'given', leader: { quantityBase: '0.4' } } } })
    expect(dataOf<CopyabilityView>((await at('copyability', follower, { equity: '1000', settings })).body)).toMatchObject({
      total: 1,
      copyable: 1,
    })
    const preview = await at('preview', leader, { body: '{"action":"buy","symbol":"BTCUSDT","quantity":"0.02"}' })
    expect(preview).toMatchObject({ status: 200, body: { meta: { total: 1 }, data: { totals: { followers: 1 } } } })
    expect((await at('preview', follower, { body: '{}' })).status).toBe(404)
    const wrong = await at('example', follower, { accountId: accounts.follower, settings: { sizing: { mode: 'ratio', ratio: '-1' } } })
    expect(wrong.status).toBe(400)
    expect(JSON.stringify(wrong.body)).toContain('settings.sizing.ratio')
  })

  it('of any size breaks nobody’s page, and what cannot be stored is refused by name', async () => {
    const [follow] = await follows()
    const path = `/api/follows/${follow?.id}`
    const size = (ratio: string, more: object = {}) =>
      api.request('PATCH', path, { token: follower, json: { settings: { sizing: { mode: 'ratio', ratio }, ...more } } })
    expect((await size('99999999999999999999')).status).toBe(200)
    const alert = { body: '{"action":"sell","symbol":"BTCUSDT","quantity":"7"}' }
    const preview = await api.request('POST', `/api/strategies/${strategyId}/preview`, { token: leader, json: alert })
    expect(preview, preview.text).toMatchObject({
      status: 200,
      body: { data: { rows: [{ plan: { reason: 'ABOVE_MAXIMUM', steps: [{}, { notionalQuote: '35000000000000000000000000' }, {}] } }] } },
    })
    for (const text of ['\u0000', '\ud800'])
      expect(await size('0.5', { blockedSymbols: ['BTC', text] })).toMatchObject({
        status: 400,
        body: { error: { code: 'VALIDATION_FAILED', details: { 'settings.blockedSymbols.1': [expect.any(String)] } } },
      })
    expect((await api.request('GET', '/api/leaders?text=%00', { token: follower })).status).toBe(400)
    for (const depositUsdt of ['0.000000000000000001', '99999999999999999999', '100.123456789'])
      expect((await api.request('POST', '/api/exchange/paper-accounts', { token: follower, json: { depositUsdt } })).status).toBe(400)
    expect((await size('0.5')).status).toBe(200)
  })

  it('keeps the fees it began with, whatever the leader asks of others later', async () => {
    const raised = { forced: { maxLeverage: 5 }, profitSharePercent: '30' }
    expect((await api.request('PUT', `/api/strategies/${strategyId}/copying`, { token: leader, json: raised })).status).toBe(200)
    const [follow] = await follows()
    expect(follow).toMatchObject({ profitSharePercent: '10', managementPercent: '0' })
    const own = await api.request('GET', `/api/follows/${follow?.id}/fees`, { token: follower })
    expect(dataOf<FollowFees>(own.body)).toMatchObject({ terms: { profitSharePercent: '10' }, charged: { total: '0' }, fees: [] })
    const path = `/api/strategies/${strategyId}/fees`
    expect((await api.request('GET', path, { token: follower })).status).toBe(404)
    const theirs = await api.request('GET', path, { token: leader })
    expect(theirs.body).toMatchObject({
      data: { terms: { profitSharePercent: '30' }, followers: [{ charged: { total: '0' } }] },
      meta: { total: 1 },
    })
  })

  it('is told of in the trace of a signal, to its leader by handle and to its follower', async () => {
    const [signal] = await api.db.query<{ id: string }>('SELECT id FROM signal ORDER BY received_at DESC LIMIT 1')
    const path = `/api/signals/${signal?.id}/followers`
    const told = await api.request('GET', path, { token: leader })
    expect(told.body).toMatchObject({ data: { view: 'leader', ordered: 1, followers: [{ outcome: 'ORDERS' }] }, meta: { total: 1 } })
    expect(told.text).not.toMatch(/admin|Copies|Administrator/i)
    expect((await api.request('GET', path, { token: follower })).body).toMatchObject({ data: { view: 'follower', decided: 1 } })
  })

  it('shows its leader no name, key or address', async () => {
    const answer = await api.request('GET', `/api/strategies/${strategyId}/followers`, { token: leader })
    expect(answer.body).toMatchObject({ meta: { page: 1, limit: 20, total: 1 } })
    expect(dataOf<FollowerView[]>(answer.body)).toMatchObject([{ handle: expect.stringMatching(/^Follower [\dA-F]{6}$/), copied: 1 }])
    expect(answer.text).not.toMatch(/admin|Copies|Administrator/i)
    expect((await api.request('GET', `/api/strategies/${strategyId}/followers`, { token: follower })).status).toBe(404)
  })

  it('shows its follower no name, address, account or id of the leader', async () => {
    const paths = [
      '/api/leaders?minDays=0',
      `/api/leaders/${strategyId}`,
      `/api/leaders/${strategyId}/record`,
      `/api/strategies/${strategyId}/copying`,
    ]
    for (const path of [...paths, '/api/follows']) {
      const answer = await api.request('GET', path, { token: follower })
      expect([path, answer.status]).toEqual([path, 200])
      for (const told of ['Demo Trader', 'Demo', 'user@', accounts.leader, api.userId]) expect(answer.text).not.toContain(told)
    }
    for (const path of ['followers', 'breakers', 'invites', 'fees'])
      expect((await api.request('GET', `/api/strategies/${strategyId}/${path}`, { token: follower })).status).toBe(404)
  })

  it('in a circle is refused', async () => {
    const own = await api.request('POST', '/api/strategies', { token: follower, json: { accountId: accounts.follower, name: 'Echo' } })
    const { id } = dataOf<OwnStrategy>(own.body)
    await api.request('PUT', `/api/strategies/${id}/copying`, { token: follower, json: { source: 'MANUAL' } })
    const circle = await api.request('POST', '/api/follows', {
      token: leader,
      json: { strategyId: id, accountId: accounts.leader, settings },
    })
    expect(circle).toMatchObject({ status: 409, body: { error: { details: { reason: 'CIRCLE' } } } })
  })

  it('that stops closes its own share alone, and copies nothing any more', async () => {
    const [follow] = await follows()
    const path = `/api/follows/${follow?.id}`
    await api.request('PATCH', path, { token: follower, json: { state: 'PAUSED' } })
    expect(await follows()).toMatchObject([{ state: 'PAUSED' }])
    await api.db.query(
      `INSERT INTO position (id, user_id, account_id, route_id, symbol, side, quantity_base, entry_price, margin, synced_at)
       SELECT gen_random_uuid(), f.user_id, f.account_id, f.route_id, 'BTC/USDT:USDT', 'LONG', 0.01, 50000, 100, now() FROM follow f`,
    )
    await api.db.query(
      `INSERT INTO position (id, user_id, account_id, symbol, side, quantity_base, entry_price, margin, synced_at)
       VALUES (gen_random_uuid(), $1, $2, 'BTC/USDT:USDT', 'LONG', 0.002, 50000, 20, now())`,
      [api.userId, accounts.leader],
    )
    expect(dataOf<LeverageGapView[]>((await api.request('GET', `${path}/leverage`, { token: follower })).body)).toMatchObject([
      { symbol: 'BTC/USDT:USDT', side: 'LONG', leader: '0.01', follower: '0.05', times: '5', isWarning: true },
    ])
    expect((await api.request('POST', `${path}/stop`, { token: leader, json: { positions: 'close' } })).status).toBe(404)
    const stopped = await api.request('POST', `${path}/stop`, { token: follower, json: { positions: 'close' } })
    expect(stopped, stopped.text).toMatchObject({ status: 200, body: { data: { state: 'STOPPED', stopCause: 'BY_FOLLOWER' } } })
    await api.request('POST', api.webhookPath, { json: { action: 'buy', symbol: 'BTCUSDT', quantity: '0.03' } })
    await decide()
    const orders = await api.db.query<{ leg: string }>(
      `SELECT leg FROM trade_order o WHERE o.account_id = $1 AND o.cancel_requested_at IS NULL ORDER BY created_at`,
      [accounts.follower],
    )
    expect(orders).toEqual([{ leg: 'close' }])
    expect(await api.db.query('SELECT copy_decision_gaps()::int AS gaps')).toEqual([{ gaps: 0 }])
    expect((await api.request('POST', `${path}/stop`, { token: follower, json: { positions: 'keep' } })).status).toBe(409)
  })

  it('begins again with a valid invite alone, and goes on from the one before', async () => {
    const [before] = await follows()
    const refused = { status: 409, body: { error: { code: 'FOLLOW_REFUSED', details: { reason: 'INVITE_NEEDED' } } } }
    expect(await start(follower, accounts.follower)).toMatchObject(refused)
    expect(await start(follower, accounts.follower, { inviteCode: 'not-a-code' })).toMatchObject(refused)
    const begun = await start(follower, accounts.follower, { inviteCode: await invite() })
    expect(begun, begun.text).toMatchObject({ status: 200 })
    const { id } = dataOf<FollowView>(begun.body)
    const fees = await api.request('GET', `/api/follows/${id}/fees`, { token: follower })
    expect(dataOf<FollowFees>(fees.body)).toMatchObject({ goesOnFrom: { followId: before?.id, below: null }, handedOver: [] })
  })

  it('is ended by its leader: it only closes, is told once, cannot be taken up again, and comes back by an invite alone', async () => {
    const [follow] = await follows()
    const list = await api.request('GET', `/api/strategies/${strategyId}/followers`, { token: leader })
    const [current] = dataOf<FollowerView[]>(list.body)
    expect(current).toMatchObject({ followId: follow?.id, state: 'ACTIVE', isRemoved: false })
    const path = `/api/strategies/${strategyId}/followers/${follow?.id}`
    const remove = (token: string) => api.request('DELETE', path, { token })
    expect((await remove(follower)).status).toBe(404)
    expect((await api.request('DELETE', `/api/strategies/${follow?.id}/followers/${follow?.id}`, { token: leader })).status).toBe(404)
    for (const _ of [1, 2])
      expect(await remove(leader)).toMatchObject({ status: 200, body: { data: { state: 'CLOSE_ONLY', isRemoved: true } } })
    const told = await api.db.query(`SELECT user_id = $1 AS "isLeader" FROM fact WHERE payload->>'change' = 'removed'`, [api.userId])
    expect(told).toEqual([{ isLeader: false }])
    expect(await follows()).toMatchObject([{ state: 'CLOSE_ONLY', stopCause: 'REMOVED' }, {}])
    const change = (state: string) => api.request('PATCH', `/api/follows/${follow?.id}`, { token: follower, json: { state } })
    expect((await change('ACTIVE')).status).toBe(409)
    expect((await change('CLOSE_ONLY')).status).toBe(200)
    await api.request('POST', `/api/follows/${follow?.id}/stop`, { token: follower, json: { positions: 'hand-over' } })
    expect((await remove(leader)).status).toBe(409)
    expect(await start(follower, accounts.follower)).toMatchObject({ body: { error: { details: { reason: 'INVITE_NEEDED' } } } })
    expect((await start(follower, accounts.follower, { inviteCode: await invite() })).status).toBe(200)
  })
})

async function invite(): Promise<string> {
  const made = await api.request('POST', `/api/strategies/${strategyId}/invites`, { token: leader, json: { maxUses: 1 } })
  return dataOf<InviteView & { code: string }>(made.body).code
}
