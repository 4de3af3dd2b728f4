import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestVenue, type TestVenue } from '../../testing/start-test-venue.ts'
import type { Key } from '../../testing/wire-client.ts'

let venue: TestVenue
let key: Key

beforeAll(async () => {
  venue = await startTestVenue()
  key = await venue.client.open('signer')
})
afterAll(async () => venue[Symbol.asyncDispose]())

const account = '/fapi/v3/account'
const ask = (fields: Record<string, string | number> = {}, secret?: string, by: Key = key) =>
  venue.client.call(by, 'GET', account, fields, secret)

describe('who is asking', () => {
  it('accepts a signed request', async () => {
    expect((await ask()).status).toBe(200)
  })

  it('refuses a key that is no key', async () => {
    expect(await ask({}, undefined, { ...key, apiKey: 'nonsense!' })).toMatchObject({ status: 401, body: { code: -2014 } })
  })

  it('refuses a key that nobody has', async () => {
    expect(await ask({}, undefined, { ...key, apiKey: 'a'.repeat(64) })).toMatchObject({ status: 401, body: { code: -2015 } })
  })

  it('refuses a revoked key', async () => {
    const other = await venue.client.open('revoked')
    expect((await ask({}, undefined, other)).status).toBe(200)
    await venue.client.admin('POST', '/venue/accounts/revoked/revoke')
    expect(await ask({}, undefined, other)).toMatchObject({ status: 401, body: { code: -2015 } })
  })

  it('refuses a signature made with another secret', async () => {
    expect(await ask({}, 'another secret')).toMatchObject({ status: 400, body: { code: -1022 } })
  })

  it('refuses fields that were changed after signing', async () => {
    const { createHmac } = await import('node:crypto')
    const query = `symbol=BTCUSDT&timestamp=${Date.now()}`
    const signature = createHmac('sha256', key.secret).update(query).digest('hex')
    const response = await fetch(`${venue.venue.url}/fapi/v3/positionRisk?${query.replace('BTC', 'ETH')}&signature=${signature}`, {
      headers: { 'X-MBX-APIKEY': key.apiKey },
    })
    expect(await response.json()).toMatchObject({ code: -1022 })
  })

  it('wants a timestamp', async () => {
    expect(await ask({ timestamp: '' })).toMatchObject({ status: 400, body: { code: -1102, msg: expect.stringContaining("'timestamp'") } })
  })
})

describe('how old a request may be', () => {
  // The clock stands, so that it counts what a request says and not how long it was on its way.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() }))
  afterEach(() => void vi.useRealTimers())

  it('is five seconds by default', async () => {
    expect((await ask({ timestamp: Date.now() - 4_500 })).status).toBe(200)
    expect(await ask({ timestamp: Date.now() - 5_100 })).toMatchObject({ status: 400, body: { code: -1021 } })
  })

  it('is what recvWindow says', async () => {
    expect((await ask({ timestamp: Date.now() - 9_000, recvWindow: 10_000 })).status).toBe(200)
    expect(await ask({ timestamp: Date.now() - 1_200, recvWindow: 1_000 })).toMatchObject({ body: { code: -1021 } })
  })

  it('is a minute at most', async () => {
    expect(await ask({ recvWindow: 60_001 })).toMatchObject({ body: { code: -1131 } })
  })

  it('is not less than nothing: a request from the future is refused', async () => {
    expect((await ask({ timestamp: Date.now() + 700 })).status).toBe(200)
    expect(await ask({ timestamp: Date.now() + 1_500 })).toMatchObject({ body: { code: -1021, msg: expect.stringContaining('ahead') } })
  })
})
