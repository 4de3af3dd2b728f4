import { once } from 'node:events'
import { Client, escapeIdentifier } from 'pg'
import { from as copyFrom, type CopyStreamQuery } from 'pg-copy-streams'
import { LIVE_WORKERS } from '@matic/services/execution/worker-lock'
import { migrate } from '../migrate.ts'
import { readMigrations } from '../migrations-on-disk.ts'
import { readBackup, type Header } from './format.ts'

export interface RestoredBackup {
  readonly header: Header
  readonly rows: Readonly<Record<string, number>>
}

/**
 * Puts a backup in the place of what the database holds, whole or not at all, and leaves it so that nothing is done twice: opens are stopped
 * by the global kill switch until somebody releases it, what was about to be sent is not, every account is read anew, everybody signs in again.
 * @param replace must be true where the database holds anything
 * @throws Error in words, with the database as it was unless the last migrations fail
 */
export async function restoreBackup({
  databaseUrl,
  path,
  replace,
}: {
  databaseUrl: string
  path: string
  replace: boolean
}): Promise<RestoredBackup> {
  const header = await checkBackup(path)
  const client = new Client({ connectionString: databaseUrl, application_name: 'matic restore' })
  await client.connect()
  try {
    await refuseWhileUsed(client, replace)
    // Beside the old data, and in its place only when all of it is there.
    await client.query('DROP SCHEMA IF EXISTS matic_before_restore CASCADE')
    await client.query('ALTER SCHEMA public RENAME TO matic_before_restore')
    await client.query('CREATE SCHEMA public')
    // A database has each extension once: the old data goes on using it from here.
    await moveExtensions(client, { from: 'matic_before_restore', to: 'public' })
    try {
      const known = readMigrations()
      await migrate({ databaseUrl, migrations: known.filter(({ name }) => header.migrations.includes(name)) })
      const rows = await load(client, path)
      await migrate({ databaseUrl })
      await makeSafe(client, header)
      await client.query('DROP SCHEMA matic_before_restore CASCADE')
      return { header, rows }
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined)
      await moveExtensions(client, { from: 'public', to: 'matic_before_restore' })
      await client.query('DROP SCHEMA public CASCADE')
      await client.query('ALTER SCHEMA matic_before_restore RENAME TO public')
      throw error
    }
  } finally {
    await client.end()
  }
}

async function moveExtensions(client: Client, { from, to }: { from: string; to: string }): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT e.extname AS name FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname = $1',
    [from],
  )
  for (const { name } of rows) await client.query(`ALTER EXTENSION ${escapeIdentifier(name)} SET SCHEMA ${escapeIdentifier(to)}`)
}

/** Read to its end before anything is touched: a backup that was cut short is refused. */
async function checkBackup(path: string): Promise<Header> {
  let header: Header | undefined
  let isWhole = false
  for await (const part of readBackup(path)) {
    if (part.kind === 'header') header = part.header
    if (part.kind === 'end') isWhole = true
  }
  if (header === undefined || !isWhole) throw new Error(`${path} ends in the middle: take another backup`)
  const names = new Set(readMigrations().map(({ name }) => name))
  const unknown = header.migrations.filter((name) => !names.has(name))
  if (unknown.length > 0) throw new Error(`The backup comes from a newer version (${unknown.join(', ')}): restore it with that one`)
  return header
}

async function refuseWhileUsed(client: Client, replace: boolean): Promise<void> {
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  )
  if (tables.length === 0) return
  if (!replace) throw new Error('The database is not empty. Say --replace to put the backup in the place of what is there')
  if (!tables.some(({ name }) => name === 'worker_process')) return
  const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM (${LIVE_WORKERS}) live`)
  if ((rows[0]?.n ?? 0) > 0) throw new Error('A worker is running on this database: stop workers and api first')
}

async function load(client: Client, path: string): Promise<Readonly<Record<string, number>>> {
  const rows: Record<string, number> = {}
  let table: { name: string; stream: CopyStreamQuery } | undefined
  await client.query('BEGIN')
  for await (const part of readBackup(path)) {
    switch (part.kind) {
      case 'table':
        // What migrations put there is in the backup as well.
        await client.query(part.statement.replace(/^COPY ("[^"]+").*$/, 'DELETE FROM $1'))
        table = { name: part.name, stream: client.query(copyFrom(part.statement)) }
        break
      case 'row':
        if (table?.stream.write(`${part.line}\n`) === false) await once(table.stream, 'drain')
        break
      case 'table-end':
        if (table !== undefined) rows[table.name] = await finish(table.stream)
        break
      case 'statement':
        await client.query(part.statement)
        break
      case 'end':
        for (const [name, count] of Object.entries(part.rows)) {
          if (rows[name] !== count) throw new Error(`The backup has ${count} rows of ${name}, ${rows[name] ?? 0} came back`)
        }
        break
      case 'header':
        break
    }
  }
  await client.query('COMMIT')
  return rows
}

async function finish(stream: CopyStreamQuery): Promise<number> {
  stream.end()
  await once(stream, 'finish')
  return stream.rowCount
}

async function makeSafe(client: Client, { takenAt }: Header): Promise<void> {
  await client.query('BEGIN')
  await client.query(
    `INSERT INTO kill_switch (scope, engaged, reason, changed_at) VALUES ('GLOBAL', true, $1, now())
     ON CONFLICT (scope) DO UPDATE SET engaged = true, reason = excluded.reason, version = kill_switch.version + 1, changed_at = now()`,
    [`Restored from the backup of ${takenAt}. Release it once accounts and exchanges agree.`],
  )
  // Sent after the backup for all we know. Protection stays: it is compared with the exchange before it is sent.
  await client.query(
    `UPDATE trade_order SET state = 'BLOCKED', reason = 'RESTORED', ended_at = now(), version = version + 1
      WHERE state = 'READY' AND leg IN ('open', 'close', 'reduce')`,
  )
  await client.query(`UPDATE signal SET state = 'DEAD' WHERE state = 'RECEIVED'`)
  await client.query(`UPDATE lane SET owner = NULL, lease_until = NULL, fence = fence + 1, reconcile_at = 'epoch'`)
  await client.query('UPDATE session SET revoked_at = now() WHERE revoked_at IS NULL')
  await client.query(`INSERT INTO audit_log (action, after) VALUES ('backup-restored', $1)`, [JSON.stringify({ takenAt })])
  await client.query('COMMIT')
}
