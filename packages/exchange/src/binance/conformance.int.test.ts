import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestVenue, type TestVenue } from '../../../../apps/venue/src/testing/start-test-venue.ts'
import { conformanceCases, type ConformanceRig } from '../conformance.ts'
import { exchangeAt, marketOrder } from '../testing/answering-server.ts'
import type { AccountHandle, ExchangePort } from '../port.ts'

let venue: TestVenue
let port: ExchangePort
let given = 0
beforeAll(async () => {
  venue = await startTestVenue()
  port = exchangeAt(venue.venue.url)
})
beforeEach(() => venue.client.pin('BTCUSDT', '60000'))
afterAll(async () => {
  await port.close()
  await venue[Symbol.asyncDispose]()
})

async function openAccount(): Promise<AccountHandle> {
  const accountId = `account-${(given += 1)}`
  const { apiKey, secret } = await venue.client.open(accountId)
  return { accountId, credentials: { apiKey, secret }, positionMode: 'ONE_WAY' }
}

describe('Binance through stock CCXT at the venue', () => {
  const rig = (): ConformanceRig => ({
    port,
    symbol: 'BTC/USDT:USDT',
    openAccount,
    setMark: (price) => venue.client.pin('BTCUSDT', price),
    newId: () => `conformance${(given += 1)}`,
    nowMs: () => Date.now(),
  })

  test.each(conformanceCases.map((one) => [one.name, one] as const))('%s', (_name, one) => one.run(rig()))
})

describe('a hedged account', () => {
  const signing = () => ({ timestampMs: Date.now(), recvWindowMs: 3_000 })

  async function openHedged(): Promise<AccountHandle> {
    const account = await openAccount()
    await venue.client.call({ ref: account.accountId, ...account.credentials }, 'POST', '/fapi/v1/positionSide/dual', {
      dualSidePosition: true,
    })
    return { ...account, positionMode: 'HEDGE' }
  }

  test('holds both sides, protects each and closes each without the flag that the exchange refuses', async () => {
    const account = await openHedged()
    expect(await port.fetchPositionMode(account)).toEqual({ ok: true, value: 'HEDGE' })
    for (const [positionSide, side] of [
      ['LONG', 'buy'],
      ['SHORT', 'sell'],
    ] as const)
      expect(await port.createOrder(account, marketOrder(`open${positionSide}`, { positionSide, side }), signing())).toMatchObject({
        ok: true,
        value: { positionSide, status: 'filled' },
      })
    expect(await port.fetchPositions(account)).toMatchObject({
      value: [
        { positionSide: 'LONG', side: 'LONG' },
        { positionSide: 'SHORT', side: 'SHORT' },
      ],
    })

    const stop = marketOrder('stopLONG', {
      positionSide: 'LONG',
      side: 'sell',
      type: 'stop-market',
      quantityBase: null,
      triggerPrice: '59000',
      closePosition: true,
    })
    expect(await port.createOrder(account, stop, signing())).toMatchObject({ ok: true, value: { positionSide: 'LONG', isTrigger: true } })

    expect(
      await port.createOrder(account, marketOrder('closeLONG', { positionSide: 'LONG', side: 'sell', reduceOnly: true }), signing()),
    ).toMatchObject({ ok: true })
    expect(await port.fetchPositions(account)).toMatchObject({ value: [{ positionSide: 'SHORT', side: 'SHORT', quantityBase: '0.01' }] })
    expect(
      await port.createOrder(account, marketOrder('again', { positionSide: 'LONG', side: 'sell', reduceOnly: true }), signing()),
    ).toMatchObject({ ok: false, failure: { verdict: 'MOOT' } })
  })

  test('that we take for one-way is told apart by the exchange', async () => {
    const account = await openHedged()
    expect(await port.createOrder({ ...account, positionMode: 'ONE_WAY' }, marketOrder('m1'), signing())).toMatchObject({
      failure: { reason: 'REJECTED_POSITION_MODE', code: '-4061' },
    })
  })
})
