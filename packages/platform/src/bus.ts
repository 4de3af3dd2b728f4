import { BUS_CHANNELS } from '@matic/contracts/channels'
import type { BusChannel, BusMessage } from '@matic/contracts/channels'
import type { z } from 'zod'
import { createBackoff } from './backoff.ts'
import { packItems } from './bus-batch.ts'
import type { BusItem } from './bus-batch.ts'
import { createPostgresTransport, createRedisTransport } from './bus-transport.ts'
import type { BusLine } from './bus-transport.ts'
import { createSleeper, withDeadline } from './deadline.ts'
import type { Logger } from './logger.ts'
import { createOutageLog } from './outage-log.ts'
import type { Secret } from './secret.ts'

/** Ids and prices between processes. Nothing may depend on a message: what counts is in Postgres. */
export interface Bus {
  /** Never throws, never waits. Subscribers of this process hear it at once, the others within milliseconds. */
  publish<C extends BusChannel>(channel: C, message: BusMessage<C>): void
  subscribe<C extends BusChannel>(channel: C, handler: (message: BusMessage<C>) => void): () => void
  /** Called when messages may have been missed: drop caches, read again. */
  onGap(handler: () => void): () => void
  /** Resolves when the first connection stands; later outages repair themselves. */
  ready: Promise<void>
  close(): Promise<void>
}

export interface BusOptions {
  /** Redis pub/sub when given, else LISTEN/NOTIFY. */
  redisUrl: Secret | undefined
  databaseUrl: Secret
  /** Tells this process's messages from others'. */
  processId: string
  logger: Logger
  /** Keeps two installations on one Redis apart. */
  namespace?: string
}

type Handler = (message: unknown) => void

const openDeadlineMs = 5_000
const closeDeadlineMs = 1_000
/** A message to itself this often proves that it is not deaf. */
const echoEveryMs = 10_000
const echoDeadlineMs = 5_000

export function createBus(options: BusOptions): Bus {
  const { redisUrl, databaseUrl, processId, namespace = 'matic' } = options
  const channel = `${namespace}_bus`
  const transport = redisUrl ? createRedisTransport({ url: redisUrl, channel }) : createPostgresTransport({ url: databaseUrl, channel })

  const logger = options.logger.child({ part: 'bus', transport: transport.name })
  const outage = createOutageLog(logger, 'the bus')
  const backoff = createBackoff({ firstMs: 50, mostMs: 2_000 })
  const sleeper = createSleeper()

  const handlers = new Map<string, Set<Handler>>()
  const gapHandlers = new Set<() => void>()
  let outbox: BusItem[] = []
  let line: BusLine | undefined
  let sending = false
  let missed = false
  let closed = false
  let echoed: () => void = () => undefined
  let hearing: () => void = () => undefined
  const ready = new Promise<void>((resolve) => (hearing = resolve))
  let stop: () => void = () => undefined
  const stopAsked = new Promise<undefined>((resolve) => (stop = () => resolve(undefined)))

  const wrap = (items: readonly BusItem[]) => JSON.stringify([processId, items])

  function deliver(name: string, message: unknown): void {
    for (const handler of handlers.get(name) ?? []) guarded(() => handler(message))
  }

  function guarded(work: () => void): void {
    try {
      work()
    } catch (err) {
      logger.error({ err }, 'a subscriber of the bus failed')
    }
  }

  function gap(): void {
    for (const handler of gapHandlers) guarded(handler)
  }

  function heard(text: string): void {
    const packet = readPacket(text)
    if (!packet) return logger.warn({ bytes: text.length }, 'a packet on the bus is not understood')
    if (packet.from === processId) return echoed()
    for (const [name, message] of packet.items) {
      if (name === gapChannel) gap()
      else deliver(name, message)
    }
  }

  async function flush(): Promise<void> {
    while (line && outbox.length > 0) {
      const items = outbox
      outbox = []
      const { texts, tooLarge } = packItems(items, wrap, transport.textBytesMax)
      if (tooLarge.length > 0) logger.warn({ channels: tooLarge }, 'messages too large for the bus were dropped')
      for (const text of texts) await line?.send(text)
    }
  }

  function post(item: BusItem): void {
    if (closed) return
    if (!line) {
      missed = true
      return
    }
    outbox.push(item)
    if (sending) return
    sending = true
    queueMicrotask(() => {
      flush()
        .catch(() => {
          missed = true
          outbox = []
        })
        .finally(() => (sending = false))
    })
  }

  async function talkOnce(first: boolean): Promise<void> {
    let lost: (err: Error) => void = () => undefined
    const broken = new Promise<Error>((resolve) => (lost = resolve))
    let opened: BusLine | undefined
    let echo: NodeJS.Timeout | undefined
    try {
      opened = await withDeadline(transport.open({ heard, lost }), openDeadlineMs, 'connecting')
      line = opened
      outage.recovered()
      backoff.reset()
      hearing()
      if (!first) gap()
      if (missed) post([gapChannel, null])
      missed = false
      echo = watchEcho(opened, lost)
      const trouble = await Promise.race([broken, stopAsked])
      if (trouble) throw trouble
    } catch (err) {
      if (!closed) outage.failed(err)
    } finally {
      clearInterval(echo)
      line = undefined
      if (outbox.length > 0) missed = true
      outbox = []
      if (opened) await withDeadline(opened.close(), closeDeadlineMs, 'closing').catch(() => undefined)
    }
  }

  function watchEcho(on: BusLine, lost: (err: Error) => void): NodeJS.Timeout {
    const timer = setInterval(() => {
      const answer = new Promise<void>((resolve) => (echoed = resolve))
      const sent = on.send(wrap([])).then(() => answer)
      withDeadline(sent, echoDeadlineMs, 'hearing itself').catch(lost)
    }, echoEveryMs)
    timer.unref()
    return timer
  }

  const running = (async () => {
    for (let first = true; !closed; first = false) {
      await talkOnce(first)
      if (!closed) await sleeper.sleep(backoff.nextMs())
    }
  })()

  return {
    ready,

    publish(name, message) {
      if (closed) return
      queueMicrotask(() => deliver(name, message))
      post([name, message])
    },

    subscribe(name, handler) {
      const schema = schemas[name]
      const parsing = (message: unknown) => {
        const parsed = schema.safeParse(message)
        if (parsed.success) handler(parsed.data)
        else logger.warn({ err: parsed.error, channel: name }, 'a message on the bus is not understood')
      }
      const subscribers = handlers.get(name) ?? new Set<Handler>()
      handlers.set(name, subscribers.add(parsing))
      return () => void subscribers.delete(parsing)
    },

    onGap(handler) {
      gapHandlers.add(handler)
      return () => void gapHandlers.delete(handler)
    },

    async close() {
      await withDeadline(flush(), closeDeadlineMs, 'sending the last messages').catch(() => undefined)
      closed = true
      stop()
      sleeper.wake()
      await withDeadline(running, 2 * closeDeadlineMs, 'closing').catch(() => undefined)
    },
  }
}

const gapChannel = 'gap'

const schemas: { readonly [C in BusChannel]: z.ZodType<BusMessage<C>> } = BUS_CHANNELS

function readPacket(text: string): { from: string; items: BusItem[] } | undefined {
  let packet: unknown
  try {
    packet = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!Array.isArray(packet) || typeof packet[0] !== 'string' || !Array.isArray(packet[1])) return undefined
  const items = packet[1].flatMap((item): BusItem[] => (Array.isArray(item) && typeof item[0] === 'string' ? [[item[0], item[1]]] : []))
  return { from: packet[0], items }
}
