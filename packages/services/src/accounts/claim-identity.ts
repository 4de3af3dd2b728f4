import { createHash } from 'node:crypto'
import { EXCHANGE_NAMES, type AccountFinding } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import { findingOfSameAccount } from '@matic/domain'
import type { DueAccount } from './check-accounts.ts'

const IDENTITY_LOCK = 7_304

/** What tells an exchange account apart, whichever of its keys it is reached with. Paper accounts have one key each. */
export function exchangeIdentity({
  exchange,
  environment,
  uid,
}: Pick<DueAccount, 'exchange' | 'environment'> & { uid: string | null }): Buffer | null {
  if (uid === null || exchange === 'PAPER') return null
  return createHash('sha256').update(`${exchange} ${environment} ${uid}`).digest()
}

/** Who claims it next waits for the end of this transaction. Taken before any row is. */
export async function lockIdentity(tx: Transaction, identity: Buffer): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [IDENTITY_LOCK, identity.toString('hex')])
}

/**
 * One exchange account is one account here, or two lanes would trade it. Who has it keeps it for as long as its key is taken; after that
 * the next one gets it, as when its owner has made a new key.
 * @returns why this account may not have it
 */
export async function claimIdentity(
  tx: Transaction,
  { id, userId, exchange }: DueAccount,
  identity: Buffer,
): Promise<AccountFinding | undefined> {
  const [holder] = await tx.query<{ userId: string; label: string }>(
    `SELECT user_id AS "userId", label FROM account WHERE exchange_identity = $1 AND id <> $2 AND key_status <> 'INVALID'`,
    [identity, id],
  )
  if (holder) return findingOfSameAccount({ exchangeName: EXCHANGE_NAMES[exchange], label: holder.userId === userId ? holder.label : null })
  await tx.query('UPDATE account SET exchange_identity = NULL WHERE exchange_identity = $1 AND id <> $2', [identity, id])
  await tx.query('UPDATE account SET exchange_identity = $1 WHERE id = $2', [identity, id])
  return undefined
}
