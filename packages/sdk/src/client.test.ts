import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { routes } from '@matic/contracts'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient, type Client, type ClientOptions } from './client.ts'

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly authorization: string | undefined
  readonly body: string
}

const seen: Seen[] = []
let server: Server | undefined

afterEach(async () => {
  seen.length = 0
  server?.closeAllConnections()
  await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)))
  server = undefined
})

type Answer = (request: Seen, res: ServerResponse) => void

async function serve(answer: Answer, options: Partial<ClientOptions> = {}): Promise<Client> {
  server = createServer((req, res) => void handle(req, res, answer))
  await new Promise((resolve) => server?.listen(0, '127.0.0.1', () => resolve(null)))
  const { port } = server.address() as AddressInfo
  return createClient({ baseUrl: `http://127.0.0.1:${port}`, getAccessToken: () => 'old', ...options })
}

async function handle(req: IncomingMessage, res: ServerResponse, answer: Answer): Promise<void> {
  let body = ''
  for await (const chunk of req) body += String(chunk)
  const request: Seen = { method: req.method, url: req.url, authorization: req.headers.authorization, body }
  seen.push(request)
  answer(request, res)
}

function succeed(res: ServerResponse, data: unknown): void {
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ success: true, data }))
}

function fail(res: ServerResponse, status: number, code: string): void {
  const error = { code, requestId: 'r-1', details: { field: 'price' } }
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ success: false, message: 'No.', error }))
}

const ticker = { symbol: 'BTC/USDT:USDT', markPrice: '64000.1', at: '2026-01-01T00:00:00.000Z' }

describe('createClient', () => {
  it('fills the path, adds the query and reads the answer by its schema', async () => {
    const client = await serve((_request, res) => succeed(res, []))
    const data = await client.call(routes.markets.klines, { params: { symbol: 'BTC/USDT:USDT' }, query: { interval: '5m', limit: 10 } })
    expect(data).toEqual([])
    expect(seen[0]).toMatchObject({ method: 'GET', url: '/api/markets/BTC%2FUSDT%3AUSDT/klines?interval=5m&limit=10' })
  })

  it('keeps the token from routes that are public', async () => {
    const client = await serve((_request, res) => succeed(res, ticker))
    await client.call(routes.markets.ticker, { params: { symbol: 'BTCUSDT' } })
    expect(seen[0]?.authorization).toBeUndefined()
  })

  it('throws the code, status, details and request id of a failure', async () => {
    const client = await serve((_request, res) => fail(res, 409, 'NO_ACCOUNT'))
    await expect(client.call(routes.exchange.positions)).rejects.toMatchObject({
      name: 'ApiError',
      code: 'NO_ACCOUNT',
      status: 409,
      message: 'No.',
      requestId: 'r-1',
      details: { field: 'price' },
    })
  })

  it('refuses an answer that is not what the route promises', async () => {
    const client = await serve((_request, res) => succeed(res, { ...ticker, markPrice: 64000.1 }))
    const call = client.call(routes.markets.ticker, { params: { symbol: 'BTCUSDT' } })
    await expect(call).rejects.toMatchObject({ code: 'ANSWER_NOT_UNDERSTOOD', status: 200 })
  })

  it('renews the token once for all calls that were refused, and sends each once more', async () => {
    let token = 'old'
    let renewals = 0
    const client = await serve(
      ({ authorization }, res) => (authorization === 'Bearer new' ? succeed(res, []) : fail(res, 401, 'TOKEN_EXPIRED')),
      {
        getAccessToken: () => token,
        onUnauthenticated: async () => {
          renewals += 1
          await new Promise((resolve) => setTimeout(resolve, 20))
          token = 'new'
          return true
        },
      },
    )
    const answers = await Promise.all([1, 2, 3].map(() => client.call(routes.exchange.accounts)))
    expect(answers).toEqual([[], [], []])
    expect(renewals).toBe(1)
    expect(seen).toHaveLength(6)
  })

  it('gives up when the renewed token is refused too', async () => {
    let renewals = 0
    const client = await serve((_request, res) => fail(res, 401, 'UNAUTHENTICATED'), {
      onUnauthenticated: () => {
        renewals += 1
        return Promise.resolve(true)
      },
    })
    await expect(client.call(routes.auth.profile)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(renewals).toBe(1)
    expect(seen).toHaveLength(2)
  })

  it('does not take a wrong password for an old token', async () => {
    const client = await serve((_request, res) => fail(res, 401, 'LOGIN_FAILED'), { onUnauthenticated: () => Promise.resolve(true) })
    await expect(client.call(routes.auth.login, { body: { email: 'a@b.test', password: 'x' } })).rejects.toMatchObject({
      code: 'LOGIN_FAILED',
    })
    expect(seen).toHaveLength(1)
  })

  it('says that the server is away: no answer, a late one, or a proxy speaking for it', async () => {
    const nobody = createClient({ baseUrl: 'http://127.0.0.1:1', getAccessToken: () => null })
    await expect(nobody.call(routes.markets.list)).rejects.toMatchObject({ code: 'UNREACHABLE', status: 0 })

    const late = await serve(() => undefined, { timeoutMs: 50 })
    await expect(late.call(routes.markets.list)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: 'The server did not answer in time.',
    })
  })

  it('takes a bare 502 for a server that is away', async () => {
    const client = await serve((_request, res) => res.writeHead(502).end('Bad gateway'))
    await expect(client.call(routes.markets.list)).rejects.toMatchObject({ code: 'UNREACHABLE', status: 502 })
  })
})
