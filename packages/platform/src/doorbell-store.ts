import { DEFAULT_SCHEMA, Queue, Worker, createPostgresBackend, isPgPool, runMigrations } from 'bullmq'
import type { JobsOptions, PgPool, WorkerOptions } from 'bullmq'
import type { RedisOptions } from 'ioredis'
import pg from 'pg'
import { QuietRedis } from './quiet-redis.ts'
import type { Secret } from './secret.ts'

/** What the doorbell needs of BullMQ, the same on Redis and on Postgres. */
export interface DoorbellStore {
  name: 'redis' | 'postgres'
  /** Rest after a ring: those who ring meanwhile share the next one. What a ring costs decides how long. */
  restMs: number
  /** Reaches the store and sets it up where it must be. */
  prepare(): Promise<void>
  /** Resolves when the store answers. */
  ping(): Promise<void>
  openBell(kind: string): Bell
  openEar(kind: string, heard: () => Promise<void>, concurrency: number): Ear
  close(): Promise<void>
}

export interface Bell {
  ready(): Promise<void>
  ring(): Promise<void>
  close(): Promise<void>
}

export interface Ear {
  ready: Promise<void>
  /** Settles when the ear can no longer be trusted to hear. */
  deaf: Promise<Error>
  close(): Promise<void>
}

/** No custom ids and nothing kept: a kept id silences the bell. */
const jobOptions: JobsOptions = { removeOnComplete: true, removeOnFail: true, attempts: 1 }
const queueOptions = { defaultJobOptions: jobOptions, streams: { events: { maxLen: 100 } }, skipMetasUpdate: true }

const workerOptions = {
  lockDuration: 10_000,
  stalledInterval: 30_000,
  drainDelay: 5,
  // Standard is 15 s of silence after a refused connection.
  runRetryDelay: 250,
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 0 },
} satisfies Omit<WorkerOptions, 'connection'>

const ringTimeoutMs = 2_000
const earTimeoutMs = 10_000

export function createRedisStore({ url, prefix }: { url: Secret; prefix: string }): DoorbellStore {
  const open = new Set<QuietRedis>()
  let prober: QuietRedis | undefined

  function connect(options: RedisOptions): QuietRedis {
    const redis = new QuietRedis(url.reveal(), options)
    open.add(redis)
    return redis
  }

  function disconnect(redis: QuietRedis): void {
    open.delete(redis)
    redis.disconnect()
  }

  return {
    name: 'redis',
    restMs: 2,
    prepare: () => Promise.resolve(),

    async ping() {
      prober ??= connect({ commandTimeout: ringTimeoutMs, maxRetriesPerRequest: 1 })
      await prober.ping()
    },

    openBell(kind) {
      const connection = connect({ commandTimeout: ringTimeoutMs, enableOfflineQueue: false, maxRetriesPerRequest: 0 })
      const queue = new Queue(kind, { ...queueOptions, prefix, connection })
      queue.on('error', () => undefined)
      return bellOf(queue, kind, () => disconnect(connection))
    },

    openEar(kind, heard, concurrency) {
      const connection = connect({ commandTimeout: earTimeoutMs, maxRetriesPerRequest: null })
      const worker = new Worker(kind, heard, { ...workerOptions, prefix, concurrency, connection })
      return earOf(worker, () => disconnect(connection))
    },

    close() {
      for (const redis of open) disconnect(redis)
      return Promise.resolve()
    },
  }
}

export function createPostgresStore({ url, kinds }: { url: Secret; kinds: number }): DoorbellStore {
  const pool = createPool({
    connectionString: url.reveal(),
    application_name: 'matic-doorbell',
    // A bell may be lost in a crash, so its commits need not wait for the disk.
    options: `-c search_path=${DEFAULT_SCHEMA} -c synchronous_commit=off`,
    // An ear keeps one connection for itself.
    max: 2 * kinds + 2,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: 2_000,
    query_timeout: 5_000,
    idleTimeoutMillis: 0,
  })

  let prepared = false

  return {
    name: 'postgres',
    restMs: 20,

    async prepare() {
      if (prepared) return
      const client = await pool.connect()
      try {
        await runMigrations(client)
        prepared = true
      } finally {
        client.release()
      }
    },

    async ping() {
      await pool.query('SELECT 1')
    },

    openBell(kind) {
      const queue = new Queue(kind, { ...queueOptions, connection: viewOf(pool) }, createPostgresBackend)
      queue.on('error', () => undefined)
      return bellOf(queue, kind, () => undefined)
    },

    openEar(kind, heard, concurrency) {
      const worker = new Worker(kind, heard, { ...workerOptions, concurrency, connection: viewOf(pool) }, createPostgresBackend)
      return earOf(worker, () => undefined)
    },

    close: () => pool.end(),
  }
}

function createPool(config: pg.PoolConfig): PgPool {
  const made = new pg.Pool(config)
  made.on('error', () => undefined)
  // A connection that is lost between two queries of somebody who holds it would end the process: the next query fails soon enough.
  made.on('connect', (client) => client.on('error', () => undefined))
  // The types of pg and BullMQ disagree on overloads; BullMQ's own check decides.
  const pool: unknown = made
  if (!isPgPool(pool)) throw new Error('BullMQ does not take this pg pool')
  return pool
}

/** BullMQ listens to the pool it is given and never stops: each queue gets a face of its own to listen to. */
function viewOf(pool: PgPool): PgPool {
  const view: PgPool = {
    query: (text, values) => pool.query(text, values),
    connect: () => pool.connect(),
    end: () => Promise.resolve(),
    on: () => view,
    removeAllListeners: () => view,
  }
  return view
}

interface QueueLike {
  waitUntilReady(): Promise<unknown>
  add(name: string, data: object): Promise<unknown>
  close(): Promise<void>
}

function bellOf(queue: QueueLike, kind: string, disconnect: () => void): Bell {
  return {
    async ready() {
      await queue.waitUntilReady()
    },
    async ring() {
      await queue.add(kind, {})
    },
    async close() {
      disconnect()
      await queue.close()
    },
  }
}

interface WorkerLike {
  waitUntilReady(): Promise<unknown>
  isRunning(): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
  close(force: boolean): Promise<void>
}

function earOf(worker: WorkerLike, disconnect: () => void): Ear {
  let settle: (error: Error) => void = () => undefined
  const deaf = new Promise<Error>((resolve) => (settle = resolve))
  worker.on('error', settle)

  const watch = setInterval(() => {
    if (!worker.isRunning()) settle(new Error('the queue worker stopped'))
  }, 2_000)
  watch.unref()

  return {
    ready: worker.waitUntilReady().then(() => undefined),
    deaf,
    async close() {
      clearInterval(watch)
      try {
        await worker.close(true)
      } finally {
        disconnect()
      }
    },
  }
}
