import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { readMigrations, type Migration } from './migrations-on-disk.ts'

export interface MigrateOptions {
  readonly databaseUrl: string
  readonly migrations?: readonly Migration[]
  readonly onApply?: (name: string) => void
}

// The lock `prisma migrate deploy` takes, so that the two never run at once.
const migrationLock = 72707369

const historyTable = `
CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`

/**
 * Applies the migrations that are pending, each whole or not at all, and keeps the history that `prisma migrate deploy` keeps.
 * @returns the names of those applied now
 * @throws {Error} when an applied migration was edited, one is left unfinished, or the SQL fails
 */
export async function migrate({ databaseUrl, migrations = readMigrations(), onApply }: MigrateOptions): Promise<string[]> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock])
    await client.query(historyTable)
    const pending = await findPending(client, migrations)
    for (const migration of pending) {
      await apply(client, migration)
      onApply?.(migration.name)
    }
    return pending.map(({ name }) => name)
  } finally {
    await client.end()
  }
}

interface HistoryRow {
  readonly migration_name: string
  readonly checksum: string
  readonly finished_at: Date | null
}

async function findPending(client: Client, migrations: readonly Migration[]): Promise<Migration[]> {
  const history = await client.query<HistoryRow>(
    'SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL',
  )
  const applied = new Map(history.rows.map((row) => [row.migration_name, row]))
  for (const { name, checksum } of migrations) {
    const row = applied.get(name)
    if (row === undefined) continue
    if (row.finished_at === null)
      throw new Error(`Migration ${name} began earlier and never finished: repair the database, then \`prisma migrate resolve\``)
    if (row.checksum !== checksum)
      throw new Error(`Migration ${name} was edited after it was applied: restore the file and put the change into a new migration`)
  }
  return migrations.filter(({ name }) => !applied.has(name))
}

async function apply(client: Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(sql)
    await client.query(
      `INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    )
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw new Error(`Migration ${name} failed and was rolled back: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
