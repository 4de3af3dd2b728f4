import { AppError } from '@matic/contracts'
import type { Queryable } from '@matic/db'

interface ChosenAccount {
  id: string
  label: string
}

/** The named account or all of the user's. @throws AppError NO_ACCOUNT for one that is not theirs */
export async function chosenAccounts(db: Queryable, input: { userId: string; accountId: string | undefined }): Promise<ChosenAccount[]> {
  const accounts = await db.query<ChosenAccount>(
    `SELECT id, label FROM account WHERE user_id = $1 AND ($2::uuid IS NULL OR id = $2) ORDER BY created_at, id`,
    [input.userId, input.accountId ?? null],
  )
  if (accounts.length === 0 && input.accountId !== undefined) throw new AppError('NO_ACCOUNT', 'There is no such exchange account')
  return accounts
}
