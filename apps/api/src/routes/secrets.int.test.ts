import { ApiKeyView } from '@matic/contracts'
import { createDb, type Db } from '@matic/db'
import { freePort } from '@matic/local'
import { seed } from '@matic/prisma/seed'
import { startStack, type Stack } from '@matic/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { ADMIN, TRADER } from '../../test/start-api.ts'

const WEBHOOK_TOKEN = 'canary-webhook-token-5f1c9e7d2b4a8063-0123456789'
const OKX = { apiKey: 'canary-okx-key-3fa9', secretKey: 'canary-okx-secret-77d1', passphrase: 'canary-pass-19c2' }
const BYBIT = { apiKey: 'canary-bybit-key-9d0b', secretKey: 'canary-bybit-secret-41fe' }
const PASSWORD = 'canary password of a person 8e31'

/** What nobody may ever read again, and where it would have come from. */
const canaries = new Map<string, string>([
  ['webhook token', WEBHOOK_TOKEN],
  ...Object.entries(OKX).map(([name, value]): [string, string] => [`OKX ${name}`, value]),
  ...Object.entries(BYBIT).map(([name, value]): [string, string] => [`Bybit ${name}`, value]),
  ['password', PASSWORD],
])
/** Answers that are meant to tell a secret once are not kept here. */
const answers: string[] = []
const lines: string[] = []

let stack: Stack
let metricsUrl: string
let db: Db
let userId: string
let token: string
let paper: ApiKeyView

beforeAll(async () => {
  const metricsPort = await freePort()
  metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`
  stack = await startStack({
    // Api and worker ask for the same port: one of them shows its figures there.
    env: { LOG_LEVEL: 'debug', METRICS_PORT: String(metricsPort) },
    onLine: (name, line) => lines.push(`${name} ${line}`),
    prepare: async ({ databaseUrl }) => {
      userId = (await seed({ databaseUrl, webhookToken: WEBHOOK_TOKEN, passwordCost: 4 })).userId
    },
  })
  db = createDb({ databaseUrl: stack.databaseUrl, applicationName: 'test', poolSize: 2 })
  for (const [name, value] of Object.entries(stack.secrets)) canaries.set(name, value)
})
afterAll(async () => {
  await db?.close()
  await stack?.stop()
})

const Credentials = z.object({ apiKey: z.string(), secret: z.string() })
const Tokens = z.object({ accessToken: z.string(), refreshToken: z.string() })

interface Body {
  data?: unknown
  signalId?: string
}

async function ask(method: string, path: string, { json, text, keep = true }: { json?: unknown; text?: string; keep?: boolean } = {}) {
  const body = text ?? (json === undefined ? undefined : JSON.stringify(json))
  const response = await fetch(`${stack.apiUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body }),
  })
  const said = await response.text()
  if (keep)
    answers.push(
      `${method} ${path.startsWith('/api/webhook/') ? 'an alert' : path} ${response.status} ${JSON.stringify([...response.headers])} ${said}`,
    )
  const read: Body = said.startsWith('{') ? JSON.parse(said) : {}
  return { status: response.status, body: read }
}

/** As the exchange knows the account: from its administration, which answers the same key again. */
async function keyAtVenue(ref: string): Promise<{ apiKey: string; secret: string }> {
  const response = await fetch(`${stack.venueUrl}/venue/accounts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-venue-admin': stack.secrets.VENUE_ADMIN_TOKEN },
    body: JSON.stringify({ ref, depositUsdt: '1' }),
  })
  return Credentials.parse(await response.json())
}

async function armVenue(rules: unknown[]): Promise<void> {
  const response = await fetch(`${stack.venueUrl}/venue/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'x-venue-admin': stack.secrets.VENUE_ADMIN_TOKEN },
    body: JSON.stringify({ rules }),
  })
  expect(response.status).toBe(200)
}

async function signIn(who: { email: string; password: string }): Promise<void> {
  const { body } = await ask('POST', '/api/auth/login', { json: who, keep: false })
  const { accessToken, refreshToken } = Tokens.parse(body.data)
  canaries.set(`access token of ${who.email}`, accessToken).set(`refresh token of ${who.email}`, refreshToken)
  token = accessToken
}

const alertTo = (path: string, text: string) => ask('POST', path, { text })

