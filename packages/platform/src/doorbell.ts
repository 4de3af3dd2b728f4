import { createBackoff } from './backoff.ts'
import { createSleeper, withDeadline } from './deadline.ts'
import { createPostgresStore, createRedisStore } from './doorbell-store.ts'
import type { Bell, DoorbellStore, Ear } from './doorbell-store.ts'
import type { Logger } from './logger.ts'
import { createOutageLog } from './outage-log.ts'
import type { Secret } from './secret.ts'

/**
 * Tells other processes that there is work of a kind. The work itself is in Postgres: a lost ring costs
 * one sweep, a ring too many finds nothing to do.
 */
export interface Doorbell<K extends string> {
  /** Never throws, never waits. Many rings at once become at most one on its way and one after it. */
  ring(kind: K): void
  listen(kind: K, handler: () => Promise<void>, options?: { concurrency?: number }): Listening
  /** Resolves when the queue behind it answers. @throws when it does not within the deadline */
  check(deadlineMs: number): Promise<void>
  /** Stops hearing at once, lets running handlers finish until the deadline. */
  close(deadlineMs: number): Promise<void>
}

export interface Listening {
  /** Resolves when the first connection hears; later outages repair themselves. */
  ready: Promise<void>
}

export interface DoorbellOptions<K extends string> {
  /** BullMQ runs on Redis when given, else on Postgres. */
  redisUrl: Secret | undefined
  databaseUrl: Secret
  kinds: readonly K[]
  logger: Logger
  /** Keeps two installations on one Redis apart. */
  namespace?: string
}

const ringDeadlineMs = 2_500
const openDeadlineMs = 5_000
const closeDeadlineMs = 1_000

export function createDoorbell<K extends string>(options: DoorbellOptions<K>): Doorbell<K> {
  const { redisUrl, databaseUrl, kinds, namespace = 'matic' } = options
  const store = redisUrl
    ? createRedisStore({ url: redisUrl, prefix: namespace })
    : createPostgresStore({ url: databaseUrl, kinds: kinds.length })

  const logger = options.logger.child({ part: 'doorbell', store: store.name })
  const stopping: (() => Promise<void>)[] = []
  const handling = new Set<Promise<void>>()

  const ringers = new Map<string, Ringer>()
  for (const kind of kinds) {
    const ringer = createRinger({ store, kind, logger })
    ringers.set(kind, ringer)
    stopping.push(() => ringer.stop())
  }

  return {
    ring(kind) {
      ringers.get(kind)?.ring()
    },

    listen(kind, handler, { concurrency = 1 } = {}) {
      const heard = async () => {
        const work = handler().catch((err: unknown) => logger.error({ err, kind }, 'work of this kind failed'))
        handling.add(work)
        await work
        handling.delete(work)
      }
      const listener = createListener({ store, kind, heard, concurrency, logger })
      stopping.push(() => listener.stop())
      return { ready: listener.ready }
    },

    check: (deadlineMs) => withDeadline(store.ping(), deadlineMs, 'asking the queue'),

    async close(deadlineMs) {
      await Promise.all(stopping.map((stop) => stop()))
      await withDeadline(Promise.all(handling), deadlineMs, 'running work').catch((err: unknown) =>
        logger.warn({ err, handlers: handling.size }, 'closing while work is still running'),
      )
      await withDeadline(store.close(), closeDeadlineMs, 'closing').catch(() => undefined)
    },
  }
}

interface Ringer {
  ring(): void
  stop(): Promise<void>
}

function createRinger({ store, kind, logger }: { store: DoorbellStore; kind: string; logger: Logger }): Ringer {
  const outage = createOutageLog(logger.child({ kind }), 'the doorbell')
  const backoff = createBackoff({ firstMs: 50, mostMs: 2_000 })
  const sleeper = createSleeper()
  let bell: Bell | undefined
  let wanted = false
  let stopped = false
  let ringing = false

  async function pump(): Promise<void> {
    while (wanted && !stopped) {
      wanted = false
      try {
        await withDeadline(ringOnce(), ringDeadlineMs, 'ringing')
        outage.recovered()
        backoff.reset()
        await sleeper.sleep(store.restMs)
      } catch (err) {
        wanted = true
        if (!stopped) outage.failed(err)
        void closeQuietly(bell)
        bell = undefined
        if (!stopped) await sleeper.sleep(backoff.nextMs())
      }
    }
  }

  async function ringOnce(): Promise<void> {
    await store.prepare()
    bell ??= store.openBell(kind)
    await bell.ring()
  }

  /** So that not even the first ring has to connect. */
  async function warm(): Promise<void> {
    await store.prepare()
    if (!stopped) await (bell ??= store.openBell(kind)).ready()
  }

  warm().catch(() => undefined)

  return {
    ring() {
      wanted = true
      if (ringing || stopped) return
      ringing = true
      void pump().finally(() => (ringing = false))
    },
    async stop() {
      stopped = true
      sleeper.wake()
      await closeQuietly(bell)
    },
  }
}

interface ListenerOptions {
  store: DoorbellStore
  kind: string
  heard: () => Promise<void>
  concurrency: number
  logger: Logger
}

/** Opens an ear, and a new one whenever the old one gives any sign of trouble. */
function createListener({ store, kind, heard, concurrency, logger }: ListenerOptions) {
  const outage = createOutageLog(logger.child({ kind }), 'the queue')
  const backoff = createBackoff({ firstMs: 100, mostMs: 2_000 })
  const sleeper = createSleeper()
  let stopped = false
  let stop: () => void = () => undefined
  const stopAsked = new Promise<void>((resolve) => (stop = resolve))
  let hearing: () => void = () => undefined
  const ready = new Promise<void>((resolve) => (hearing = resolve))

  async function hearOnce(): Promise<void> {
    let ear: Ear | undefined
    try {
      await store.prepare()
      ear = store.openEar(kind, heard, concurrency)
      await withDeadline(ear.ready, openDeadlineMs, 'connecting')
      outage.recovered()
      backoff.reset()
      hearing()
      const trouble = await Promise.race([ear.deaf, stopAsked])
      if (trouble) throw trouble
    } catch (err) {
      if (!stopped) outage.failed(err)
    } finally {
      await closeQuietly(ear)
    }
  }

  const running = (async () => {
    while (!stopped) {
      await hearOnce()
      if (!stopped) await sleeper.sleep(backoff.nextMs())
    }
  })()

  return {
    ready,
    async stop() {
      stopped = true
      stop()
      sleeper.wake()
      await withDeadline(running, closeDeadlineMs * 2, 'closing').catch(() => undefined)
    },
  }
}

async function closeQuietly(part: { close(): Promise<void> } | undefined): Promise<void> {
  if (!part) return
  await withDeadline(part.close(), closeDeadlineMs, 'closing').catch(() => undefined)
}
