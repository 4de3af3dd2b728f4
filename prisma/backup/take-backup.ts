import { createWriteStream } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Client, escapeIdentifier, escapeLiteral } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { headerLine, trailerLine } from './format.ts'
import { readSequences, readTables } from './tables.ts'

export interface TakenBackup {
  readonly path: string
  readonly rows: Readonly<Record<string, number>>
}

const DAY_MS = 86_400_000
const NAME = /^matic-.*\.sql\.gz$/

/**
 * Everything of one moment as gzipped SQL, while the platform goes on. `psql` reads the file too. Secrets of the environment are not in it:
 * without ENCRYPTION_KEY the exchange keys in it stay sealed for ever.
 * @param keepDays older backups in the folder are removed once this one is whole
 */
export async function takeBackup({
  databaseUrl,
  folder,
  keepDays,
}: {
  databaseUrl: string
  folder: string
  keepDays?: number | undefined
}): Promise<TakenBackup> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const takenAt = new Date()
  const path = join(folder, `matic-${takenAt.toISOString().replaceAll(/[:.]/g, '-')}.sql.gz`)
  const unfinished = `${path}.part`
  const rows: Record<string, number> = {}
  const client = new Client({ connectionString: databaseUrl, application_name: 'matic backup' })
  await client.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await pipeline(Readable.from(write(client, takenAt, rows)), createGzip(), createWriteStream(unfinished, { mode: 0o600, flush: true }))
    await client.query('COMMIT')
    await chmod(unfinished, 0o600)
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  } finally {
    await client.end()
  }
  if (keepDays !== undefined) await removeOlder(folder, takenAt.getTime() - keepDays * DAY_MS)
  return { path, rows }
}

async function* write(client: Client, takenAt: Date, rows: Record<string, number>): AsyncGenerator<string | Buffer> {
  const { rows: applied } = await client.query<{ migration_name: string }>(
    `SELECT migration_name FROM "_prisma_migrations" WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name`,
  )
  yield headerLine({ takenAt: takenAt.toISOString(), migrations: applied.map((row) => row.migration_name) })
  for (const { name, columns } of await readTables(client)) {
    const table = `${escapeIdentifier(name)} (${columns.map((column) => escapeIdentifier(column)).join(', ')})`
    yield `COPY ${table} FROM stdin;\n`
    const copied = client.query(copyTo(`COPY ${table} TO STDOUT`))
    for await (const chunk of copied) yield chunk
    rows[name] = copied.rowCount
    yield '\\.\n'
  }
  for (const { name, value } of await readSequences(client))
    yield `SELECT setval(${escapeLiteral(escapeIdentifier(name))}, ${value}, true);\n`
  yield trailerLine(rows)
}

async function removeOlder(folder: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!NAME.test(name)) continue
    const path = join(folder, name)
    if ((await stat(path)).mtimeMs < beforeMs) await rm(path)
  }
}
