import { createDecipheriv } from 'node:crypto'
import { type ApiKeyView, type OrderView, type PositionView } from '@matic/contracts'
import { createDb, type Db } from '@matic/db'
import { seed } from '@matic/prisma/seed'
import { startStack, type Stack } from '@matic/testkit'
import { canReadMemory, environmentOf, findInMemory, findProcess } from '@matic/testkit/process-memory'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ADMIN, TRADER } from '../../test/start-api.ts'

interface Answer<Data> {
  readonly status: number
  readonly data: Data
  readonly code: string | undefined
  readonly message: string | undefined
  readonly details: Record<string, unknown> | undefined
  readonly text: string
}
type Key = ApiKeyView & { requestId: string | null }

const WEBHOOK_TOKEN = 'a-webhook-token-of-this-test-0123456789'
const SECRET = 'the-secret-that-nobody-reads-again-7b1e0c'

let stack: Stack
let db: Db
let token: string
let webhookPath: string
const lines: string[] = []

beforeAll(async () => {
  stack = await startStack({
    timingsScale: 1,
    env: { EGRESS_IPS: '203.0.113.7, 203.0.113.8', LOG_LEVEL: 'debug' },
    onLine: (name, line) => lines.push(`${name} ${line}`),
    prepare: async ({ databaseUrl }) => {
      const { userId } = await seed({ databaseUrl, webhookToken: WEBHOOK_TOKEN, passwordCost: 4 })
      webhookPath = `/api/webhook/${userId}/${WEBHOOK_TOKEN}`
    },
  })
  db = createDb({ databaseUrl: stack.databaseUrl, applicationName: 'test', poolSize: 2 })
  token = await signIn(TRADER)
})
afterAll(async () => {
  await db?.close()
  await stack?.stop()
})

async function call<Data>(method: string, path: string, json?: unknown, as = token): Promise<Answer<Data>> {
  const response = await fetch(`${stack.apiUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(as === undefined ? {} : { authorization: `Bearer ${as}` }) },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const text = await response.text()
  const body: { data: Data; message?: string; error?: { code: string; details?: Record<string, unknown> } } = JSON.parse(text)
  return { status: response.status, data: body.data, code: body.error?.code, details: body.error?.details, message: body.message, text }
}

const signIn = async (who: { email: string; password: string }) =>
  (await call<{ accessToken: string }>('POST', '/api/auth/login', who)).data.accessToken
const keys = async () => (await call<ApiKeyView[]>('GET', '/api/exchange/api-keys')).data
const positionsOf = async (id: string) => (await call<PositionView[]>('GET', `/api/exchange/positions?accountId=${id}`)).data
const add = (body: object) => call<Key>('POST', '/api/exchange/api-keys', body)

describe('a paper account', () => {
  let paper: Key

  it('opens in one click, funded and looked at', async () => {
    const added = await call<Key>('POST', '/api/exchange/paper-accounts', { label: 'Second' })
    expect(added, added.text).toMatchObject({
      status: 200,
      data: {
        exchange: 'PAPER',
        environment: 'PAPER',
        label: 'Second',
        isActive: true,
        isValid: true,
        status: 'VALID',
        positionMode: 'ONE_WAY',
        requestId: null,
      },
    })
    paper = added.data
    expect(paper.apiKey).toMatch(/^\w{4}\*{4}\w{4}$/)
    expect(paper.check).toMatchObject({ findings: [], equity: '10000', openPositions: 0 })
    expect(Math.abs(paper.check?.clockOffsetMs ?? Infinity)).toBeLessThan(1_000)
    await vi.waitUntil(async () => (await call('GET', `/api/exchange/balance?accountId=${paper.id}`)).status === 200, { timeout: 60_000 })
  })

  it('trades at once by hand, and by the alerts of its owner', async () => {
    const order = { accountId: paper.id, symbol: 'BTCUSDT', side: 'buy', quantity: '0.01', leverage: 5 }
    const placed = await call<{ decision: string; orders: OrderView[] }>('POST', '/api/exchange/order', order)
    expect(placed, placed.text).toMatchObject({ status: 200, data: { decision: 'ORDERS' } })
    await expect.poll(() => positionsOf(paper.id)).toMatchObject([{ symbol: 'BTC/USDT:USDT', size: '0.01', protection: 'PROTECTED' }])

    const alert = { symbol: 'ETHUSDT.P', action: 'buy', quantity: '0.1', id: 'eth-1' }
    const sent = await fetch(`${stack.apiUrl}${webhookPath}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(alert),
    })
    expect(sent.status).toBe(200)
    await expect
      .poll(async () => (await positionsOf(paper.id)).map(({ symbol, size }) => `${symbol} ${size}`))
      .toContain('ETH/USDT:USDT 0.1')
  })

  it('is renamed, switched off and on; off it opens nothing and still closes', async () => {
    const path = `/api/exchange/api-keys/${paper.id}`
    expect(await call('PATCH', path, { label: '  My paper ' })).toMatchObject({ status: 200, data: { label: 'My paper' } })
    expect(await call('POST', `${path}/toggle`, { active: false })).toMatchObject({ status: 200, data: { isActive: false } })
    expect(
      await call('POST', '/api/exchange/order', { accountId: paper.id, symbol: 'BTCUSDT', side: 'buy', quantity: '0.01' }),
    ).toMatchObject({
      status: 409,
      code: 'ACCOUNT_NOT_READY',
    })
    const closed = await call('POST', '/api/exchange/close-position', { accountId: paper.id, symbol: 'ETHUSDT' })
    expect(closed, closed.text).toMatchObject({ status: 200 })
    await expect.poll(async () => (await positionsOf(paper.id)).length).toBe(1)
    expect(await call('POST', `${path}/toggle`, { active: true })).toMatchObject({ status: 200, data: { isActive: true } })
  })

  it('is nobody else’s', async () => {
    const other = await signIn(ADMIN)
    const path = `/api/exchange/api-keys/${paper.id}`
    for (const [method, to, body] of [
      ['PATCH', path, { label: 'Mine' }],
      ['POST', `${path}/toggle`, { active: false }],
      ['POST', `${path}/validate`, undefined],
      ['DELETE', path, undefined],
    ] as const) {
      expect(await call(method, to, body, other)).toMatchObject({ status: 404, code: 'ACCOUNT_NOT_FOUND' })
    }
    expect(JSON.stringify((await call('GET', '/api/exchange/api-keys', undefined, other)).data)).not.toContain(paper.id)
  })

  it('is not deleted while something is open, and says what', async () => {
    const path = `/api/exchange/api-keys/${paper.id}`
    expect(await call('DELETE', path)).toMatchObject({
      status: 409,
      code: 'ACCOUNT_IN_USE',
      message: expect.stringMatching(/1 position/),
      details: { positions: 1 },
    })
    await call('POST', '/api/exchange/close-position', { accountId: paper.id, symbol: 'BTCUSDT' })
    await expect.poll(async () => (await call('DELETE', path)).status).toBe(200)
    expect((await keys()).map(({ id }) => id)).not.toContain(paper.id)
    expect(await db.query('SELECT 1 FROM exchange_key WHERE account_id = $1', [paper.id])).toEqual([])
    expect((await db.query('SELECT 1 FROM trade_order WHERE account_id = $1', [paper.id])).length).toBeGreaterThan(0)
    const audit = await db.query<{ action: string }>(
      `SELECT action FROM audit_log WHERE after->>'accountId' = $1 OR before->>'accountId' = $1 ORDER BY id`,
      [paper.id],
    )
    expect(audit.map(({ action }) => action)).toEqual([
      'account-added',
      'account-changed',
      'account-changed',
      'account-changed',
      'account-deleted',
    ])
  })
})

