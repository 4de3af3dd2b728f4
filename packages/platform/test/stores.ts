import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findRedisServer, freePort, startPostgres, startRedis } from '@matic/local'
import type { Running } from '@matic/local'
import { createTestFolder } from '@matic/testkit'
import { readTestEnvironment } from '@matic/testkit/env'
import { Redis } from 'ioredis'
import pg from 'pg'
import { createSecret } from '../src/secret.ts'
import type { Secret } from '../src/secret.ts'

/** A real store under a namespace of its own. */
export interface TestStore {
  redisUrl: Secret | undefined
  databaseUrl: Secret
  namespace: string
  /** Throws away everything that is queued. */
  wipe(): Promise<void>
  /** Only where the server is ours. */
  faults: Faults | undefined
  stop(): Promise<void>
}

interface Faults {
  /** SIGKILL, a while of nothing, then the same port and data again. */
  crash(downMs: number): Promise<void>
  /** SIGSTOP to every process of the server, then SIGCONT. */
  freeze(frozenMs: number): Promise<void>
}

const { redisUrl: sharedRedisUrl, searchPath } = readTestEnvironment()
const redisServer = findRedisServer(searchPath)

/** One row a store, for `describe.each`: the contract is the same, only the server differs. */
export const testStores = [
  { store: 'Postgres', available: true, faulty: true, start: startTestPostgres },
  {
    store: 'Redis',
    available: redisServer !== undefined || sharedRedisUrl !== undefined,
    faulty: redisServer !== undefined,
    start: redisServer === undefined ? useSharedRedis : startTestRedis,
  },
]

const namespace = `matic_${randomBytes(4).toString('hex')}`
const nowhere = 'postgresql://nobody:none@127.0.0.1:1/none'

async function startTestPostgres(): Promise<TestStore> {
  const port = await freePort()
  const { server, faults, stop } = await ownServer((dir) => startPostgres({ dataDir: dir, port }))
  return {
    redisUrl: undefined,
    databaseUrl: createSecret(server.url),
    namespace,
    faults,
    stop,
    async wipe() {
      const client = new pg.Client({ connectionString: server.url })
      await client.connect()
      await client.query('TRUNCATE bullmq.job CASCADE').finally(() => client.end())
    },
  }
}

async function startTestRedis(): Promise<TestStore> {
  const port = await freePort()
  const { server, faults, stop } = await ownServer((dir) => startRedis({ dir, port, command: redisServer ?? '' }))
  return {
    redisUrl: createSecret(server.url),
    databaseUrl: createSecret(nowhere),
    namespace,
    faults,
    stop,
    wipe: () => onRedis(server.url, async (redis) => void (await redis.flushall())),
  }
}

async function useSharedRedis(): Promise<TestStore> {
  const url = sharedRedisUrl ?? ''
  const wipe = () =>
    onRedis(url, async (redis) => {
      const keys = await redis.keys(`${namespace}*`)
      if (keys.length > 0) await redis.del(...keys)
    })
  return { redisUrl: createSecret(url), databaseUrl: createSecret(nowhere), namespace, faults: undefined, stop: wipe, wipe }
}

async function onRedis(url: string, work: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis(url)
  await work(redis).finally(() => redis.disconnect())
}

async function ownServer<T extends Running>(start: (dir: string) => Promise<T>) {
  const folder = createTestFolder()
  const dir = join(folder, 'data')
  const server = await start(dir)
  let running = server

  const faults: Faults = {
    async crash(downMs) {
      await running.kill()
      await sleep(downMs)
      running = await start(dir)
    },
    async freeze(frozenMs) {
      process.kill(-running.pid, 'SIGSTOP')
      await sleep(frozenMs)
      process.kill(-running.pid, 'SIGCONT')
    },
  }
  const stop = async () => {
    await running.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { server, faults, stop }
}
