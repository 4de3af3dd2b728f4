import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestVenue, type TestVenue } from '../../testing/start-test-venue.ts'
import type { Fields, Key } from '../../testing/wire-client.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

/** Field by field what the real exchange answers, as its documentation and recorded answers show it. */
const orderFields =
  'avgPrice clientOrderId closePosition cumQuote executedQty goodTillDate orderId origQty origType positionSide price priceMatch priceProtect reduceOnly selfTradePreventionMode side status stopPrice symbol timeInForce type updateTime workingType'
const totals =
  'availableBalance maxWithdrawAmount totalCrossUnPnl totalCrossWalletBalance totalInitialMargin totalMaintMargin totalMarginBalance totalOpenOrderInitialMargin totalPositionInitialMargin totalUnrealizedProfit totalWalletBalance'
const algoFields =
  'activatePrice algoId algoStatus algoType callbackRate clientAlgoId closePosition createTime goodTillDate icebergQuantity orderType positionSide price priceMatch priceProtect quantity reduceOnly selfTradePreventionMode side symbol timeInForce triggerPrice triggerTime updateTime workingType'

let venue: TestVenue
let key: Key
beforeAll(async () => {
  venue = await startTestVenue()
  key = await venue.client.open('shapes')
  await venue.client.pin('BTCUSDT', '60000')
})
afterAll(async () => venue[Symbol.asyncDispose]())

const ask = async (method: string, path: string, fields?: Fields): Promise<unknown> =>
  (await venue.client.call(key, method, `/fapi/${path}`, fields)).body
const fieldsOf = (value: unknown): string =>
  Object.keys((Array.isArray(value) ? value[0] : value) as object)
    .toSorted()
    .join(' ')
const words = (...lists: string[]): string => lists.join(' ').split(' ').toSorted().join(' ')

describe('answers have the fields of the real ones', () => {
  it('orders', async () => {
    const limit = {
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: '0.2',
      price: '62001',
      newOrderRespType: 'RESULT',
      newClientOrderId: 'a',
    }
    const fresh = await ask('POST', 'v1/order', limit)
    expect(fieldsOf(fresh)).toBe(words(orderFields, 'cumQty'))
    expect(fresh).toMatchObject({
      price: '62001.00',
      avgPrice: '0.00',
      origQty: '0.200',
      executedQty: '0.000',
      cumQty: '0.000',
      cumQuote: '0.00000',
      stopPrice: '0.00',
    })
    const stored = await ask('GET', 'v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'a' })
    expect(fieldsOf(stored)).toBe(words(orderFields, 'time'))
    expect(stored).toMatchObject({ avgPrice: '0.00000' })
    expect(fieldsOf(await ask('GET', 'v1/openOrders'))).toBe(words(orderFields, 'time'))
    expect(fieldsOf(await ask('DELETE', 'v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'a' }))).toBe(words(orderFields, 'cumQty'))
  })

  it('conditional orders', async () => {
    const stop = {
      algoType: 'CONDITIONAL',
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_MARKET',
      triggerPrice: '59000',
      closePosition: true,
      clientAlgoId: 's',
    }
    expect(fieldsOf(await ask('POST', 'v1/algoOrder', stop))).toBe(words(algoFields))
    expect(fieldsOf(await ask('GET', 'v1/algoOrder', { clientAlgoId: 's' }))).toBe(
      words(algoFields, 'actualOrderId actualPrice actualQty actualType slPrice slTriggerPrice tpOrderType tpPrice tpTriggerPrice'),
    )
    expect(await ask('DELETE', 'v1/algoOrder', { clientAlgoId: 's' })).toEqual({
      algoId: expect.any(Number),
      clientAlgoId: 's',
      code: '200',
      msg: 'success',
    })
  })

  it('positions, account, balance, trades, income', async () => {
    await ask('POST', 'v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.009' })
    const positions = await ask('GET', 'v3/positionRisk')
    expect(fieldsOf(positions)).toBe(
      words(
        'adl askNotional bidNotional breakEvenPrice entryPrice initialMargin isolatedMargin isolatedWallet liquidationPrice maintMargin marginAsset markPrice notional openOrderInitialMargin positionAmt positionInitialMargin positionSide symbol unRealizedProfit updateTime',
      ),
    )
    expect(positions).toMatchObject([
      {
        positionAmt: '0.009',
        entryPrice: '60001.2',
        markPrice: '60000.00000000',
        isolatedMargin: '0',
        isolatedWallet: '0',
        bidNotional: '0',
      },
    ])
    const account = (await ask('GET', 'v3/account')) as { assets: unknown; positions: unknown }
    expect(fieldsOf(account)).toBe(words(totals, 'assets positions'))
    expect(fieldsOf(account.assets)).toBe(
      words(
        'asset availableBalance crossUnPnl crossWalletBalance initialMargin maintMargin marginBalance maxWithdrawAmount openOrderInitialMargin positionInitialMargin unrealizedProfit updateTime walletBalance',
      ),
    )
    expect(fieldsOf(account.positions)).toBe(
      words('initialMargin isolatedMargin isolatedWallet maintMargin notional positionAmt positionSide symbol unrealizedProfit updateTime'),
    )
    expect(fieldsOf(await ask('GET', 'v2/balance'))).toBe(
      words('accountAlias asset availableBalance balance crossUnPnl crossWalletBalance marginAvailable maxWithdrawAmount updateTime'),
    )
    const trades = await ask('GET', 'v1/userTrades', { symbol: 'BTCUSDT' })
    expect(fieldsOf(trades)).toBe(
      words('buyer commission commissionAsset id maker marginAsset orderId positionSide price qty quoteQty realizedPnl side symbol time'),
    )
    expect(trades).toMatchObject([{ price: '60001.20', qty: '0.009', quoteQty: '540.01080', realizedPnl: '0', commission: '0.21600432' }])
    expect(fieldsOf(await ask('GET', 'v1/income'))).toBe(words('asset income incomeType info symbol time tradeId tranId'))
  })

  it('a liquidation price that Binance reported is the one we compute', async () => {
    // Recorded: 0.009 BTC long from 67445.9 on a cross wallet of 25.72470371 USDT at 0.4 %: 64846.98753790.
    const { liquidationPrice } = await import('../../engine/margin.ts')
    const { fixed, formatFixed } = await import('../../engine/fixed.ts')
    const quantity = fixed('0.009')
    const position = {
      symbol: 'BTCUSDT',
      side: 'BOTH' as const,
      quantity,
      cost: quantity * fixed('67445.9'),
      isolatedWallet: 0n,
      updatedAt: 0,
    }
    const own = { position, isolated: false, leverage: 80, mark: 0n, notional: 0n, unrealized: 0n, initialMargin: 0n, maintenance: 0n }
    const zero = {
      wallet: 0n,
      crossUnrealized: 0n,
      unrealized: 0n,
      positionMargin: 0n,
      orderMargin: 0n,
      maintenance: 0n,
      crossMaintenance: 0n,
      available: 0n,
      positions: [],
    }
    expect(formatFixed(liquidationPrice({ ...zero, crossWallet: fixed('25.72470371') }, own), 4)).toBe('64846.9875')
  })
})