describe('a day on the platform, with an exchange that says everything back', () => {
  it('connects accounts', async () => {
    await ask('POST', '/api/auth/register', {
      json: { email: 'canary@matic.test', password: PASSWORD, fullName: 'Canary', plan: 'MONTHLY' },
      keep: false,
    })
    await ask('POST', '/api/auth/login', { json: { email: 'canary@matic.test', password: `${PASSWORD}!` } })
    await signIn(ADMIN)
    await signIn(TRADER)
    expect([200, 202]).toContain((await ask('POST', '/api/exchange/api-keys', { json: { exchange: 'OKX', ...OKX } })).status)
    expect([200, 202]).toContain((await ask('POST', '/api/exchange/api-keys', { json: { exchange: 'BYBIT', ...BYBIT } })).status)
    expect((await ask('POST', '/api/exchange/api-keys', { json: { exchange: 'NOPE', ...OKX } })).status).toBe(400)
    await vi.waitFor(
      async () => {
        const { body } = await ask('GET', '/api/exchange/api-keys')
        const found = z
          .array(ApiKeyView)
          .parse(body.data)
          .find(({ exchange, status }) => exchange === 'PAPER' && status === 'VALID')
        if (!found) throw new Error('the paper account is not open yet')
        paper = found
      },
      { timeout: 60_000 },
    )
    const { apiKey, secret } = await keyAtVenue(paper.id)
    canaries.set('paper key', apiKey).set('paper secret', secret)
  })

  it('trades, is refused, and is refused again', async () => {
    const msg = `No. apiKey ${canaries.get('paper key')}, X-MBX-APIKEY: ${canaries.get('paper key')}, secret ${canaries.get('paper secret')}`
    const path = `/api/webhook/${userId}/${WEBHOOK_TOKEN}`
    const order = { symbol: 'BTCUSDT.P', action: 'buy', quantity: '0.01' }
    expect((await alertTo(path, JSON.stringify({ ...order, secret: WEBHOOK_TOKEN, id: 'one' }))).status).toBe(200)
    expect((await alertTo('/api/webhook/tradingview', JSON.stringify({ ...order, secret: WEBHOOK_TOKEN, id: 'two' }))).status).toBe(200)
    expect((await alertTo(path, `not an alert, with ${WEBHOOK_TOKEN} in it`)).status).toBe(422)
    expect((await alertTo(path.slice(0, -1), JSON.stringify(order))).status).toBe(404)
    expect((await alertTo('/api/webhook/tradingview', JSON.stringify({ ...order, secret: `${WEBHOOK_TOKEN}x` }))).status).toBe(401)
    await expect.poll(async () => (await db.query(`SELECT 1 FROM trade_order WHERE leg = 'open' AND state = 'FILLED'`)).length).toBe(2)

    await armVenue([
      { name: 'no', method: 'POST', path: '^/fapi/v1/order$', probability: 1, action: { kind: 'status', status: 400, code: -2019, msg } },
    ])
    const sent = await alertTo(path, JSON.stringify({ ...order, id: 'three' }))
    await expect.poll(async () => (await db.query(`SELECT 1 FROM trade_order WHERE leg = 'open' AND state = 'REJECTED'`)).length).toBe(1)
    await ask('GET', `/api/signals/${sent.body.signalId}`)
    await ask('GET', `/api/signals/${sent.body.signalId}/trace`)

    // A key that is refused in the exchange's own words, which are shown to its owner.
    await armVenue([{ name: 'no', path: '/fapi/', probability: 1, action: { kind: 'status', status: 401, code: -2015, msg } }])
    await ask('POST', `/api/exchange/api-keys/${paper.id}/validate`)
    await expect
      .poll(async () => (await db.query(`SELECT 1 FROM account WHERE id = $1 AND key_status = 'INVALID'`, [paper.id])).length, {
        timeout: 20_000,
      })
      .toBe(1)
    await armVenue([])
    const rotated = await ask('POST', '/api/bot/webhook/rotate', { json: {}, keep: false })
    expect(rotated.status).toBe(200)
    const address = /\/([\w-]{43})"/.exec(JSON.stringify(rotated.body))?.[1]
    expect(address).toBeDefined()
    canaries.set('new webhook token', address ?? '')
    await alertTo(`/api/webhook/${userId}/${address}`, JSON.stringify({ ...order, action: 'close' }))
  })

  it('shows everything it has to its owner and to an admin', async () => {
    const pages = [
      ...[
        'signals',
        'signals/rejected',
        'activity',
        'activity/export',
        'activity/counts',
        'orders',
        'orders/history',
        'positions',
        'trades',
      ],
      ...[
        'exchange/api-keys',
        'bot/webhook',
        'bot/settings',
        'bot/rules',
        'portfolio',
        'portfolio/history',
        'auth/profile',
        'auth/sessions',
      ],
      ...['openapi.json', 'health/ready', 'health'],
    ]
    for (const page of pages) await ask('GET', `/api/${page}`)
    for (const page of ['/health', '/api/nothing', '/metrics', '/api/metrics']) await ask('GET', page)
    const figures = await (await fetch(metricsUrl)).text()
    expect(figures).toContain('process=')
    answers.push(figures)
    expect(answers.filter((answer) => answer.includes(' 200 ')).length).toBeGreaterThan(15)
  })
})

describe('of all that was secret', () => {
  /** As it would be told: as it is, and as bytes are written in tables and texts. */
  const formsOf = (value: string) => [
    value,
    encodeURIComponent(value),
    Buffer.from(value).toString('hex'),
    Buffer.from(value).toString('base64').replace(/=+$/, '').slice(0, -1),
    Buffer.from(value).toString('base64url').slice(0, -1),
  ]
  const foundIn = (texts: readonly string[]) =>
    [...canaries].flatMap(([name, value]) => {
      const forms = formsOf(value)
      return texts.filter((text) => forms.some((form) => text.includes(form))).map((text) => `${name}: ${text.slice(0, 300)}`)
    })

  it('the search would find each of them', () => {
    for (const [name, value] of canaries) {
      expect([name, value.length >= 12]).toEqual([name, true])
      expect(foundIn([`{"x":"${value}"}`, `\\x00${Buffer.from(value).toString('hex')}00`]).length).toBeGreaterThanOrEqual(2)
    }
    expect(canaries.size).toBeGreaterThan(15)
  })

  it('nothing stands in an answer', () => {
    expect(foundIn(answers)).toEqual([])
  })

  it('nothing stands in a log, at its most talkative', () => {
    expect(lines.length).toBeGreaterThan(50)
    expect(foundIn(lines)).toEqual([])
  })

  it('nothing stands in a table, queues included', async () => {
    const tables = await db.query<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
        WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
    )
    const rows = (
      await Promise.all(
        tables.map(async ({ name }) =>
          (await db.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)).map(({ row }) => `${name} ${row}`),
        ),
      )
    ).flat()
    expect(new Set(rows.map((row) => row.split(' ')[0])).size).toBeGreaterThan(20)
    expect(rows.length).toBeGreaterThan(100)
    expect(foundIn(rows)).toEqual([])
  })
})