describe('rules of one account', () => {
  it('make one alert into two different orders, and are its own until they are given up', async () => {
    const plain = (await keys()).find(({ exchange }) => exchange === 'PAPER')?.id ?? ''
    const strict = (await call<Key>('POST', '/api/exchange/paper-accounts', { label: 'Strict' })).data.id
    await vi.waitUntil(async () => (await call('GET', `/api/exchange/balance?accountId=${strict}`)).status === 200, { timeout: 60_000 })
    const alert = (body: object) => call('POST', webhookPath, { symbol: 'BTCUSDT.P', ...body })
    const held = async (id: string) =>
      (await positionsOf(id))
        .filter(({ symbol }) => symbol === 'BTC/USDT:USDT')
        .map(({ symbol, size, leverage, protection, entryPrice, stopLoss, takeProfit }) => ({
          ...{ symbol, size, leverage, protection },
          stopAway: stopLoss === null ? null : (1 - Number(stopLoss) / Number(entryPrice)).toFixed(3),
          hasTarget: takeProfit !== null,
        }))
    const set = {
      ...{ sizingMode: 'fixed-quantity', fixedQuantity: '0.003', defaultLeverage: 4, maxLeverage: 4 },
      ...{ stopLossPercent: '2', takeProfitPercent: null, allowedSymbols: ['BTCUSDT'] },
    }
    expect(await call('PATCH', `/api/bot/rules/${strict}`, { set })).toMatchObject({ status: 200 })

    expect((await alert({ action: 'buy', quantity: '0.01', id: 'both' })).status).toBe(200)
    const protectedOne = { symbol: 'BTC/USDT:USDT', protection: 'PROTECTED' }
    await expect.poll(() => held(plain)).toEqual([{ ...protectedOne, size: '0.01', leverage: 10, stopAway: '0.050', hasTarget: true }])
    await expect.poll(() => held(strict)).toEqual([{ ...protectedOne, size: '0.003', leverage: 4, stopAway: '0.020', hasTarget: false }])

    const decisionsOf = async (id: string) =>
      db.query<{ account: string; outcome: string; reason: string | null }>(
        `SELECT CASE account_id WHEN $2 THEN 'strict' ELSE 'plain' END AS account, outcome, reason
           FROM decision d JOIN signal s ON s.id = d.signal_id WHERE s.raw_body = convert_to($1, 'UTF8') ORDER BY 1`,
        [JSON.stringify({ symbol: 'ETHUSDT.P', action: 'buy', quantity: '0.1', id }), strict],
      )
    await alert({ symbol: 'ETHUSDT.P', action: 'buy', quantity: '0.1', id: 'eth-a' })
    await expect
      .poll(() => decisionsOf('eth-a'))
      .toEqual([
        { account: 'plain', outcome: 'ORDERS', reason: null },
        { account: 'strict', outcome: 'BLOCKED', reason: 'SYMBOL_NOT_ALLOWED' },
      ])
    await call('PATCH', `/api/bot/rules/${strict}`, { inherit: ['allowedSymbols', 'sizingMode'] })
    await alert({ symbol: 'ETHUSDT.P', action: 'buy', quantity: '0.1', id: 'eth-b' })
    await expect.poll(async () => (await decisionsOf('eth-b')).map(({ outcome }) => outcome)).toEqual(['ORDERS', 'ORDERS'])

    expect((await alert({ symbol: 'ETHUSDT.P', action: 'close-all', id: 'end' })).status).toBe(200)
    await expect.poll(async () => (await Promise.all([plain, strict].map(positionsOf))).flat().length).toBe(0)
    await expect.poll(async () => (await call('DELETE', `/api/exchange/api-keys/${strict}`)).status).toBe(200)
  })
})

