import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestVenue, type TestVenue } from './testing/start-test-venue.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let venue: TestVenue
beforeEach(async () => {
  venue = await startTestVenue()
})
afterEach(async () => venue[Symbol.asyncDispose]())

describe('administration', () => {
  it('is closed without its token', async () => {
    const response = await fetch(`${venue.venue.url}/venue/ledger`, { headers: { 'x-venue-admin': 'guess' } })
    expect(response.status).toBe(401)
    expect((await fetch(`${venue.venue.url}/health`)).status).toBe(200)
  })

  it('opens an account once per reference', async () => {
    const first = await venue.client.open('same', '100')
    expect(await venue.client.open('same', '999')).toEqual(first)
    expect((await venue.client.admin('GET', '/venue/accounts/same')).body).toMatchObject({ walletBalance: '100.00000000' })
  })

  it('pays in once per id', async () => {
    await venue.client.open('payer', '100')
    for (const id of ['one', 'one', 'two']) await venue.client.admin('POST', '/venue/accounts/payer/deposit', { id, amount: '25.5' })
    expect((await venue.client.admin('GET', '/venue/accounts/payer')).body).toMatchObject({ walletBalance: '151.00000000' })
    expect((await venue.client.admin('GET', '/venue/books')).body).toMatchObject({
      balanced: true,
      sum: '0.00000000',
      deposits: '-151.00000000',
    })
  })

  it('refuses what makes no sense', async () => {
    const wrong = [
      ['POST', '/venue/accounts', { ref: 'x', depositUsdt: '-1' }],
      ['POST', '/venue/accounts', { ref: 'no spaces', depositUsdt: '1' }],
      ['POST', '/venue/prices', { symbol: 'NOPE', mark: '1' }],
      ['POST', '/venue/prices', { symbol: 'BTCUSDT', mark: '0' }],
    ] as const
    for (const [method, path, body] of wrong) expect((await venue.client.admin(method, path, body)).status).toBe(400)
    expect((await venue.client.admin('GET', '/venue/accounts/nobody')).status).toBe(404)
  })

  it('shows every order ever accepted, with its fills', async () => {
    const key = await venue.client.open('trader')
    const send = (path: string, fields: Record<string, string | boolean>) =>
      venue.client.call(key, 'POST', `/fapi/v1/${path}`, { symbol: 'BTCUSDT', ...fields })
    await send('order', { side: 'BUY', type: 'MARKET', quantity: '0.01', newClientOrderId: 'open' })
    await send('algoOrder', {
      algoType: 'CONDITIONAL',
      side: 'SELL',
      type: 'STOP_MARKET',
      triggerPrice: '1000',
      closePosition: true,
      clientAlgoId: 'stop',
    })
    await send('order', { side: 'BUY', type: 'MARKET', quantity: '0.0001', newClientOrderId: 'refused' })
    const { orders } = (await venue.client.admin('GET', '/venue/ledger')).body as { orders: { fills: unknown[] }[] }
    expect(orders).toMatchObject([
      { ref: 'trader', clientOrderId: 'open', status: 'FILLED', executedQty: '0.01', reduceOnly: false, fills: [{ qty: '0.01' }] },
      { ref: 'trader', clientOrderId: 'stop', status: 'NEW', type: 'STOP_MARKET', closePosition: true, fills: [] },
    ])
    expect((await venue.client.admin('GET', '/venue/positions')).body).toMatchObject({
      positions: [{ ref: 'trader', symbol: 'BTCUSDT', positionAmt: '0.01' }],
    })
  })
})
