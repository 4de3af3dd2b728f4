import type { Queryable } from '@matic/db'
import type { SealingPublicKey } from '@matic/platform'

/**
 * The newest public key; what is sealed from now on is sealed under it. `undefined` until the first worker has made one.
 * @param held in a transaction: its pair cannot be destroyed before that ends
 */
export async function newestSealingKey(db: Queryable, { held = false } = {}): Promise<SealingPublicKey | undefined> {
  const rows = await db.query<{ id: string; publicKey: Buffer }>(
    `SELECT id, public_key AS "publicKey" FROM sealing_key ORDER BY created_at DESC, id DESC LIMIT 1 ${held ? 'FOR KEY SHARE' : ''}`,
  )
  const row = rows[0]
  return row && { id: row.id, publicKey: row.publicKey.toString('base64url') }
}