describe('a key', () => {
  it('of an exchange with passphrases needs one', async () => {
    for (const exchange of ['OKX', 'BITGET']) {
      expect(await add({ exchange, apiKey: 'abcd-5678-1234-wxyz', secretKey: SECRET })).toMatchObject({
        status: 400,
        code: 'VALIDATION_FAILED',
        details: { passphrase: [expect.stringMatching(/passphrase/)] },
      })
    }
    expect(await add({ exchange: 'KRAKEN', apiKey: 'abcd-5678-1234-wxyz', secretKey: SECRET })).toMatchObject({ status: 400 })
  })

  it('is masked everywhere, demo unless said, and connected once', async () => {
    const body = { exchange: 'bybit', apiKey: 'abcd-5678-1234-wxyz', secretKey: SECRET }
    const added = await add(body)
    expect([200, 202], added.text).toContain(added.status)
    expect(added.data).toMatchObject({
      exchange: 'BYBIT',
      environment: 'DEMO',
      label: 'Bybit demo',
      apiKey: 'abcd****wxyz',
      isActive: true,
      isValid: false,
    })
    if (added.status === 202) expect(added.data.requestId).toMatch(/^[\da-f-]{36}$/)
    expect(await add(body)).toMatchObject({ status: 409, code: 'ACCOUNT_EXISTS' })

    const listed = await call<ApiKeyView[]>('GET', '/api/exchange/api-keys')
    for (const text of [added.text, listed.text]) {
      expect(text).not.toContain(SECRET)
      expect(text).not.toContain('abcd-5678-1234-wxyz')
    }
    const rows = await db.query<{ row: string }>(
      `SELECT row_to_json(x)::text AS row FROM (SELECT a.*, encode(k.sealed, 'escape') AS sealed FROM account a JOIN exchange_key k ON k.account_id = a.id) x
       UNION ALL SELECT row_to_json(f)::text FROM fact f UNION ALL SELECT row_to_json(l)::text FROM audit_log l UNION ALL SELECT row_to_json(r)::text FROM exchange_request r`,
    )
    expect(rows.length).toBeGreaterThan(3)
    for (const { row } of rows) expect(row).not.toMatch(new RegExp(`${SECRET}|abcd-5678-1234-wxyz`))
  })

  it('of an exchange on which nothing is traded yet is kept, and an order says why it is refused', async () => {
    const account = (await keys()).find(({ exchange }) => exchange === 'BYBIT')
    expect(
      await call('POST', '/api/exchange/order', { accountId: account?.id, symbol: 'BTCUSDT', side: 'buy', quantity: '0.01' }),
    ).toMatchObject({
      status: 422,
      code: 'ORDER_REFUSED',
      details: { reason: 'VENUE_NOT_CERTIFIED' },
    })
    expect(await call('DELETE', `/api/exchange/api-keys/${account?.id}`)).toMatchObject({ status: 200 })
  })

  it('is bound to addresses that the operator names', async () => {
    expect((await call('GET', '/api/exchange/server-addresses')).data).toEqual({ addresses: ['203.0.113.7', '203.0.113.8'] })
  })
})

