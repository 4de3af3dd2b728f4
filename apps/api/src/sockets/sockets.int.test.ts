import { randomUUID } from 'node:crypto'
import { FactEvent, PriceTicks } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { openSocket, type RawSocket } from '../../test/raw-socket.ts'
import { ADMIN, FRONTEND_URL, startApi, type TestApi } from '../../test/start-api.ts'

let api: TestApi
const sockets: RawSocket[] = []
beforeAll(async () => {
  api = await startApi()
})
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
})

async function open(namespace: string, auth: object = {}): Promise<RawSocket> {
  const socket = await openSocket(api.url, namespace, auth)
  sockets.push(socket)
  return socket
}

async function openAs(who?: { email: string; password: string }) {
  const session = await api.signIn(who)
  const socket = await open('/user', { token: session.accessToken })
  await expect.poll(() => socket.events('hello')).toHaveLength(1)
  return { socket, ...session }
}

async function change(count: number): Promise<string[]> {
  const facts = Array.from({ length: count }, (_, index) => ({
    userId: api.userId,
    kind: 'settings-changed' as const,
    entity: 'settings',
    entityId: api.userId,
    payload: { index },
  }))
  const ids = await api.db.transaction((tx) => recordFacts(tx, facts))
  api.ctx.bus.publish('facts', { ids })
  return ids
}

const factsOf = (socket: RawSocket) => socket.events('fact').map((event) => FactEvent.parse(event))

describe('/user', () => {
  it('says the version, then each committed fact after it, in order and without a gap', async () => {
    const { socket } = await openAs()
    const [hello] = socket.events('hello')
    const { version } = hello as { version: number }
    await Promise.all([change(3), change(2)])
    await expect.poll(() => factsOf(socket).length).toBe(5)
    expect(
      factsOf(socket)
        .map((fact) => fact.version)
        .toSorted((a, b) => a - b),
    ).toEqual([1, 2, 3, 4, 5].map((step) => version + step))
    expect(factsOf(socket)[0]).toMatchObject({ kind: 'settings-changed', entity: 'settings', payload: { index: expect.any(Number) } })
  })

  it('tells nobody else', async () => {
    const mine = await openAs()
    const theirs = await openAs(ADMIN)
    await change(1)
    await expect.poll(() => factsOf(mine.socket).length).toBe(1)
    expect(factsOf(theirs.socket)).toEqual([])
  })

  it.each([[{}], [{ token: '' }], [{ token: 'x.y.z' }], [{ token: { $ne: null } }], [{ userId: randomUUID() }]])(
    'is closed to %j',
    async (auth) => {
      const socket = await open('/user', auth)
      expect(socket.refusal()).toBe('UNAUTHENTICATED')
      expect(socket.isOpen()).toBe(false)
    },
  )

  it('closes when the login behind it ends', async () => {
    const { socket, refreshToken } = await openAs()
    await api.request('POST', '/api/auth/logout', { json: { refreshToken } })
    await expect.poll(() => socket.isOpen()).toBe(false)
  })

  it('is open to our own page and to no other', async () => {
    const from = (origin: string) => fetch(`${api.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } })
    expect((await from('https://evil.example')).status).toBe(403)
    expect((await from(FRONTEND_URL)).status).toBe(200)
  })
})

describe('/prices', () => {
  const tick = (price: string, symbol = 'BTC/USDT:USDT') =>
    api.ctx.bus.publish('prices', { exchange: 'PAPER', atMs: Date.now(), marks: { [symbol]: price } })
  const ticksOf = (socket: RawSocket) => socket.events('ticks').map((event) => PriceTicks.parse(event))

  it('gives strangers the marks they asked for, and no others', async () => {
    tick('100')
    await expect.poll(() => api.ctx.marks.find('PAPER', 'BTC/USDT:USDT')?.price).toBe('100')
    const socket = await open('/prices')
    socket.emit('subscribe', ['BTC/USDT:USDT'])
    await expect.poll(() => ticksOf(socket)[0]?.marks).toEqual({ 'BTC/USDT:USDT': '100' })
    tick('200', 'ETH/USDT:USDT')
    tick('101')
    await expect.poll(() => ticksOf(socket).at(-1)?.marks).toEqual({ 'BTC/USDT:USDT': '101' })
    expect(ticksOf(socket).some(({ marks }) => 'ETH/USDT:USDT' in marks)).toBe(false)
  })

  it('survives whatever is called a list of symbols', async () => {
    const socket = await open('/prices')
    for (const symbols of [null, 'BTC', { length: 3 }, [null, 1, {}, 'x'.repeat(1_000)], Array<string>(5_000).fill('BTC/USDT:USDT')])
      socket.emit('subscribe', symbols)
    socket.emit('unknown', 1)
    expect((await api.request('GET', '/health')).status).toBe(200)
  })

  it('cuts off who asks without end', async () => {
    const socket = await open('/prices')
    for (let count = 0; count < 100; count += 1) socket.emit('subscribe', ['BTC/USDT:USDT'])
    await expect.poll(() => socket.isOpen()).toBe(false)
  })
})
