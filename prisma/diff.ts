import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { migrationsFolder, readMigrations } from './migrations-on-disk.ts'

export const schemaPath = join(import.meta.dirname, 'schema.prisma')

/**
 * The SQL between the schema of the newest migration, kept beside it, and schema.prisma. It compares two schemas and no
 * database, so what migrations hold beyond Prisma's language (checks, partial indexes, triggers) is left alone.
 * @param databaseUrl any empty database: the engine wants to know the version it writes for
 * @returns the script, or `undefined` when there is nothing to change
 */
export async function diffSinceLastMigration({ databaseUrl }: { databaseUrl: string }): Promise<string | undefined> {
  const { SchemaEngine } = await import('@prisma/schema-engine-wasm')
  const current = { path: schemaPath, content: readFileSync(schemaPath, 'utf8') }
  const previous = readLastSchema()
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: databaseUrl }))
  const engine = await SchemaEngine.new({ datamodels: [[current.path, current.content]] }, () => undefined, adapter)
  try {
    const { stdout } = await engine.diff({
      from: previous === undefined ? { tag: 'empty' } : { tag: 'schemaDatamodel', files: [{ path: schemaPath, content: previous }] },
      to: { tag: 'schemaDatamodel', files: [current] },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    })
    return stdout === null || stdout.includes('-- This is an empty migration') || stdout.trim() === '' ? undefined : stdout
  } finally {
    engine.free()
  }
}

function readLastSchema(): string | undefined {
  const last = readMigrations().at(-1)
  if (last === undefined) return undefined
  const path = join(migrationsFolder, last.name, 'schema.prisma')
  if (!existsSync(path)) throw new Error(`Migration ${last.name} has no schema.prisma beside it: copy there the schema that it led to`)
  return readFileSync(path, 'utf8')
}
