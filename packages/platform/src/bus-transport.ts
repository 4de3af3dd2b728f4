import type { Redis } from 'ioredis'
import pg from 'pg'
import { QuietRedis } from './quiet-redis.ts'
import type { Secret } from './secret.ts'

/** Carries texts between all processes, the sender included, for as long as one connection lasts. */
export interface BusTransport {
  name: 'redis' | 'postgres'
  textBytesMax: number
  open(events: { heard: (text: string) => void; lost: (err: Error) => void }): Promise<BusLine>
}

export interface BusLine {
  send(text: string): Promise<void>
  close(): Promise<void>
}

export function createRedisTransport({ url, channel }: { url: Secret; channel: string }): BusTransport {
  return {
    name: 'redis',
    textBytesMax: 256_000,

    async open({ heard, lost }) {
      const options = { lazyConnect: true, enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: () => null }
      const sender = new QuietRedis(url.reveal(), { ...options, commandTimeout: 2_000 })
      const listener = new QuietRedis(url.reveal(), options)
      const both: Redis[] = [sender, listener]
      const close = () => {
        for (const redis of both) redis.disconnect()
        return Promise.resolve()
      }

      try {
        await Promise.all(both.map((redis) => redis.connect()))
        for (const redis of both) redis.on('close', () => lost(new Error('the connection to Redis closed')))
        listener.on('message', (_channel: string, text: string) => heard(text))
        await listener.subscribe(channel)
      } catch (err) {
        await close()
        throw err
      }

      return {
        async send(text) {
          await sender.publish(channel, text)
        },
        close,
      }
    },
  }
}

/** NOTIFY takes less than 8000 bytes, and runs outside every transaction of ours on this one connection. */
export function createPostgresTransport({ url, channel }: { url: Secret; channel: string }): BusTransport {
  return {
    name: 'postgres',
    textBytesMax: 7_900,

    async open({ heard, lost }) {
      const client = new pg.Client({
        connectionString: url.reveal(),
        application_name: 'matic-bus',
        options: '-c synchronous_commit=off',
        keepAlive: true,
        keepAliveInitialDelayMillis: 10_000,
        connectionTimeoutMillis: 2_000,
        query_timeout: 5_000,
      })
      client.on('error', lost)
      client.on('end', () => lost(new Error('the connection to Postgres ended')))
      client.on('notification', ({ payload }) => heard(payload ?? ''))

      try {
        await client.connect()
        await client.query(`LISTEN ${client.escapeIdentifier(channel)}`)
      } catch (err) {
        await client.end().catch(() => undefined)
        throw err
      }

      return {
        async send(text) {
          await client.query({ name: 'bus-notify', text: 'SELECT pg_notify($1, $2)', values: [channel, text] })
        },
        close: () => client.end(),
      }
    },
  }
}
