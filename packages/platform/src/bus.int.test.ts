import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { testStores } from '../test/stores.ts'
import type { TestStore } from '../test/stores.ts'
import { createBus } from './bus.ts'
import type { Bus } from './bus.ts'
import { createLogger } from './logger.ts'

describe.each(testStores)('bus on $store', ({ store: name, available, faulty, start }) => {
  if (!available) return void it.skip(`needs ${name}`)

  const open = new Set<Bus>()
  let store: TestStore
  let logged = ''

  function bus(processId: string): Bus {
    const stream = new PassThrough()
    stream.on('data', (chunk) => (logged += chunk))
    const logger = createLogger({ name: 'test', level: 'info', format: 'json', stream })
    const created = createBus({ redisUrl: store.redisUrl, databaseUrl: store.databaseUrl, namespace: store.namespace, processId, logger })
    open.add(created)
    return created
  }

  async function pair(): Promise<[Bus, Bus]> {
    const [a, b] = [bus('a'), bus('b')]
    await Promise.all([a.ready, b.ready])
    return [a, b]
  }

  beforeAll(async () => {
    store = await start()
  })

  afterEach(async () => {
    await Promise.all([...open].map((one) => one.close()))
    open.clear()
    logged = ''
  })

  afterAll(() => store.stop())

  it('carries a message to the other process within milliseconds, and to its own exactly once', async () => {
    const [a, b] = await pair()
    const own: string[] = []
    let heardAt = 0
    a.subscribe('facts', ({ ids }) => void own.push(...ids))
    b.subscribe('facts', () => (heardAt = performance.now()))

    const latencies: number[] = []
    for (let i = 0; i < 150; i++) {
      heardAt = 0
      const sentAt = performance.now()
      a.publish('facts', { ids: [String(i)] })
      while (heardAt === 0 && performance.now() - sentAt < 20_000) await sleep(0)
      latencies.push(heardAt - sentAt)
      await sleep(2)
    }
    latencies.sort((x, y) => x - y)
    console.log(`bus on ${name}: heard after p50 ${latencies[75]?.toFixed(1)} ms, p99 ${latencies[148]?.toFixed(1)} ms`)
    expect(latencies[75]).toBeGreaterThan(0)
    expect(latencies[75]).toBeLessThan(200)
    expect(own).toEqual(Array.from({ length: 150 }, (_, index) => String(index)))
  })

  it('keeps order and loses nothing in a burst larger than one packet', async () => {
    const [a, b] = await pair()
    const heard: string[] = []
    b.subscribe('facts', ({ ids }) => void heard.push(...ids))
    const sent = Array.from({ length: 3_000 }, (_, index) => `0190a7b2-0000-7000-8000-${String(index).padStart(12, '0')}`)
    for (const id of sent.slice(0, 1_000)) a.publish('facts', { ids: [id] })
    a.publish('facts', { ids: sent.slice(1_000) })
    await expect.poll(() => heard.length).toBe(3_000)
    expect(heard).toEqual(sent)
  })

  it('gives each channel its own messages, until unsubscribed', async () => {
    const [a, b] = await pair()
    const heard: unknown[] = []
    const end = b.subscribe('invalidate', (message) => void heard.push(message))
    a.publish('prices', { exchange: 'paper', atMs: 1, marks: { 'BTC/USDT:USDT': '60000.1' } })
    a.publish('invalidate', { kind: 'webhook', ids: ['w1'] })
    await expect.poll(() => heard).toEqual([{ kind: 'webhook', ids: ['w1'] }])
    end()
    a.publish('invalidate', { kind: 'webhook', ids: ['w2'] })
    await sleep(200)
    expect(heard).toHaveLength(1)
  })

  it('goes on after a subscriber threw', async () => {
    const [a, b] = await pair()
    const heard: string[] = []
    b.subscribe('answers', () => {
      throw new Error('broken subscriber')
    })
    b.subscribe('answers', ({ ids }) => void heard.push(...ids))
    a.publish('answers', { ids: ['1'] })
    await expect.poll(() => heard).toEqual(['1'])
    expect(logged).toContain('broken subscriber')
  })

  it.runIf(faulty)('repairs itself after a crash, tells everybody of the gap, and says so twice at most', async () => {
    const [a, b] = await pair()
    const heard: string[] = []
    let gaps = 0
    b.subscribe('facts', ({ ids }) => void heard.push(...ids))
    b.onGap(() => (gaps += 1))
    a.publish('facts', { ids: ['before'] })
    await expect.poll(() => heard).toContain('before')

    const rejections: unknown[] = []
    const note = (reason: unknown) => void rejections.push(reason)
    process.on('unhandledRejection', note)
    const publishing = setInterval(() => a.publish('facts', { ids: ['during'] }), 10)
    await store.faults?.crash(2_000)
    clearInterval(publishing)

    await expect.poll(() => gaps).toBeGreaterThanOrEqual(1)
    await expect
      .poll(() => {
        a.publish('facts', { ids: ['after'] })
        return heard
      })
      .toContain('after')
    process.off('unhandledRejection', note)
    expect(rejections).toEqual([])
    expect(logged.trim().split('\n').length).toBeLessThanOrEqual(4)
  })

  it.runIf(faulty)('lets its own subscribers hear while nothing else is reachable', async () => {
    const crashed = store.faults?.crash(1_000)
    await sleep(200)
    const alone = bus('alone')
    const heard: string[] = []
    alone.subscribe('invalidate', ({ ids }) => void heard.push(...ids))
    alone.publish('invalidate', { kind: 'kill-switch', ids: ['u1'] })
    await sleep(20)
    expect(heard).toEqual(['u1'])
    await crashed
    await alone.ready
  })
})
