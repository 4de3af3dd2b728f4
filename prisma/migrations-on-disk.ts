import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Migration {
  readonly name: string
  readonly sql: string
  /** SHA-256 of the file, hex, as `prisma migrate deploy` keeps it. */
  readonly checksum: string
}

export const migrationsFolder = join(import.meta.dirname, 'migrations')

/** Every migration, in the order of application. */
export function readMigrations(folder: string = migrationsFolder): Migration[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .toSorted()
    .filter((name) => existsSync(join(folder, name, 'migration.sql')))
    .map((name) => {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
}
