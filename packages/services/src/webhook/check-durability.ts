import type { Db } from '@matic/db'

/** Asks on the connections that alerts are stored through. @throws Error in words, when a commit there would not survive a crash */
export async function checkDurability({ db, allowNoFsync }: { db: Db; allowNoFsync: boolean }): Promise<void> {
  const [row] = await db.query<{ synchronousCommit: string; fsync: string }>(
    `SELECT current_setting('synchronous_commit') AS "synchronousCommit", current_setting('fsync') AS fsync`,
  )
  if (!row) throw new Error('PostgreSQL did not say how it commits')
  if (!['on', 'local', 'remote_write', 'remote_apply'].includes(row.synchronousCommit)) {
    throw new Error(
      `PostgreSQL runs with synchronous_commit=${row.synchronousCommit}: an acknowledged alert could be lost in a crash. Set synchronous_commit=on for the server, this role and this database.`,
    )
  }
  if (row.fsync !== 'on' && !allowNoFsync) {
    throw new Error(
      'PostgreSQL runs with fsync=off: a power cut could destroy the database. Set fsync=on in postgresql.conf and restart it.',
    )
  }
}
