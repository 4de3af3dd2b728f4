import type { Db, Queryable } from '@matic/db'
import type { Random, Secret } from '@matic/platform'
import { generateSealingKey } from '@matic/platform/unsealing'
import type { SealingKey } from '@matic/platform/unsealing'
import { newestSealingKey } from './newest-sealing-key.ts'

const CREATE_LOCK = 7_202_602

/** All key pairs, private halves still wrapped. Workers only. */
export async function loadSealingKeys(db: Queryable): Promise<SealingKey[]> {
  const rows = await db.query<{ id: string; publicKey: Buffer; wrapped: Buffer }>(
    'SELECT id, public_key AS "publicKey", wrapped_private_key AS wrapped FROM sealing_key',
  )
  return rows.map((row) => ({
    id: row.id,
    publicKey: row.publicKey.toString('base64url'),
    wrappedPrivateKey: row.wrapped.toString('base64url'),
  }))
}

/** Makes a key pair that everything is sealed under from now on. */
export async function insertSealingKey(
  db: Queryable,
  { random, newId, encryptionKey }: { random: Random; newId: () => string; encryptionKey: Secret<Uint8Array> },
): Promise<string> {
  const key = await generateSealingKey({ id: newId(), encryptionKey, random })
  await db.query('INSERT INTO sealing_key (id, public_key, wrapped_private_key, created_at) VALUES ($1, $2, $3, clock_timestamp())', [
    key.id,
    Buffer.from(key.publicKey, 'base64url'),
    Buffer.from(key.wrappedPrivateKey, 'base64url'),
  ])
  return key.id
}

/** Makes the installation's first key pair. Whichever worker comes first makes it; the others find it. */
export async function ensureSealingKey({
  db,
  random,
  newId,
  encryptionKey,
}: {
  db: Db
  random: Random
  newId: () => string
  encryptionKey: Secret<Uint8Array>
}): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [CREATE_LOCK])
    if (await newestSealingKey(tx)) return
    await insertSealingKey(tx, { random, newId, encryptionKey })
  })
}
