import { AppError } from '@matic/contracts'
import type { Queryable } from '@matic/db'

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

/** The account an alert names, which has to be its sender's own. @throws AppError ACCOUNT_NOT_FOUND */
export async function findOwnAccount({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; accountId: string }
}): Promise<{ id: string; exchange: string }> {
  const [account] = UUID.test(input.accountId)
    ? await db.query<{ id: string; exchange: string }>(
        'SELECT id, exchange FROM account WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL',
        [input.accountId, input.userId],
      )
    : []
  if (account === undefined)
    throw new AppError('ACCOUNT_NOT_FOUND', 'There is no such account of yours. Copy account_id from the accounts page.')
  return account
}
