import type { Activity, PositionView, SignalLogEntry, SignalTrace } from '@matic/contracts'
import { createDb, type Db } from '@matic/db'
import { seed } from '@matic/prisma/seed'
import { startStack, type Stack } from '@matic/testkit'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { TRADER } from '../../test/start-api.ts'

const TOKEN = 'a-webhook-token-of-this-test-0123456789'
let stack: Stack
let db: Db
let token = ''
let userId = ''

beforeAll(async () => {
  stack = await startStack({
    timingsScale: 1,
    prepare: async ({ databaseUrl }) => {
      ;({ userId } = await seed({ databaseUrl, webhookToken: TOKEN, passwordCost: 4 }))
    },
  })
  db = createDb({ databaseUrl: stack.databaseUrl, applicationName: 'test', poolSize: 2 })
  token = (await call<{ accessToken: string }>('POST', '/api/auth/login', TRADER)).accessToken
  // The account is funded, and the market has a price to size by.
  await vi.waitUntil(
    async () => {
      const [account] = await db.query(`SELECT 1 FROM account a JOIN account_state s ON s.account_id = a.id WHERE a.key_status = 'VALID'`)
      const [market] = await db.query(`SELECT 1 FROM market WHERE market_id = 'BTCUSDT' AND mark_at > now() - interval '10 seconds'`)
      return account !== undefined && market !== undefined
    },
    { timeout: 60_000, interval: 250 },
  )
})
afterAll(async () => {
  await db?.close()
  await stack?.stop()
})

async function call<Data>(method: string, path: string, json?: unknown): Promise<Data> {
  const response = await fetch(`${stack.apiUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const { data, message }: { data?: Data; message?: string } = JSON.parse(await response.text())
  if (data === undefined) throw new Error(`${method} ${path}: ${response.status} ${message}`)
  return data
}

async function alert(body: Record<string, string>): Promise<string> {
  const response = await fetch(`${stack.apiUrl}/api/webhook/${userId}/${TOKEN}`, { method: 'POST', body: JSON.stringify(body) })
  const { signalId }: { signalId: string } = JSON.parse(await response.text())
  return signalId
}

const positions = async () => (await call<PositionView[]>('GET', '/api/exchange/positions')).map(({ side, size }) => `${side} ${size}`)
const traceOf = (id: string) => call<SignalTrace>('GET', `/api/signals/${id}/trace`)
const filled = (id: string) =>
  expect.poll(async () => (await traceOf(id)).routes[0]?.orders.flatMap(({ fills }) => fills).length).toBeGreaterThan(0)

it('a stored signal replayed on paper trades there once, and is a replay wherever it is shown', async () => {
  const body = { symbol: 'BTCUSDT.P', action: 'buy', quantity: '0.01', comment: 'replay me' }
  const original = await alert(body)
  await filled(original)
  await call('POST', '/api/exchange/close-position', { symbol: 'BTCUSDT' })
  await expect.poll(positions).toEqual([])

  const { signalId } = await call<{ signalId: string }>('POST', `/api/signals/${original}/replay`)
  await filled(signalId)
  expect(await positions()).toEqual(['LONG 0.01'])
  // A worker that is not sure of its commit takes it up once more.
  await db.query(`UPDATE signal SET state = 'RECEIVED' WHERE id = $1`, [signalId])
  await expect.poll(async () => (await traceOf(signalId)).state).toBe('DISPATCHED')
  expect((await traceOf(signalId)).routes).toMatchObject([{ orders: [{ leg: 'open', fills: [{ quantity: '0.01' }] }] }])
  expect(await positions()).toEqual(['LONG 0.01'])

  expect(await traceOf(signalId)).toMatchObject({ source: 'REPLAY', alert: { originId: original }, body: { text: JSON.stringify(body) } })
  const replays = await call<SignalLogEntry[]>('GET', '/api/signals?source=REPLAY')
  expect(replays).toMatchObject([{ id: signalId, source: 'REPLAY' }])
  const lines = await call<{ code: Activity['code'] }[]>('GET', '/api/activity?limit=100')
  expect(lines.filter(({ code }) => code === 'SIGNAL_REPLAYED')).toHaveLength(1)

  // The sender says the same again: that is a new alert, not the replay.
  const again = await alert({ ...body, action: 'close' })
  expect([original, signalId]).not.toContain(again)
  await expect.poll(positions).toEqual([])
})

it('a held alert closes what its sender has left, and opens when its owner says so', async () => {
  const strategy = (from: string, to: string) =>
    alert({
      symbol: 'BTCUSDT.P',
      action: to === 'long' ? 'buy' : 'sell',
      contracts: '0.01',
      prev_market_position: from,
      market_position: to,
      timenow: new Date().toISOString(),
      id: `${from} ${to}`,
    })
  await filled(await strategy('flat', 'long'))
  const held = await strategy('flat', 'short')
  await expect.poll(async () => (await traceOf(held)).hold?.state).toBe('HELD')
  await expect.poll(positions).toEqual([])
  expect(await traceOf(held)).toMatchObject({
    hold: { missingFrom: 'long', missingTo: 'flat', releaseId: null },
    routes: [{ decision: { reason: 'CHAIN_HELD' } }],
  })
  expect(await call<SignalLogEntry[]>('GET', '/api/signals?outcome=held')).toMatchObject([{ id: held, hold: { state: 'HELD' } }])

  const { signalId } = await call<{ signalId: string }>('POST', `/api/signals/${held}/hold`, { action: 'carry-out' })
  await filled(signalId)
  expect(await positions()).toEqual(['SHORT 0.01'])
  expect(await traceOf(held)).toMatchObject({ hold: { state: 'RELEASED', releaseId: signalId } })
  expect(await traceOf(signalId)).toMatchObject({ source: 'RELEASE', alert: { originId: held } })
  await expect(call('POST', `/api/signals/${held}/hold`, { action: 'drop' })).rejects.toThrow('409')
})
