import { rmSync } from 'node:fs'
import { findRedisServer, startRedis } from '@matic/local'
import { readTestEnvironment } from './env.ts'
import { createTestFolder } from './test-folder.ts'

export interface TestRedis extends AsyncDisposable {
  readonly url: string
}

/** False where a test that needs Redis has to be skipped: `describe.skipIf(!hasRedis())`. */
export function hasRedis(): boolean {
  const { redisUrl, searchPath } = readTestEnvironment()
  return redisUrl !== undefined || findRedisServer(searchPath) !== undefined
}

/** REDIS_URL, shared with others (so use key prefixes of your own), or a private server. */
export async function withRedis(): Promise<TestRedis> {
  const { redisUrl, searchPath } = readTestEnvironment()
  if (redisUrl !== undefined) return { url: redisUrl, [Symbol.asyncDispose]: () => Promise.resolve() }

  const command = findRedisServer(searchPath)
  if (command === undefined) throw new Error('No Redis: set REDIS_URL or install redis-server')
  const folder = createTestFolder()
  const redis = await startRedis({ dir: folder, command })
  return {
    url: redis.url,
    async [Symbol.asyncDispose]() {
      await redis.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
