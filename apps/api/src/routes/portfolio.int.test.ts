import type {
  LedgerView,
  OrderView,
  PageMeta,
  PortfolioMetrics,
  PortfolioView,
  PositionView,
  TradeView,
  WalletBalance,
} from '@matic/contracts'
import { seed } from '@matic/prisma/seed'
import { clearOfMidnight } from '@matic/testkit/clear-of-midnight'
import { startStack, type Stack } from '@matic/testkit'
import { Decimal } from 'decimal.js'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { ADMIN, TRADER } from '../../test/start-api.ts'

let stack: Stack
let token: string

beforeAll(async () => {
  stack = await startStack({
    apiTimingsScale: 1,
    prepare: async ({ databaseUrl }) =>
      void (await seed({ databaseUrl, webhookToken: 'a-webhook-token-of-this-test-0123456789', passwordCost: 4 })),
  })
  token = await signIn(TRADER)
  await vi.waitUntil(async () => (await call<unknown>('GET', '/api/exchange/balance')).status === 200, { timeout: 60_000, interval: 250 })
})
afterAll(async () => {
  await stack?.stop()
})

async function signIn(who: { email: string; password: string }): Promise<string> {
  return (await call<{ accessToken: string }>('POST', '/api/auth/login', who)).data.accessToken
}

