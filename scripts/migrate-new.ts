import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeCluster, startPostgres } from '@matic/local'
import { diffSinceLastMigration, schemaPath } from '@matic/prisma/diff'
import { migrationsFolder, readMigrations } from '@matic/prisma/migrations-on-disk'
import { explain, fail, say } from './lib/say.ts'

const name = process.argv[2]?.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')
if (name === undefined || name === '') fail('The migration needs a name.', 'For example: npm run migrate:new add_price_alerts')

try {
  const script = await diff()
  if (script === undefined) say('The newest migration already leads to prisma/schema.prisma: nothing to write.')
  else say(`✓ ${write(name, script)}\n  Read it, add what Prisma cannot say (checks, partial indexes), then: npm run migrate`)
} catch (error) {
  const { problem, remedies } = explain(error)
  fail(problem, ...remedies)
}

async function diff(): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'matic-diff-'))
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres') })
  try {
    return await diffSinceLastMigration({ databaseUrl: postgres.url })
  } finally {
    await postgres.stop()
    removeCluster(join(folder, 'postgres'))
    rmSync(folder, { recursive: true, force: true })
  }
}

function write(migrationName: string, script: string): string {
  const stamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)
  const folder = `${stamp}_${migrationName}`
  const last = readMigrations().at(-1)
  mkdirSync(join(migrationsFolder, folder), { recursive: true })
  writeFileSync(join(migrationsFolder, folder, 'migration.sql'), script)
  copyFileSync(schemaPath, join(migrationsFolder, folder, 'schema.prisma'))
  // Only the newest is compared with.
  if (last !== undefined) rmSync(join(migrationsFolder, last.name, 'schema.prisma'), { force: true })
  return join('prisma', 'migrations', folder, 'migration.sql')
}
