import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findRedisServer, freePort, startPostgres, startRedis } from '@matic/local'
import { createSecret } from '../src/secret.ts'
import type { Secret } from '../src/secret.ts'

/** A real server that a suite may kill. */
export interface TestStore {
  redisUrl: Secret | undefined
  databaseUrl: Secret
  stop(): Promise<void>
  /** SIGKILL, a while of nothing, then the same port and data again. */
  crash(downMs: number): Promise<void>
}

const redisServer = findRedisServer(process.env['PATH'] ?? '')

/** One row a store, for `describe.each`: the contract is the same, only the server differs. */
export const testStores = [
  { store: 'Postgres', available: true, start: startTestPostgres },
  { store: 'Redis', available: redisServer !== undefined, start: startTestRedis },
] as const

async function startTestPostgres(): Promise<TestStore> {
  const port = await freePort()
  const { databaseUrl, ...server } = await restartable(async (dir) => {
    const postgres = await startPostgres({ dataDir: dir, port })
    return { ...postgres, databaseUrl: createSecret(postgres.url) }
  })
  return { ...server, redisUrl: undefined, databaseUrl }
}

async function startTestRedis(): Promise<TestStore> {
  const port = await freePort()
  const { url, ...server } = await restartable((dir) => startRedis({ dir, port, command: redisServer ?? '' }))
  const nowhere = createSecret('postgresql://nobody:none@127.0.0.1:1/none')
  return { ...server, redisUrl: createSecret(url), databaseUrl: nowhere }
}

async function restartable<T extends { stop(): Promise<void>; kill(): Promise<void> }>(start: (dir: string) => Promise<T>) {
  const dir = mkdtempSync(join(tmpdir(), 'matic-platform-'))
  let server = await start(join(dir, 'data'))
  return {
    ...server,
    async stop() {
      await server.stop()
      rmSync(dir, { recursive: true, force: true })
    },
    async crash(downMs: number) {
      await server.kill()
      await sleep(downMs)
      server = await start(join(dir, 'data'))
    },
  }
}
