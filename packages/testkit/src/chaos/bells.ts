import type { Db } from '@matic/db'
import { DEFAULT_SCHEMA } from 'bullmq'
import { Redis } from 'ioredis'

const BELLS = 'matic:*:*'

/** Empties the queue, as when Redis comes back without its last second: what was rung and not yet heard is never heard. */
export async function loseBells({ db, redisUrl }: { db: Db; redisUrl: string | undefined }): Promise<void> {
  if (redisUrl === undefined) {
    await db.query(`DELETE FROM ${DEFAULT_SCHEMA}.job`)
    return
  }
  const redis = new Redis(redisUrl)
  try {
    for await (const keys of redis.scanStream({ match: BELLS }))
      if (Array.isArray(keys) && keys.length > 0) await redis.del(keys.map(String))
  } finally {
    redis.disconnect()
  }
}