describe.skipIf(!canReadMemory)('the api process, however it is broken into,', () => {
  it('holds nothing that opens a key: neither in its environment nor in its memory', async () => {
    await add({ exchange: 'BINANCE', apiKey: 'a-key-sealed-by-the-api', secretKey: SECRET })
    const pid = findProcess({ command: '/api.mjs', variable: `PORT=${new URL(stack.apiUrl).port}` })
    if (pid === undefined) throw new Error('the api process was not found')

    const encryptionKey = Buffer.from(stack.secrets.ENCRYPTION_KEY, 'base64')
    const [pair] = await db.query<{ id: string; publicKey: Buffer; wrapped: Buffer }>(
      'SELECT id, public_key AS "publicKey", wrapped_private_key AS wrapped FROM sealing_key',
    )
    if (!pair) throw new Error('no sealing key')
    const privateKey = unwrap(pair, encryptionKey)

    const environment = environmentOf(pid)
    expect(environment.some((entry) => entry.startsWith('DATABASE_URL='))).toBe(true)
    expect(environment.filter((entry) => /^(ENCRYPTION_KEY|CLIENT_ORDER_ID_KEY|VENUE_ADMIN_TOKEN)=/.test(entry))).toEqual([])
    // Whatever stands in its environment, none of it unwraps the private key.
    for (const value of environment.map((entry) => entry.slice(entry.indexOf('=') + 1))) {
      for (const encoding of ['base64', 'hex', 'utf8'] as const) {
        const bytes = Buffer.from(value, encoding).subarray(0, 32)
        if (bytes.length === 32) expect(() => unwrap(pair, bytes)).toThrow()
      }
    }

    const found = findInMemory(pid, {
      'JWT_SECRET, which is there': Buffer.from(stack.secrets.JWT_SECRET),
      'public key, which is there': pair.publicKey,
      'encryption key': encryptionKey,
      'encryption key as text': Buffer.from(stack.secrets.ENCRYPTION_KEY),
      'private key': privateKey,
      'private key as text': Buffer.from(privateKey.toString('base64url')),
      'private key in hex': Buffer.from(privateKey.toString('hex')),
    })
    expect([...found].toSorted()).toEqual(['JWT_SECRET, which is there', 'public key, which is there'])
  })
})

describe('many at once', () => {
  it('take no more than the places there are', async () => {
    const admin = await signIn(ADMIN)
    const added = await Promise.all(Array.from({ length: 24 }, () => call('POST', '/api/exchange/paper-accounts', {}, admin)))
    const codes = added.map(({ status, code }) => (status === 409 ? code : 'added'))
    expect(codes.filter((code) => code === 'added')).toHaveLength(20)
    expect(codes.filter((code) => code === 'ACCOUNT_LIMIT')).toHaveLength(4)
  })
})

describe('a check that nobody carries out in time', () => {
  it('is answered 202 with its request, and done when a worker is back', async () => {
    const [account] = (await keys()).filter(({ exchange }) => exchange === 'PAPER')
    await stack.kill('worker-1')
    const asked = await call<Key>('POST', `/api/exchange/api-keys/${account?.id}/validate`)
    expect(asked, asked.text).toMatchObject({ status: 202, data: { id: account?.id, requestId: expect.stringMatching(/^[\da-f-]{36}$/) } })
    await stack.restart('worker-1')
    await expect
      .poll(
        async () =>
          (await db.query<{ state: string }>('SELECT state FROM exchange_request WHERE id = $1', [asked.data.requestId]))[0]?.state,
        { timeout: 30_000 },
      )
      .toBe('DONE')
    expect(Date.parse((await keys()).find(({ id }) => id === account?.id)?.check?.checkedAt ?? '')).toBeGreaterThan(
      Date.parse(account?.check?.checkedAt ?? ''),
    )
  })
})

it('no process has written a key or a secret into its log', () => {
  expect(lines.length).toBeGreaterThan(20)
  expect(
    lines.filter((line) => line.includes(SECRET) || line.includes('abcd-5678-1234-wxyz') || line.includes('a-key-sealed-by-the-api')),
  ).toEqual([])
})

/** As a worker does it: version byte, nonce, ciphertext, tag. */
function unwrap({ id, publicKey, wrapped }: { id: string; publicKey: Buffer; wrapped: Buffer }, key: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(1, 13), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(JSON.stringify(['matic-trade', 'sealing-key', 1, id, publicKey.toString('base64url')])))
  decipher.setAuthTag(wrapped.subarray(wrapped.length - 16))
  return Buffer.concat([decipher.update(wrapped.subarray(13, wrapped.length - 16)), decipher.final()])
}
