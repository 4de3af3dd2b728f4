import type { Transaction } from '@matic/db'
import { DISPATCH_LOCK } from '../dispatch/load-batch.ts'

/**
 * Held by whoever decides signals of this source: a follow that begins or ends under it has a clear place between two signals. What is
 * committed after it began is decided with it.
 */
export async function holdSource(tx: Transaction, sourceId: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2::uuid::text))', [DISPATCH_LOCK, sourceId])
}
