import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:http'
import ccxt from 'ccxt'
import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { accountOf, exchangeAt } from '../testing/answering-server.ts'
import type { ExchangePort } from '../port.ts'
import { readEvent } from './user-stream.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, unknown>
  readonly body: string
}

const SILENCE_MS = 1_000
let http: Server
let sockets: WebSocketServer
let exchange: ExchangePort
let url: string
const seen: Seen[] = []
/** By listen key. */
const listening = new Map<string, WebSocket>()

beforeEach(async () => {
  seen.length = 0
  listening.clear()
  http = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ listenKey: `of${String(request.headers['x-mbx-apikey'])}` }))
    })
  })
  sockets = new WebSocketServer({ server: http, autoPong: false })
  sockets.on('connection', (socket, request) =>
    listening.set(new URL(request.url ?? '', 'ws://x').searchParams.get('listenKey') ?? '', socket),
  )
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  exchange = exchangeAt(url, { streamSilenceMs: SILENCE_MS })
})
afterEach(async () => {
  await exchange.close()
  for (const socket of sockets.clients) socket.terminate()
  await new Promise((resolve) => http.close(resolve))
})

async function open(name: string) {
  const told = { news: 0, ended: '' }
  const opened = await exchange.openUserStream(accountOf(name), { news: () => (told.news += 1), ended: (why) => (told.ended = why) })
  if (!opened.ok) throw new Error(opened.failure.code)
  const socket = listening.get(`ofkey-${name}`)
  if (!socket) throw new Error(`nobody listens for ${name}`)
  socket.on('ping', (data) => socket.pong(data))
  return { told, socket, stream: opened.value }
}

const fill = JSON.stringify({ e: 'ORDER_TRADE_UPDATE', o: { x: 'TRADE', o: 'MARKET' } })

test('a hundred accounts listen at once, each with its own key and to its own stream', async () => {
  const names = Array.from({ length: 100 }, (_, index) => `n${index}`)
  const all = await Promise.all(names.map(open))
  expect(new Set(seen.map(({ headers }) => headers['x-mbx-apikey']))).toEqual(new Set(names.map((name) => `key-${name}`)))
  expect(seen).toHaveLength(100)
  listening.get('ofkey-n7')?.send(fill)
  await vi.waitFor(() => expect(all[7]?.told.news).toBe(1), { timeout: 15_000 })
  expect(all.reduce((sum, { told }) => sum + told.news, 0)).toBe(1)
  for (const { stream } of all) stream.close()
})

test('what is sent for a listen key is what plain CCXT sends: the key, no secret, no signature', async () => {
  const { stream } = await open('a')
  const plain = new ccxt.binanceusdm({ apiKey: 'key-a', secret: 'secret-a' })
  plain.fetchImplementation = (asked: string, init: RequestInit) => fetch(asked.replace(/^https:\/\/[^/]+/, url), init)
  await plain.fapiPrivatePostListenKey()
  const essence = ({ method, url: path, headers, body }: Seen) => [
    method,
    path,
    headers['x-mbx-apikey'],
    headers['content-type'],
    headers['user-agent'],
    body,
  ]
  expect(seen.map(essence)[0]).toEqual(seen.map(essence)[1])
  expect(JSON.stringify(seen)).not.toMatch(/secret-a|signature|timestamp/)
  stream.close()
})

describe('a stream', () => {
  it('that answers no ping is over, and says so once', async () => {
    const { told, socket, stream } = await open('a')
    await vi.waitFor(() => expect(stream.isHealthy()).toBe(true), { timeout: 15_000 })
    socket.removeAllListeners('ping')
    await vi.waitFor(() => expect(told.ended).toBe('silent'), { timeout: 15_000 })
    expect(stream.isHealthy()).toBe(false)
    told.ended = 'told'
    stream.close()
    expect(told).toEqual({ news: 0, ended: 'told' })
  })

  it('on which nothing happens goes on for as long as pings are answered', async () => {
    const { told, stream } = await open('a')
    await new Promise((resolve) => setTimeout(resolve, 3 * SILENCE_MS))
    expect([told.ended, stream.isHealthy()]).toEqual(['', true])
    stream.close()
    expect(told.ended).toBe('asked')
  })

  it('ends with its key and with its connection', async () => {
    const [one, two] = [await open('a'), await open('b')]
    one.socket.send(JSON.stringify({ e: 'listenKeyExpired', listenKey: 'ofkey-a' }))
    two.socket.close()
    await vi.waitFor(() => expect([one.told.ended, two.told.ended]).toEqual(['key-expired', 'closed']), { timeout: 15_000 })
  })

  it('that nobody serves is a failure without addresses or keys', async () => {
    await new Promise<void>((resolve) => sockets.close(() => resolve()))
    http.removeAllListeners('upgrade')
    http.on('upgrade', (_request, socket) => socket.destroy())
    const opened = await exchange.openUserStream(accountOf('a'), { news: () => undefined, ended: () => undefined })
    expect(opened).toMatchObject({ ok: false, failure: { execution: 'not-sent', retryable: true } })
    expect(JSON.stringify(opened)).not.toMatch(/key-a|127\.0\.0\.1/)
  })
})

describe('an event is worth a reading', () => {
  test.each([
    ['a fill', { e: 'ORDER_TRADE_UPDATE', o: { x: 'TRADE', o: 'MARKET' } }, 'news'],
    ['a cancelled order', { e: 'ORDER_TRADE_UPDATE', o: { x: 'CANCELED', o: 'LIMIT' } }, 'news'],
    ['a new plain order, whose fill follows', { e: 'ORDER_TRADE_UPDATE', o: { x: 'NEW', o: 'MARKET' } }, 'nothing'],
    ['a new stop', { e: 'ORDER_TRADE_UPDATE', o: { x: 'NEW', o: 'STOP_MARKET' } }, 'news'],
    ['a new conditional order', { e: 'ALGO_UPDATE', o: { X: 'NEW' } }, 'news'],
    ['a changed position', { e: 'ACCOUNT_UPDATE', a: { m: 'ORDER' } }, 'news'],
    ['funding, that all pay at once', { e: 'ACCOUNT_UPDATE', a: { m: 'FUNDING_FEE' } }, 'nothing'],
    ['another leverage', { e: 'ACCOUNT_CONFIG_UPDATE' }, 'nothing'],
    ['something never heard of', { e: 'NEW_IN_2027' }, 'news'],
    ['the end of the key', { e: 'listenKeyExpired' }, 'expired'],
  ])('%s', (_name, event, told) => expect(readEvent(JSON.stringify(event))).toBe(told))

  it.each(['', 'null', '[1]', '{"e":', '{"e":"ORDER_TRADE_UPDATE"}'])('what cannot be read: %s', (text) =>
    expect(readEvent(text)).toBe('news'),
  )
})
