import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FactEvent, PriceTicks } from '@matic/contracts'
import { Server } from 'socket.io'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { connectPrices, connectUser, type LiveState, type UserSocket } from './live.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0).toReversed()) close()
})

async function startServer(): Promise<{ io: Server; baseUrl: string }> {
  const http = createServer()
  const io = new Server(http)
  await new Promise((resolve) => http.listen(0, '127.0.0.1', () => resolve(null)))
  closing.push(() => void io.close())
  return { io, baseUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }
}

function fact(version: number): FactEvent {
  return { version, kind: 'order-changed', entity: 'order', entityId: 'o', at: '2026-01-01T00:00:00.000Z', payload: {} }
}

interface Watched {
  readonly facts: number[]
  readonly states: LiveState[]
  gaps: number
  renewals: number
}

function watchUser(baseUrl: string, token: { value: string }): Watched {
  const watched: Watched = { facts: [], states: [], gaps: 0, renewals: 0 }
  const socket: UserSocket = connectUser({
    baseUrl,
    getAccessToken: () => token.value,
    onUnauthenticated: () => {
      watched.renewals += 1
      token.value = 'new'
      return Promise.resolve(true)
    },
    onFact: ({ version }) => watched.facts.push(version),
    onGap: () => {
      watched.gaps += 1
    },
    onState: (state) => watched.states.push(state),
  })
  closing.push(() => socket.close())
  return watched
}

describe('connectUser', () => {
  it('hands facts on in order, drops those it has seen, and says when some are missing', async () => {
    const { io, baseUrl } = await startServer()
    io.of('/user').on('connection', (socket) => {
      socket.emit('hello', { version: 7 })
      for (const version of [7, 8, 9, 9, 12]) socket.emit('fact', fact(version))
    })
    const watched = watchUser(baseUrl, { value: 'new' })
    await vi.waitUntil(() => watched.facts.length === 3, { timeout: 15_000 })
    expect(watched.facts).toEqual([8, 9, 12])
    // Once at first contact, once for the versions 10 and 11.
    expect(watched.gaps).toBe(2)
    expect(watched.states).toEqual(['connecting', 'connected'])
  })

  it('asks for a re-read when a reconnect finds a newer version, and for none when nothing happened', async () => {
    const { io, baseUrl } = await startServer()
    const versions = [5, 5, 6]
    let hellos = 0
    io.of('/user').on('connection', (socket) => {
      socket.emit('hello', { version: versions[hellos] })
      hellos += 1
      if (hellos < versions.length) setTimeout(() => socket.conn.close(), 20)
    })
    const watched = watchUser(baseUrl, { value: 'new' })
    await vi.waitUntil(() => hellos === 3 && watched.gaps === 2, { timeout: 60_000 })
    expect(watched.states).toContain('reconnecting')
    expect(watched.states.at(-1)).toBe('connected')
  })

  it('renews a token that has run out and comes back with the new one', async () => {
    const { io, baseUrl } = await startServer()
    io.of('/user').use((socket, next) => (socket.handshake.auth['token'] === 'new' ? next() : next(new Error('TOKEN_EXPIRED'))))
    io.of('/user').on('connection', (socket) => socket.emit('hello', { version: 1 }))
    const watched = watchUser(baseUrl, { value: 'old' })
    await vi.waitUntil(() => watched.gaps === 1, { timeout: 15_000 })
    expect(watched.renewals).toBe(1)
    expect(watched.states.at(-1)).toBe('connected')
  })
})

describe('connectPrices', () => {
  it('asks for its symbols whenever it connects, and once for a set that stays the same', async () => {
    const { io, baseUrl } = await startServer()
    const asked: string[][] = []
    io.of('/prices').on('connection', (socket) => {
      socket.on('subscribe', (symbols: string[]) => {
        asked.push(symbols)
        socket.emit('ticks', { atMs: 1, marks: { [symbols[0] ?? '']: '1.5' } })
      })
    })
    const ticks: PriceTicks[] = []
    const prices = connectPrices({ baseUrl, onTicks: (tick) => ticks.push(tick) })
    closing.push(() => prices.close())
    prices.subscribe(['ETH/USDT:USDT', 'BTC/USDT:USDT', 'BTC/USDT:USDT'])
    await vi.waitUntil(() => ticks.length === 1, { timeout: 15_000 })
    prices.subscribe(['BTC/USDT:USDT', 'ETH/USDT:USDT'])
    prices.subscribe(['BTC/USDT:USDT'])
    await vi.waitUntil(() => ticks.length === 2, { timeout: 15_000 })
    expect(asked).toEqual([['BTC/USDT:USDT', 'ETH/USDT:USDT'], ['BTC/USDT:USDT']])
  })
})
