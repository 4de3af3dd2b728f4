import { binanceusdm, type Exchange as CcxtExchange } from 'ccxt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestVenue, type TestVenue } from './testing/start-test-venue.ts'

const symbol = 'BTC/USDT:USDT'
let venue: TestVenue
let ccxt: CcxtExchange

/** Stock CCXT: only the host is another one, so that its error tables stay those of the real exchange. */
beforeAll(async () => {
  venue = await startTestVenue()
  const { apiKey, secret } = await venue.client.open('ccxt')
  ccxt = new binanceusdm({ apiKey, secret, enableRateLimit: false })
  ccxt.has['fetchCurrencies'] = false
  ccxt['fetchImplementation'] = (url: string, init: RequestInit) => fetch(url.replace(/^https:\/\/[^/]+/, venue.venue.url), init)
  await venue.client.pin('BTCUSDT', '60000')
  await ccxt.loadMarkets()
})
afterAll(async () => venue[Symbol.asyncDispose]())

describe('stock CCXT', () => {
  it('reads twenty markets with their filters', () => {
    expect(Object.keys(ccxt.markets ?? {})).toHaveLength(20)
    expect(ccxt.market(symbol)).toMatchObject({
      id: 'BTCUSDT',
      swap: true,
      linear: true,
      active: true,
      contractSize: 1,
      precision: { amount: 0.001, price: 0.1 },
    })
    expect(ccxt.market(symbol).limits).toMatchObject({ amount: { min: 0.001 }, cost: { min: 100 }, market: { max: 120 } })
  })

  it('opens, protects, reads and closes a position', async () => {
    const order = await ccxt.createOrder(symbol, 'market', 'buy', 0.01, undefined, { newClientOrderId: 'open-1' })
    expect(order).toMatchObject({ status: 'closed', filled: 0.01, clientOrderId: 'open-1', average: 60001.2 })

    const protect = (params: Record<string, unknown>) =>
      ccxt.createOrder(symbol, 'market', 'sell', 0, undefined, { closePosition: true, workingType: 'MARK_PRICE', ...params })
    const stop = await protect({ stopLossPrice: 59000, clientAlgoId: 'stop-1' })
    const target = await protect({ takeProfitPrice: 62000, clientAlgoId: 'target-1' })
    expect([stop, target]).toMatchObject([
      { status: 'open', clientOrderId: 'stop-1', triggerPrice: 59000, type: 'market' },
      { status: 'open', clientOrderId: 'target-1', triggerPrice: 62000, type: 'market' },
    ])

    expect(await ccxt.fetchPositions()).toMatchObject([
      { symbol, side: 'long', contracts: 0.01, entryPrice: 60001.2, markPrice: 60000, unrealizedPnl: -0.012, marginMode: 'cross' },
    ])
    const { USDT } = (await ccxt.fetchBalance()) as unknown as { USDT: { total: number; free: number } }
    expect(USDT.total).toBeCloseTo(10_000 - 0.2400048 - 0.012, 6)
    expect(USDT.free).toBeCloseTo(USDT.total - 30, 4)

    expect(await ccxt.fetchOrder('', symbol, { clientOrderId: 'open-1' })).toMatchObject({ status: 'closed', filled: 0.01 })
    expect(await ccxt.fetchOrder('', symbol, { clientOrderId: 'stop-1', trigger: true })).toMatchObject({ status: 'open' })
    expect(await ccxt.fetchOpenOrders(symbol, undefined, undefined, { trigger: true })).toHaveLength(2)
    expect(await ccxt.fetchOpenOrders(symbol)).toHaveLength(0)
    expect(await ccxt.fetchMyTrades(symbol)).toMatchObject([
      { side: 'buy', amount: 0.01, price: 60001.2, fee: { currency: 'USDT', cost: 0.2400048 } },
    ])

    await ccxt.cancelOrder('', symbol, { clientAlgoId: 'target-1', trigger: true })
    expect(await ccxt.fetchOrder('', symbol, { clientOrderId: 'target-1', trigger: true })).toMatchObject({ status: 'canceled' })
    await ccxt.cancelAllOrders(symbol, { trigger: true })

    const close = await ccxt.createOrder(symbol, 'market', 'sell', 0.01, undefined, { reduceOnly: true })
    expect(close).toMatchObject({ status: 'closed', filled: 0.01, reduceOnly: true })
    expect(await ccxt.fetchPositions()).toEqual([])
    expect(await ccxt.fetchLedger('USDT')).toEqual(
      expect.arrayContaining([expect.objectContaining({ type: 'commission' }), expect.objectContaining({ type: 'transfer' })]),
    )
  })

  it('works with limit orders, leverage, margin and position mode', async () => {
    await ccxt.setLeverage(10, symbol)
    await ccxt.setMarginMode('isolated', symbol)
    await ccxt.createOrder(symbol, 'limit', 'buy', 0.01, 59000, { clientOrderId: 'rest-1' })
    expect(await ccxt.fetchOpenOrders(symbol)).toMatchObject([
      { clientOrderId: 'rest-1', status: 'open', price: 59000, timeInForce: 'GTC' },
    ])
    const [open] = await ccxt.fetchOpenOrders(symbol)
    await ccxt.editOrder(open?.id ?? '', symbol, 'limit', 'buy', 0.02, 58500)
    expect(await ccxt.fetchOrder('', symbol, { clientOrderId: 'rest-1' })).toMatchObject({ amount: 0.02, price: 58500 })
    await ccxt.cancelAllOrders(symbol)
    await ccxt.createOrder(symbol, 'market', 'buy', 0.01)
    const [position] = await ccxt.fetchPositions([symbol])
    expect(position).toMatchObject({ marginMode: 'isolated', initialMargin: 60 })
    expect(position?.liquidationPrice).toBeGreaterThan(54_000)
    await ccxt.createOrder(symbol, 'market', 'sell', 0.01, undefined, { reduceOnly: true })
    await ccxt.setPositionMode(true)
    expect(await ccxt.fetchPositionMode()).toMatchObject({ hedged: true })
    await ccxt.setPositionMode(false)
  })

  it('reads prices and candles', async () => {
    expect(await ccxt.fetchTicker(symbol)).toMatchObject({ last: 60000 })
    expect(Object.keys(await ccxt.fetchTickers())).toHaveLength(20)
    expect(await ccxt.fetchMarkPrice(symbol)).toMatchObject({ markPrice: 60000 })
    expect(await ccxt.fetchOHLCV(symbol, '1h', undefined, 1_000)).toHaveLength(1_000)
    const book = await ccxt.fetchOrderBook(symbol, 5)
    expect(book.bids[0]?.[0]).toBeLessThan(book.asks[0]?.[0] ?? 0)
    expect(await ccxt.fetchFundingRate(symbol)).toMatchObject({ symbol, markPrice: 60000 })
    expect((await ccxt.fetchLeverageTiers([symbol]))[symbol]?.[0]).toMatchObject({ maxLeverage: 125, maintenanceMarginRate: 0.004 })
  })

  it('throws the classes that production throws', async () => {
    const sell = (params: Record<string, unknown>, amount = 0.01) => ccxt.createOrder(symbol, 'market', 'sell', amount, undefined, params)
    await expect(sell({ reduceOnly: true })).rejects.toMatchObject({ name: 'InvalidOrder', message: expect.stringContaining('-2022') })
    await expect(sell({}, 20)).rejects.toMatchObject({ name: 'InsufficientFunds', message: expect.stringContaining('-2019') })
    await expect(sell({ stopLossPrice: 61000, closePosition: true })).rejects.toMatchObject({ name: 'OrderImmediatelyFillable' })
    await expect(ccxt.fetchOrder('', symbol, { clientOrderId: 'never' })).rejects.toMatchObject({ name: 'OrderNotFound' })
    await expect(sell({ timestamp: Date.now() - 60_000 })).rejects.toMatchObject({ name: 'InvalidNonce' })
  })
})
