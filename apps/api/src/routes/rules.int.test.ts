import { randomUUID } from 'node:crypto'
import { DEFAULT_RULES, type AccountRulesView, type RulesPreview, type RulesView } from '@matic/contracts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clearOfMidnight } from '@matic/testkit/clear-of-midnight'
import { ADMIN, dataOf, startApi, type TestApi } from '../../test/start-api.ts'

let api: TestApi
let token: string
let accountId: string
beforeAll(async () => {
  api = await startApi()
  token = (await api.signIn()).accessToken
  await api.db.query(
    `INSERT INTO market (exchange, symbol, market_id, base, quote, tick_size, step_size, min_quantity, max_quantity, min_notional, max_leverage, mark_price, mark_at, updated_at)
     VALUES ('PAPER', 'BTC/USDT:USDT', 'BTCUSDT', 'BTC', 'USDT', 0.1, 0.001, 0.001, 1000, 100, 125, 50000, now(), now())`,
  )
  accountId = (await view()).accounts[0]?.accountId ?? ''
})
beforeEach(async () => {
  await api.db.query('DELETE FROM account_rules')
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

const view = async () => dataOf<RulesView>((await api.request('GET', '/api/bot/rules', { token })).body)
const change = (json: unknown) => api.request('PATCH', `/api/bot/rules/${accountId}`, { token, json })
const preview = async (json: unknown) => dataOf<RulesPreview>((await api.request('POST', '/api/bot/rules/preview', { token, json })).body)

describe('the rules of an account', () => {
  it('are those that everybody begins with', async () => {
    const { rules, accounts } = await view()
    expect(rules).toEqual(DEFAULT_RULES)
    expect(accounts).toMatchObject([{ overrides: {}, effective: DEFAULT_RULES, usage: { positions: { open: 0, limit: 5 } } }])
  })

  it('differ where they are overridden, null among it, and follow their owner again where they are not', async () => {
    const changed = dataOf<AccountRulesView>((await change({ set: { stopLossPercent: null, maxPositions: 2 } })).body)
    expect(changed).toMatchObject({
      overrides: { stopLossPercent: null, maxPositions: 2 },
      effective: { stopLossPercent: null, maxPositions: 2, takeProfitPercent: '10' },
      usage: { positions: { limit: 2 } },
    })
    expect((await view()).rules).toEqual(DEFAULT_RULES)
    const back = dataOf<AccountRulesView>((await change({ inherit: ['stopLossPercent'] })).body)
    expect(back).toMatchObject({ overrides: { maxPositions: 2 }, effective: { stopLossPercent: '5', maxPositions: 2 } })
    expect(back.overrides).not.toHaveProperty('stopLossPercent')
  })

  it('are refused where they do not go together with what is inherited', async () => {
    expect(await change({ set: { maxLeverage: 5 } })).toMatchObject({
      status: 400,
      body: { error: { details: { defaultLeverage: [expect.any(String)] } } },
    })
    expect((await view()).accounts[0]?.overrides).toEqual({})
  })

  it('are nobody else’s', async () => {
    const other = (await api.signIn(ADMIN)).accessToken
    for (const [method, path] of [
      ['PATCH', `/api/bot/rules/${accountId}`],
      ['POST', `/api/bot/rules/${accountId}/reset-peak`],
    ] as const)
      expect(await api.request(method, path, { token: other, json: {} })).toMatchObject({
        status: 404,
        body: { error: { code: 'ACCOUNT_NOT_FOUND' } },
      })
    expect(await api.request('POST', '/api/bot/rules/preview', { token: other, json: { accountId } })).toMatchObject({ status: 404 })
    expect(await api.request('PATCH', `/api/bot/rules/${randomUUID()}`, { token, json: {} })).toMatchObject({ status: 404 })
  })

  it('show how much of each limit is used, and measure the drawdown anew when asked', async () => {
    await clearOfMidnight(5_000)
    await change({ set: { dailyLossPercent: '5', maxDrawdownPercent: '20' } })
    await api.db.query(
      `INSERT INTO account_state (account_id, user_id, wallet_balance, available, unrealized_pnl, equity, margin_used, net_deposits, result, peak_result, trading_day, day_result, synced_at)
       VALUES ($1, $2, 9000, 9000, 0, 9000, 0, 10000, -1000, 2000, (now() AT TIME ZONE 'UTC')::date, -700, now())`,
      [accountId, api.userId],
    )
    const [account] = (await view()).accounts
    expect(account?.usage).toMatchObject({
      equity: '9000',
      daily: { lossQuote: '300', limitQuote: '465', resetsAt: expect.stringMatching(/T00:00:00.000Z$/) },
      drawdown: { percent: '25', limitPercent: '20', peakQuote: '12000' },
    })
    const reset = dataOf<AccountRulesView>((await api.request('POST', `/api/bot/rules/${accountId}/reset-peak`, { token })).body)
    expect(reset.usage.drawdown).toEqual({ percent: '0', limitPercent: '20', peakQuote: '9000' })
  })
})

describe('the worked example', () => {
  it('is what the decision would make of it', async () => {
    expect(await preview({})).toMatchObject({
      symbol: 'BTC/USDT:USDT',
      price: '50000',
      equityQuote: '10000',
      reason: null,
      quantityBase: '0.2',
      notionalQuote: '10000',
      marginQuote: '1000',
      leverage: 10,
      stop: { price: '47500', lossQuote: '500', lossPercent: '5' },
      targets: [{ price: '55000', quantityBase: '0.2', profitQuote: '1000' }],
    })
  })

  it('follows changes that are not saved, on the rules of an account', async () => {
    await change({ set: { stopLossPercent: '2' } })
    const targets = [
      { percent: '1', share: '50' },
      { percent: '2', share: '25' },
      { percent: '4', share: '25' },
    ]
    const changes = { sizingMode: 'risk-per-trade', riskPerTrade: '1', targets, breakEvenAfterTarget: 1, trailingStop: true }
    expect(await preview({ accountId, direction: 'SHORT', changes })).toMatchObject({
      quantityBase: '0.1',
      stop: { price: '51000', lossQuote: '100', lossPercent: '1' },
      targets: [
        { price: '49500', quantityBase: '0.05', profitQuote: '25' },
        { price: '49000', quantityBase: '0.025', profitQuote: '25' },
        { price: '48000', quantityBase: '0.025', profitQuote: '50' },
      ],
      breakEven: { afterTarget: 1, price: null },
      trailing: { percent: '1', activationPrice: null },
    })
    expect((await view()).accounts[0]?.overrides).toEqual({ stopLossPercent: '2' })
  })

  it('says why it would not open', async () => {
    expect(await preview({ equity: '10' })).toMatchObject({
      reason: 'SIZE_ZERO',
      text: expect.stringContaining('0.001'),
      targets: [],
      stop: null,
    })
    expect(await preview({ changes: { stopMode: 'atr' } })).toMatchObject({ reason: 'RANGE_UNKNOWN' })
    expect(await preview({ symbol: 'NOPEUSDT' })).toMatchObject({ reason: 'SYMBOL_UNKNOWN', price: null })
  })

  it('measures a stop by the average range', async () => {
    await api.db.query(
      `INSERT INTO market_range (exchange, symbol, interval, period, range, closed_at) VALUES ('PAPER', 'BTC/USDT:USDT', '1h', 14, 250, now())`,
    )
    expect(await preview({ changes: { stopMode: 'atr', atrMultiplier: '3', atrTargetMultiplier: '6' } })).toMatchObject({
      rangeQuote: '250',
      stop: { price: '49250' },
      targets: [{ price: '51500' }],
    })
  })
})
