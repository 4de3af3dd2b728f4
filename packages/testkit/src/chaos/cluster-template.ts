import { execFileSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '@matic/local'
import { migrate } from '../../../../prisma/migrate.ts'

/**
 * A migrated, stopped cluster: copied it stands in a fraction of the time a new one takes, and one does for many rigs.
 * @returns its data folder
 */
export async function makeClusterTemplate(folder: string): Promise<string> {
  const dataDir = join(folder, 'template')
  const postgres = await startPostgres({ dataDir })
  try {
    await migrate({ databaseUrl: postgres.url })
  } finally {
    await postgres.stop()
  }
  return dataDir
}

/** With its owner and modes, on which the server insists. */
export function copyCluster({ template, to }: { template: string; to: string }): void {
  execFileSync('cp', ['-a', realpathSync(template), to])
}
