import { PassThrough } from 'node:stream'
import { createDatabase, hasRedis, withRedis } from '@matic/testkit'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createLimits, type Limit, type Limits } from './limits.ts'
import { createLogger } from './logger.ts'
import { createSecret, type Secret } from './secret.ts'

interface Store {
  readonly redisUrl: Secret | undefined
  readonly databaseUrl: string
  stop(): Promise<void>
}

const stores = [
  { name: 'Postgres', available: true, start: startOnPostgres },
  { name: 'Redis', available: hasRedis(), start: startOnRedis },
]
const nowhere = 'postgresql://nobody:none@127.0.0.1:1/none'

async function startOnPostgres(): Promise<Store> {
  const database = await createDatabase()
  return { redisUrl: undefined, databaseUrl: database.url, stop: () => database.drop() }
}

async function startOnRedis(): Promise<Store> {
  const redis = await withRedis()
  return { redisUrl: createSecret(redis.url), databaseUrl: nowhere, stop: async () => redis[Symbol.asyncDispose]() }
}

describe.each(stores)('limits counted in $name', ({ available, start, name }) => {
  if (!available) return void it.skip(`needs ${name}`)

  let store: Store
  const open: { limits: Limits; pool: pg.Pool }[] = []
  /** As one process has them. */
  function process(): Limits {
    const pool = new pg.Pool({ connectionString: store.databaseUrl, max: 2 })
    const log = createLogger({ name: 'test', level: 'error', format: 'json', stream: new PassThrough() })
    const limits = createLimits({ redisUrl: store.redisUrl, pool, log })
    open.push({ limits, pool })
    return limits
  }
  let names = 0
  const fresh = (points: number, durationMs = 60_000) => ({ name: `test-${Date.now()}-${(names += 1)}`, points, durationMs })
  const take = async (limit: Limit, key: string, points?: number) =>
    limit.consume(key, points).then(
      () => 'taken',
      (error: { code?: string; details?: { retryAfterSeconds?: number } }) => `${error.code} ${error.details?.retryAfterSeconds}`,
    )

  beforeAll(async () => {
    store = await start()
  })
  afterAll(async () => {
    for (const { limits, pool } of open) {
      await limits.close()
      await pool.end()
    }
    await store?.stop()
  })

  async function pair(options: { name: string; points: number; durationMs: number }): Promise<[Limit, Limit]> {
    const limits = [process(), process()] as const
    const [one, other] = limits.map((each) => each.create({ name: `${options.name}-connecting`, points: 1, durationMs: 60_000 }))
    // Until both are connected each counts for itself.
    for (const [first, second] of [
      [one, other],
      [other, one],
    ])
      await expect
        .poll(async () => {
          const key = `try-${(names += 1)}`
          return [first && (await take(first, key)), second && (await take(second, key))]
        })
        .toEqual(['taken', expect.stringContaining('RATE_LIMITED')])
    return [limits[0].create(options), limits[1].create(options)]
  }

  it('are one for all processes, also when they count at the same moment', async () => {
    const [one, other] = await pair(fresh(10))
    const startedMs = performance.now()
    const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => take(index % 2 === 0 ? one : other, 'somebody')))
    expect(answers.filter((answer) => answer === 'taken')).toHaveLength(10)
    const [, seconds] = /^RATE_LIMITED (\d+)$/.exec(answers.find((answer) => answer !== 'taken') ?? '') ?? []
    expect(Number(seconds)).toBeLessThanOrEqual(60)
    expect(Number(seconds)).toBeGreaterThanOrEqual(Math.floor(60 - (performance.now() - startedMs) / 1_000))
    expect(await take(other, 'somebody else')).toBe('taken')
  })

  it('count as much as is used, look without using, and forget', async () => {
    const [one, other] = await pair(fresh(10))
    expect(await take(one, 'a', 9)).toBe('taken')
    await other.check('a')
    expect(await take(other, 'a')).toBe('taken')
    await expect(one.check('a')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    await one.forget('a')
    expect(await take(other, 'a', 10)).toBe('taken')
  })

  it('are open again after their time', async () => {
    const [one, other] = await pair(fresh(1, 2_000))
    expect(await take(one, 'a')).toBe('taken')
    expect(await take(other, 'a')).toMatch(/^RATE_LIMITED [12]$/)
    await expect.poll(() => take(other, 'a'), { interval: 100 }).toBe('taken')
  })
})

it('goes on in each process alone while nothing answers', async () => {
  const pool = new pg.Pool({ connectionString: nowhere, max: 1, connectionTimeoutMillis: 500 })
  const log = createLogger({ name: 'test', level: 'error', format: 'json', stream: new PassThrough() })
  for (const redisUrl of [undefined, createSecret('redis://127.0.0.1:1')]) {
    const limits = createLimits({ redisUrl, pool, log })
    const limit = limits.create({ name: 'alone', points: 2, durationMs: 60_000 })
    await limit.consume('a')
    await limit.consume('a')
    await expect(limit.consume('a')).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    await limits.close()
  }
  await pool.end()
})
