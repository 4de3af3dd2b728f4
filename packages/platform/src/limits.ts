import { AppError } from '@matic/contracts'
import type pg from 'pg'
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible'
import type { Logger } from './logger.ts'
import { QuietRedis } from './quiet-redis.ts'
import type { Secret } from './secret.ts'

/** So much of something in so much time, by key. */
export interface Limit {
  /** @throws AppError RATE_LIMITED with the seconds to wait */
  consume(key: string, points?: number): Promise<void>
  /** Looks without using any up. @throws AppError RATE_LIMITED */
  check(key: string): Promise<void>
  forget(key: string): Promise<void>
}

export interface LimitOptions {
  readonly name: string
  readonly points: number
  readonly durationMs: number
  /** What people read when it is reached. */
  readonly message?: string
}

/** Limits that all processes share. */
export interface Limits {
  create(options: LimitOptions): Limit
  close(): Promise<void>
}

interface LimitsOptions {
  readonly redisUrl: Secret | undefined
  readonly pool: pg.Pool
  readonly log: Logger
}

/** Counted in Redis where there is one, else in PostgreSQL. While neither answers, every process counts for itself. */
export function createLimits({ redisUrl, pool, log }: LimitsOptions): Limits {
  const redis =
    redisUrl === undefined ? undefined : new QuietRedis(redisUrl.reveal(), { enableOfflineQueue: false, maxRetriesPerRequest: 0 })

  return {
    create({ name, points, durationMs, message = 'Too many attempts. Wait a little and try again.' }) {
      const common = { keyPrefix: `limit:${name}`, points, duration: Math.ceil(durationMs / 1_000) }
      const insuranceLimiter = new RateLimiterMemory(common)
      const shared: RateLimiterAbstract =
        redis === undefined
          ? new RateLimiterPostgres({
              ...common,
              storeClient: pool,
              storeType: 'pool',
              tableName: 'rate_limit',
              tableCreated: true,
              clearExpiredByTimeout: false,
              insuranceLimiter,
            })
          : new RateLimiterRedis({ ...common, storeClient: redis, insuranceLimiter })
      return fromLimiter(shared, { points, message, log })
    },
    async close() {
      redis?.disconnect()
    },
  }
}

/** Counted in this process alone, without a round trip. */
export function createLocalLimit({ name, points, durationMs, message = 'Too many requests. Wait a little and try again.' }: LimitOptions) {
  const limiter = new RateLimiterMemory({ keyPrefix: name, points, duration: Math.ceil(durationMs / 1_000) })
  return fromLimiter(limiter, { points, message, log: undefined })
}

function fromLimiter(
  limiter: RateLimiterAbstract,
  { points, message, log }: { points: number; message: string; log: Logger | undefined },
): Limit {
  const refusal = (waitMs: number) =>
    new AppError('RATE_LIMITED', message, { details: { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)) } })

  return {
    async consume(key, used = 1) {
      try {
        await limiter.consume(key, used)
      } catch (error) {
        if (error instanceof RateLimiterRes) throw refusal(error.msBeforeNext)
        log?.warn({ err: error }, 'a limit could not be counted')
        throw error
      }
    },
    async check(key) {
      const used = await limiter.get(key)
      if (used !== null && used.consumedPoints >= points) throw refusal(used.msBeforeNext)
    },
    async forget(key) {
      await limiter.delete(key)
    },
  }
}
