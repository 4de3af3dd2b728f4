import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestVenue, type TestVenue } from '../../testing/start-test-venue.ts'
import type { Fields, Key, WireAnswer } from '../../testing/wire-client.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let venue: TestVenue
let key: Key
let number = 0

beforeAll(async () => {
  venue = await startTestVenue()
  await venue.client.pin('BTCUSDT', '60000')
  await venue.client.pin('ETHUSDT', '3000')
})
afterAll(async () => venue[Symbol.asyncDispose]())
beforeEach(async () => {
  number += 1
  key = await venue.client.open(`trader-${number}`)
})

const call = (method: string, path: string, fields?: Fields): Promise<WireAnswer> => venue.client.call(key, method, `/fapi/${path}`, fields)
const market = (side: 'BUY' | 'SELL', quantity: string, more: Fields = {}): Promise<WireAnswer> =>
  call('POST', 'v1/order', { symbol: 'BTCUSDT', side, type: 'MARKET', quantity, newOrderRespType: 'RESULT', ...more })
const limit = (side: 'BUY' | 'SELL', quantity: string, price: string, more: Fields = {}): Promise<WireAnswer> =>
  call('POST', 'v1/order', {
    symbol: 'BTCUSDT',
    side,
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity,
    price,
    newOrderRespType: 'RESULT',
    ...more,
  })
const algo = (type: string, side: 'BUY' | 'SELL', triggerPrice: string, more: Fields = {}): Promise<WireAnswer> =>
  call('POST', 'v1/algoOrder', { algoType: 'CONDITIONAL', symbol: 'BTCUSDT', side, type, triggerPrice, workingType: 'MARK_PRICE', ...more })
const held = async (): Promise<unknown> =>
  ((await call('GET', 'v3/positionRisk')).body as { positionAmt: string }[]).map((one) => one.positionAmt)

