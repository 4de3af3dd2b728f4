import { Redis } from 'ioredis'
import type { RedisOptions } from 'ioredis'

/**
 * A client, and copies of it, whose connection errors nobody has to hear: ioredis prints an error that
 * has no listener, and BullMQ takes its listeners off before the last one arrives.
 */
export class QuietRedis extends Redis {
  constructor(url: string, options: Omit<RedisOptions, 'replyMapping'>) {
    super(url, { connectTimeout: 2_000, keepAlive: 10_000, retryStrategy: (times) => Math.min(50 * 2 ** times, 1_000), ...options })
    this.on('error', ignore)
  }

  override duplicate(override?: Partial<RedisOptions>): Redis {
    return super.duplicate(override).on('error', ignore)
  }
}

function ignore(): void {
  return undefined
}