async function call<Data>(method: string, path: string, json?: unknown, as = token) {
  const response = await fetch(`${stack.apiUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(as === undefined ? {} : { authorization: `Bearer ${as}` }) },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  const body: { data: Data; meta?: PageMeta; error?: { code: string } } = text.startsWith('{') ? JSON.parse(text) : {}
  return { status: response.status, data: body.data, meta: body.meta, code: body.error?.code, headers: response.headers, text }
}

const get = async <Data>(path: string) => (await call<Data>('GET', path)).data
const order = (symbol: string, side: string, quantity: string) =>
  call<{ orders: OrderView[] }>('POST', '/api/exchange/order', { symbol, side, quantity, leverage: 5 })
const sum = (values: readonly string[]) => values.reduce((total, value) => total.add(value), new Decimal(0))

/** Row by row in whole 10^-18, out of the ledger as the api lists it: shares nothing with what is tested. */
async function slowCosts(query = '') {
  const units = (text: string): bigint => {
    const [, sign, whole = '0', part = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
    return BigInt(`${whole}${part.padEnd(18, '0')}`) * (sign === '-' ? -1n : 1n)
  }
  const written = (value: bigint) => new Decimal(value.toString()).div('1e18').toFixed()
  let [fees, funding] = [0n, 0n]
  for (const { type, amount, currency } of await get<LedgerView[]>(`/api/wallet/history?limit=200${query}`)) {
    if (currency !== 'USDT') throw new Error('the venue books in USDT only')
    if (type === 'COMMISSION') fees -= units(amount)
    if (type === 'FUNDING_FEE') funding += units(amount)
  }
  return { fees: written(fees), funding: written(funding), feesElsewhere: [] }
}

it('adds up: what the wallet gained is what the trades made, less fees, plus funding, to the last digit', async () => {
  await clearOfMidnight()
  for (const [symbol, side, quantity] of [
    ['BTCUSDT', 'buy', '0.013'],
    ['ETHUSDT', 'sell', '0.37'],
    ['BTCUSDT', 'buy', '0.007'],
    // Turns the short around: two trades share that moment.
    ['ETHUSDT', 'buy', '0.21'],
  ] as const)
    expect(await order(symbol, side, quantity)).toMatchObject({ status: 200, code: undefined })
  for (const symbol of ['BTCUSDT', 'ETHUSDT']) expect((await call('POST', '/api/exchange/close-position', { symbol })).status).toBe(200)
  await expect.poll(() => get<PositionView[]>('/api/exchange/positions')).toEqual([])
  await expect.poll(async () => (await call<TradeView[]>('GET', '/api/trades')).meta?.total).toBe(3)

  const settled = async () => {
    const [trades, wallet, ledger] = [
      await get<TradeView[]>('/api/trades?state=all'),
      await get<WalletBalance[]>('/api/wallet'),
      await get<LedgerView[]>('/api/wallet/history?limit=200'),
    ]
    const of = (type: LedgerView['type']) => sum(ledger.filter((entry) => entry.type === type).map((entry) => entry.amount)).toFixed()
    const [account] = wallet
    return {
      gained: new Decimal(account?.total ?? 0).sub(account?.netDeposits ?? 0).toFixed(),
      made: sum(trades.map((trade) => trade.netPnl)).toFixed(),
      grossOfTrades: sum(trades.map((trade) => trade.grossPnl)).toFixed(),
      feesOfTrades: sum(trades.map((trade) => trade.fees))
        .neg()
        .toFixed(),
      fundingOfTrades: sum(trades.map((trade) => trade.funding)).toFixed(),
      booked: [of('REALIZED_PNL'), of('COMMISSION'), of('FUNDING_FEE')],
      deposits: of('TRANSFER'),
    }
  }
  await expect
    .poll(
      async () => {
        const now = await settled()
        return (
          [now.gained, now.deposits, now.booked].join() ===
          [now.made, '10000', [now.grossOfTrades, now.feesOfTrades, now.fundingOfTrades]].join()
        )
      },
      { timeout: 15_000 },
    )
    .toBe(true)

  const { gained } = await settled()
  const metrics = await get<PortfolioMetrics>('/api/portfolio/metrics')
  expect(metrics).toMatchObject({
    totalPnl: gained,
    totalTrades: 3,
    totalPnlPercent: new Decimal(gained).div(100).toDecimalPlaces(6).toFixed(),
  })
  expect(metrics.profitableTrades + metrics.losingTrades).toBe(3)
  expect(metrics.bySymbol.map(({ key, totalTrades }) => [key, totalTrades])).toEqual([
    ['BTC/USDT:USDT', 1],
    ['ETH/USDT:USDT', 2],
  ])
  for (const groups of [metrics.byAccount, metrics.bySymbol, metrics.bySide, metrics.byDay, metrics.byHour, metrics.byWeekday])
    expect(sum(groups.map((group) => group.totalPnl)).toFixed()).toBe(gained)
  expect(metrics.booked).toEqual(await slowCosts())
  const portfolio = await get<PortfolioView>('/api/portfolio')
  expect(portfolio).toMatchObject({ netDeposits: '10000', realizedToday: gained, openPositions: 0, exposureQuote: '0' })
  expect(new Decimal(portfolio.walletBalance).sub(10_000).toFixed()).toBe(gained)
  expect(portfolio.changes.map(({ pnl }) => pnl)).toEqual([gained, gained, gained])
})

it('counts the fee of a position that is still open, as the ledger does, by market and time', async () => {
  const before = await get<PortfolioMetrics>('/api/portfolio/metrics')
  expect(await order('SOLUSDT', 'buy', '3')).toMatchObject({ status: 200, code: undefined })
  const booked = async (query = '') => (await get<PortfolioMetrics>(`/api/portfolio/metrics${query}`)).booked
  await expect.poll(async () => Number((await booked())?.fees)).toBeGreaterThan(Number(before.booked?.fees))
  const after = await get<PortfolioMetrics>('/api/portfolio/metrics')
  expect(after.booked).toEqual(await slowCosts())
  // Of closed trades nothing has changed.
  expect([after.fees, after.totalPnl]).toEqual([before.fees, before.totalPnl])
  const symbol = encodeURIComponent('SOL/USDT:USDT')
  expect(await booked(`?symbol=${symbol}`)).toEqual(await slowCosts(`&symbol=${symbol}`))
  expect(await booked('?from=2999-01-01T00:00:00Z')).toEqual({ fees: '0', funding: '0', feesElsewhere: [] })
  expect(await booked('?side=LONG')).toBeNull()
  expect((await call('POST', '/api/exchange/close-position', { symbol: 'SOLUSDT' })).status).toBe(200)
  await expect.poll(async () => (await call<TradeView[]>('GET', '/api/trades')).meta?.total).toBe(4)
})

it('narrows and pages trades, and exports what it shows', async () => {
  const one = await call<TradeView[]>('GET', '/api/trades?symbol=ETH%2FUSDT%3AUSDT&side=SHORT')
  expect(one).toMatchObject({ meta: { total: 1 }, data: [{ side: 'SHORT', source: 'MANUAL', exitQuantity: '0.37', isLiquidation: false }] })
  const pages = await Promise.all([1, 2].map((page) => get<TradeView[]>(`/api/trades?limit=2&page=${page}`)))
  expect(pages.map((page) => page.length)).toEqual([2, 2])
  expect(await get(`/api/trades?from=2999-01-01T00:00:00Z`)).toEqual([])

  const file = await call('GET', '/api/trades/export')
  expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
  expect(file.headers.get('content-disposition')).toBe('attachment; filename=trades.csv')
  const lines = file.text.split('\r\n')
  expect(lines).toHaveLength(6)
  expect(
    lines
      .slice(1, 5)
      .map((line) => line.split(',').at(-1))
      .toSorted(),
  ).toEqual(
    pages
      .flat()
      .map((trade) => trade.id)
      .toSorted(),
  )
  expect((await call('GET', '/api/wallet/history/export?type=TRANSFER')).text).toMatch(/TRANSFER,,10000,USDT,\w+\r\n$/)
})

it('shows equity over time, newest first, and nothing of it to anybody else', async () => {
  const history = await call<{ at: string; pnl: string; equity: string }[]>('GET', '/api/portfolio/history?step=minute&limit=3')
  expect(history.data.length).toBeGreaterThan(0)
  const times = history.data.map(({ at }) => at)
  expect(times).toEqual(times.toSorted().toReversed())

  const admin = await signIn(ADMIN)
  const [account] = await get<{ id: string }[]>('/api/exchange/accounts')
  for (const path of ['/api/portfolio', '/api/portfolio/history', '/api/portfolio/metrics'])
    expect(await call('GET', `${path}?accountId=${account?.id}`, undefined, admin)).toMatchObject({ status: 409, code: 'NO_ACCOUNT' })
  for (const path of ['/api/trades', '/api/wallet', '/api/wallet/history', '/api/wallet/USDT'])
    expect((await call<unknown[]>('GET', `${path}?accountId=${account?.id}`, undefined, admin)).data).toEqual([])
  expect(await get('/api/wallet/BTC')).toEqual([])
})