describe('a refused order names its reason as Binance does', () => {
  const cases: [why: string, code: number, send: () => Promise<WireAnswer>][] = [
    ['no symbol', -1102, () => call('POST', 'v1/order', { side: 'BUY', type: 'MARKET', quantity: '0.01' })],
    ['no quantity', -1102, () => call('POST', 'v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET' })],
    [
      'a limit without a price',
      -1102,
      () => call('POST', 'v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01' }),
    ],
    ['a price on a market order', -1106, () => market('BUY', '0.01', { price: '60000' })],
    ['an unknown symbol', -1121, () => market('BUY', '0.01', { symbol: 'NOPEUSDT' })],
    ['an unknown side', -1117, () => call('POST', 'v1/order', { symbol: 'BTCUSDT', side: 'UP', type: 'MARKET', quantity: '0.01' })],
    ['an unknown type', -1116, () => call('POST', 'v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'ICEBERG', quantity: '0.01' })],
    ['an unknown time in force', -1115, () => limit('BUY', '0.01', '59000', { timeInForce: 'LATER' })],
    ['a quantity off the step', -1111, () => market('BUY', '0.0105')],
    ['no quantity at all', -4003, () => market('BUY', '0')],
    ['too large a quantity', -4005, () => market('BUY', '121')],
    ['a price off the tick', -4014, () => limit('BUY', '0.01', '59000.05')],
    ['a price with too many decimals', -1111, () => limit('BUY', '0.01', '59000.123')],
    ['a limit far above the mark', -4016, () => limit('BUY', '0.01', '66000')],
    ['a limit far below the mark', -4024, () => limit('SELL', '0.01', '50000')],
    ['too little money for an order', -4164, () => market('BUY', '0.001')],
    ['a client id that is too long', -4015, () => market('BUY', '0.01', { newClientOrderId: 'x'.repeat(37) })],
    ['a conditional type on the plain endpoint', -4120, () => market('BUY', '0.01', { type: 'STOP_MARKET', stopPrice: '61000' })],
    ['a position side in one-way mode', -4061, () => market('BUY', '0.01', { positionSide: 'LONG' })],
    ['nothing to reduce', -2022, () => market('SELL', '0.01', { reduceOnly: true })],
    ['more than the margin carries', -2019, () => market('BUY', '4')],
    [
      'more than the leverage may hold',
      -2027,
      async () => {
        await call('POST', 'v1/leverage', { symbol: 'BTCUSDT', leverage: 125 })
        return market('BUY', '1')
      },
    ],
    ['a post-only order that would take', -5022, () => limit('BUY', '0.01', '60100', { timeInForce: 'GTX' })],
    ['a stop that would trigger at once', -2021, () => algo('STOP_MARKET', 'SELL', '60500', { closePosition: true })],
    ['a target that would trigger at once', -2021, () => algo('TAKE_PROFIT_MARKET', 'SELL', '59500', { closePosition: true })],
    ['a closing stop with a quantity', -4137, () => algo('STOP_MARKET', 'SELL', '59000', { closePosition: true, quantity: '0.01' })],
    ['a closing stop with reduceOnly', -1106, () => algo('STOP_MARKET', 'SELL', '59000', { closePosition: true, reduceOnly: true })],
    ['a closing trailing stop', -4136, () => algo('TRAILING_STOP_MARKET', 'SELL', '59000', { closePosition: true, callbackRate: '1' })],
    [
      'a second closing stop in one direction',
      -4130,
      async () => {
        await algo('STOP_MARKET', 'SELL', '59000', { closePosition: true })
        return algo('STOP_MARKET', 'SELL', '58000', { closePosition: true })
      },
    ],
    [
      'a client algo id that is open already',
      -20132,
      async () => {
        await algo('STOP_MARKET', 'SELL', '59000', { closePosition: true, clientAlgoId: 'same' })
        return algo('TAKE_PROFIT_MARKET', 'SELL', '62000', { closePosition: true, clientAlgoId: 'same' })
      },
    ],
    [
      'a stop tied to a position that is not there',
      -4509,
      () => algo('STOP_MARKET', 'SELL', '59000', { closePosition: true, timeInForce: 'GTE_GTC' }),
    ],
    ['a lookup of nothing', -2013, () => call('GET', 'v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'never' })],
    ['an algo lookup of nothing', -2013, () => call('GET', 'v1/algoOrder', { clientAlgoId: 'never' })],
    ['a cancel of nothing', -2011, () => call('DELETE', 'v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'never' })],
    ['an algo cancel of nothing', -2011, () => call('DELETE', 'v1/algoOrder', { clientAlgoId: 'never' })],
    ['a lookup by neither id', -1102, () => call('GET', 'v1/order', { symbol: 'BTCUSDT' })],
    ['the margin type it has', -4046, () => call('POST', 'v1/marginType', { symbol: 'BTCUSDT', marginType: 'CROSSED' })],
    ['the position mode it has', -4059, () => call('POST', 'v1/positionSide/dual', { dualSidePosition: false })],
    [
      'a margin type beside open orders',
      -4047,
      async () => {
        await limit('BUY', '0.01', '59000')
        return call('POST', 'v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' })
      },
    ],
    [
      'a margin type beside a position',
      -4048,
      async () => {
        await market('BUY', '0.01')
        return call('POST', 'v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' })
      },
    ],
    [
      'a position mode beside open orders',
      -4067,
      async () => {
        await limit('BUY', '0.01', '59000')
        return call('POST', 'v1/positionSide/dual', { dualSidePosition: true })
      },
    ],
    [
      'a position mode beside a position',
      -4068,
      async () => {
        await market('BUY', '0.01')
        return call('POST', 'v1/positionSide/dual', { dualSidePosition: true })
      },
    ],
    ['a leverage that does not exist', -4028, () => call('POST', 'v1/leverage', { symbol: 'BTCUSDT', leverage: 126 })],
    [
      'a lower leverage that the margin does not carry',
      -2028,
      async () => {
        await call('POST', 'v1/leverage', { symbol: 'BTCUSDT', leverage: 50 })
        await market('BUY', '3')
        return call('POST', 'v1/leverage', { symbol: 'BTCUSDT', leverage: 5 })
      },
    ],
  ]
  it.each(cases)('%s: %i', async (_why, code, send) => {
    expect(await send()).toMatchObject({ status: 400, body: { code, msg: expect.any(String) } })
  })

  it('a path that does not exist', async () => {
    expect((await call('GET', 'v9/nothing')).status).toBe(404)
  })
})

describe('client ids', () => {
  it('are unique among open orders only, and a lookup finds the newest', async () => {
    const first = await market('BUY', '0.01', { newClientOrderId: 'again' })
    const second = await market('BUY', '0.02', { newClientOrderId: 'again' })
    expect([first.status, second.status]).toEqual([200, 200])
    expect((await call('GET', 'v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'again' })).body).toMatchObject({ origQty: '0.020' })

    await limit('BUY', '0.01', '59000', { newClientOrderId: 'open' })
    expect((await limit('BUY', '0.01', '58000', { newClientOrderId: 'open' })).body).toMatchObject({ code: -4116 })
    await call('DELETE', 'v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'open' })
    expect((await limit('BUY', '0.01', '58000', { newClientOrderId: 'open' })).body).toMatchObject({ status: 'NEW' })
  })
})

describe('orders', () => {
  it('ack says that it is taken, the result what became of it', async () => {
    expect((await market('BUY', '0.01', { newOrderRespType: 'ACK' })).body).toMatchObject({ status: 'NEW', executedQty: '0.000' })
    expect((await market('BUY', '0.01')).body).toMatchObject({ status: 'FILLED', executedQty: '0.010', avgPrice: '60001.20000' })
  })

  it('a reduce-only order shrinks to the position and never turns it', async () => {
    await market('BUY', '0.01')
    expect((await market('SELL', '0.05', { reduceOnly: true })).body).toMatchObject({
      status: 'FILLED',
      origQty: '0.010',
      executedQty: '0.010',
    })
    expect(await held()).toEqual([])
    await market('SELL', '0.01')
    expect((await market('SELL', '0.01', { reduceOnly: true })).body).toMatchObject({ code: -2022 })
  })

  it('a reduce-only order below the opening minimum still closes', async () => {
    await market('BUY', '0.003')
    await market('SELL', '0.002', { reduceOnly: true })
    expect((await market('SELL', '0.001', { reduceOnly: true })).body).toMatchObject({ status: 'FILLED' })
    expect(await held()).toEqual([])
  })

  it('reduce-only orders that cover the position leave no room for one more', async () => {
    await market('BUY', '0.01')
    await limit('SELL', '0.01', '61000', { reduceOnly: true, newClientOrderId: 'target' })
    expect((await limit('SELL', '0.01', '62000', { reduceOnly: true })).body).toMatchObject({ code: -4118 })
  })

  it('a position that is gone takes its reduce-only orders along', async () => {
    await market('BUY', '0.01')
    await limit('SELL', '0.005', '61000', { reduceOnly: true, newClientOrderId: 'target' })
    await market('SELL', '0.01')
    expect((await call('GET', 'v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'target' })).body).toMatchObject({ status: 'EXPIRED' })
  })

  it('a limit order rests until the price comes to it, and fills there as maker', async () => {
    expect((await limit('BUY', '0.01', '59000', { newClientOrderId: 'rest' })).body).toMatchObject({ status: 'NEW' })
    venue.wait(10)
    await venue.client.pin('BTCUSDT', '58900')
    expect((await call('GET', 'v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'rest' })).body).toMatchObject({
      status: 'FILLED',
      avgPrice: '59000.00000',
    })
    expect((await call('GET', 'v1/userTrades', { symbol: 'BTCUSDT' })).body).toMatchObject([
      { maker: true, price: '59000.00', commission: '0.11800000' },
    ])
    await venue.client.pin('BTCUSDT', '60000')
  })

  it('IOC takes what is there, FOK all or nothing', async () => {
    expect((await limit('BUY', '0.01', '59000', { timeInForce: 'IOC' })).body).toMatchObject({ status: 'EXPIRED', executedQty: '0.000' })
    expect((await limit('BUY', '0.01', '60100', { timeInForce: 'IOC' })).body).toMatchObject({ status: 'FILLED' })
    expect((await limit('BUY', '0.01', '59000', { timeInForce: 'FOK' })).body).toMatchObject({ status: 'EXPIRED' })
  })

  it('a resting order can be changed', async () => {
    await limit('BUY', '0.01', '59000', { newClientOrderId: 'move' })
    const moved = await call('PUT', 'v1/order', {
      symbol: 'BTCUSDT',
      side: 'BUY',
      origClientOrderId: 'move',
      quantity: '0.02',
      price: '58500',
    })
    expect(moved.body).toMatchObject({ status: 'NEW', origQty: '0.020', price: '58500.00' })
  })

  it('a batch answers each on its own', async () => {
    const batch = JSON.stringify([
      { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01', newOrderRespType: 'RESULT' },
      { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.0001' },
    ])
    expect((await call('POST', 'v1/batchOrders', { batchOrders: batch })).body).toMatchObject([{ status: 'FILLED' }, { code: -1111 }])
  })

  it('cancels all of a symbol, and only plain orders', async () => {
    await limit('BUY', '0.01', '59000')
    await limit('BUY', '0.01', '58000')
    await algo('STOP_MARKET', 'SELL', '59000', { closePosition: true })
    expect((await call('DELETE', 'v1/allOpenOrders', { symbol: 'BTCUSDT' })).body).toMatchObject({ code: 200 })
    expect((await call('GET', 'v1/openOrders')).body).toEqual([])
    expect((await call('GET', 'v1/openAlgoOrders')).body).toHaveLength(1)
    await call('DELETE', 'v1/algoOpenOrders', { symbol: 'BTCUSDT' })
    expect((await call('GET', 'v1/openAlgoOrders')).body).toEqual([])
  })
})

describe('conditional orders', () => {
  it('a closing stop closes what is there, and its twin stays until it is taken away', async () => {
    await market('BUY', '0.01')
    await algo('STOP_MARKET', 'SELL', '59000', { closePosition: true, clientAlgoId: 'stop' })
    await algo('TAKE_PROFIT_MARKET', 'SELL', '62000', { closePosition: true, clientAlgoId: 'target' })
    await market('BUY', '0.02')
    venue.wait(10)
    await venue.client.pin('BTCUSDT', '58990')

    expect(await held()).toEqual([])
    const stop = (await call('GET', 'v1/algoOrder', { clientAlgoId: 'stop' })).body as { actualOrderId: string }
    expect(stop).toMatchObject({ algoStatus: 'FINISHED', actualQty: '0.030' })
    expect((await call('GET', 'v1/order', { symbol: 'BTCUSDT', orderId: stop.actualOrderId })).body).toMatchObject({
      status: 'FILLED',
      clientOrderId: 'stop',
      origType: 'STOP_MARKET',
      reduceOnly: true,
    })
    expect((await call('GET', 'v1/openAlgoOrders')).body).toMatchObject([{ clientAlgoId: 'target', algoStatus: 'NEW' }])

    await venue.client.pin('BTCUSDT', '62500')
    expect((await call('GET', 'v1/algoOrder', { clientAlgoId: 'target' })).body).toMatchObject({ algoStatus: 'EXPIRED' })
    expect(await held()).toEqual([])
    await venue.client.pin('BTCUSDT', '60000')
  })

  it('one tied to its position goes with it', async () => {
    await market('BUY', '0.01')
    await algo('STOP_MARKET', 'SELL', '59000', { closePosition: true, timeInForce: 'GTE_GTC', clientAlgoId: 'tied' })
    await market('SELL', '0.01', { reduceOnly: true })
    expect((await call('GET', 'v1/algoOrder', { clientAlgoId: 'tied' })).body).toMatchObject({ algoStatus: 'EXPIRED' })
  })

  it('a trailing stop follows and turns', async () => {
    await market('BUY', '0.01')
    await call('POST', 'v1/algoOrder', {
      algoType: 'CONDITIONAL',
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'TRAILING_STOP_MARKET',
      quantity: '0.01',
      callbackRate: '1',
      reduceOnly: true,
      clientAlgoId: 'trail',
    })
    venue.wait(10)
    for (const mark of ['60000', '61000', '60500']) await venue.client.pin('BTCUSDT', mark)
    expect(await held()).toEqual(['0.010'])
    await venue.client.pin('BTCUSDT', '60380')
    expect(await held()).toEqual([])
    await venue.client.pin('BTCUSDT', '60000')
  })

  it('a stop that opens becomes an order of its own', async () => {
    await algo('STOP', 'BUY', '60500', { quantity: '0.01', price: '60600', timeInForce: 'GTC' })
    venue.wait(10)
    await venue.client.pin('BTCUSDT', '60550')
    expect(await held()).toEqual(['0.010'])
    await venue.client.pin('BTCUSDT', '60000')
  })
})

describe('hedge mode', () => {
  it('holds both sides, closes by side, and knows no reduceOnly', async () => {
    await call('POST', 'v1/positionSide/dual', { dualSidePosition: true })
    await market('BUY', '0.02', { positionSide: 'LONG' })
    await market('SELL', '0.01', { positionSide: 'SHORT' })
    expect(await held()).toEqual(['0.020', '-0.010'])
    expect((await market('BUY', '0.01')).body).toMatchObject({ code: -4061 })
    expect((await market('SELL', '0.01', { positionSide: 'LONG', reduceOnly: true })).body).toMatchObject({ code: -1106 })
    await market('SELL', '0.05', { positionSide: 'LONG' })
    expect(await held()).toEqual(['-0.010'])
    expect((await market('SELL', '0.01', { positionSide: 'LONG' })).body).toMatchObject({ code: -2022 })
  })
})
