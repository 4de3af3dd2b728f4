import type { Db } from '@matic/db'
import { createSealer, sealedKeyId } from '@matic/platform'
import type { Random, Secret } from '@matic/platform'
import { createOpener } from '@matic/platform/unsealing'
import { exchangeKeyBinding } from './key-binding.ts'
import { newestSealingKey } from './newest-sealing-key.ts'
import { insertSealingKey, loadSealingKeys } from './sealing-keys.ts'

export interface Rotation {
  /** An earlier rotation that did not come to its end was carried on. */
  readonly resumed: boolean
  readonly resealed: number
  /** Pairs whose private half is gone for good. */
  readonly destroyed: number
}

interface Input {
  readonly db: Db
  readonly random: Random
  readonly newId: () => string
  readonly encryptionKey: Secret<Uint8Array>
  readonly onProgress?: (progress: { resealed: number; left: number }) => void
}

interface SealedRow {
  readonly accountId: string
  readonly userId: string
  readonly sealed: Buffer
}

const ROTATION_LOCK = 7_202_603
const BATCH = 200

/**
 * Seals every exchange key anew under a new pair, a row at a time, and destroys the old pairs once nothing is sealed under them. Workers
 * read both meanwhile. May die at any moment: run again it carries on, for more than one pair says that a rotation is under way.
 * Workers' side only: it opens keys.
 * @throws Error when another rotation runs
 */
export async function rotateKeys(input: Input): Promise<Rotation> {
  const { db } = input
  const client = await db.pool.connect()
  try {
    // Held by this session: gone with the process, however that dies.
    const { rows } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [ROTATION_LOCK])
    if (rows[0]?.mine !== true) throw new Error('Another rotation is running')
    return await rotate(input)
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [ROTATION_LOCK]).catch(() => undefined)
    client.release()
  }
}

async function rotate(input: Input): Promise<Rotation> {
  const { db, encryptionKey } = input
  const before = await loadSealingKeys(db)
  const resumed = before.length > 1
  // Opens the wrapped halves first: with the wrong ENCRYPTION_KEY nothing has changed yet.
  createOpener(before, encryptionKey)
  if (!resumed) await insertSealingKey(db, input)

  const target = await newestSealingKey(db)
  if (!target) throw new Error('There is no sealing key')
  const sealer = createSealer(target)
  const opener = createOpener(await loadSealingKeys(db), encryptionKey)
  let resealed = 0
  for (;;) {
    const rows = await db.query<SealedRow>(
      'SELECT account_id AS "accountId", user_id AS "userId", sealed FROM exchange_key WHERE sealing_key_id <> $1 ORDER BY account_id LIMIT $2',
      [target.id, BATCH],
    )
    for (const row of rows) {
      const binding = exchangeKeyBinding(row)
      const text = row.sealed.toString('utf8')
      if (sealedKeyId(text) === target.id) throw new Error(`The key of account ${row.accountId} is not sealed under the pair its row names`)
      const sealed = await sealer.seal(await opener.open(text, binding), binding)
      // Only over what was read: a key that its owner has entered anew stays.
      const changed = await db.query(
        'UPDATE exchange_key SET sealing_key_id = $2, sealed = $3 WHERE account_id = $1 AND sealed = $4 RETURNING account_id',
        [row.accountId, target.id, Buffer.from(sealed, 'utf8'), row.sealed],
      )
      resealed += changed.length
    }
    const destroyed = rows.length === 0 ? await destroyUnused(db, target.id) : 0
    const [count] = await db.query<{ left: number }>('SELECT count(*)::int AS left FROM exchange_key WHERE sealing_key_id <> $1', [
      target.id,
    ])
    input.onProgress?.({ resealed, left: count?.left ?? 0 })
    // One may have been sealed under the old pair a moment ago.
    if (rows.length === 0 && count?.left === 0) return { resumed, resealed, destroyed }
  }
}

/** A pair with anything sealed under it cannot go: the database holds on to it. */
async function destroyUnused(db: Db, targetId: string): Promise<number> {
  const gone = await db.query(
    'DELETE FROM sealing_key k WHERE k.id <> $1 AND NOT EXISTS (SELECT 1 FROM exchange_key e WHERE e.sealing_key_id = k.id) RETURNING k.id',
    [targetId],
  )
  // The deleted row's bytes go from the table too, not only from sight.
  if (gone.length > 0) await db.query('VACUUM sealing_key')
  return gone.length
}
