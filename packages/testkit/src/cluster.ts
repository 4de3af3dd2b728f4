import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '@matic/local'
import { migrate } from '@matic/prisma/migrate'
import { createTestFolder } from './test-folder.ts'

export interface TestCluster extends AsyncDisposable {
  /** Address of the migrated template; nobody connects to it, tests get copies. */
  readonly templateUrl: string
  readonly folder: string
  stop(): Promise<void>
}

export const templateName = 'matic_template'

/** A private PostgreSQL with one migrated template database, gone when it is stopped. */
export async function startTestCluster(): Promise<TestCluster> {
  const folder = createTestFolder()
  const postgres = await startPostgres({
    dataDir: join(folder, 'postgres'),
    database: templateName,
    // Killed processes lose nothing without fsync; only a power cut would.
    settings: { fsync: 'off', max_connections: '500', max_wal_size: '512MB' },
  })
  const stop = async (): Promise<void> => {
    await postgres.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await migrate({ databaseUrl: postgres.url })
  } catch (error) {
    await stop()
    throw error
  }
  return { templateUrl: postgres.url, folder, stop, [Symbol.asyncDispose]: stop }
}
