import { AppError, CERTIFIED_EXCHANGES, reasonText, type AccountView } from '@matic/contracts'
import type { Queryable } from '@matic/db'

const COLUMNS = `a.id, a.exchange, a.environment, a.label, a.is_active AS "isActive", a.key_status AS "keyStatus", a.masked_api_key AS "maskedApiKey"`

export async function listAccounts({ db, userId }: { db: Queryable; userId: string }): Promise<AccountView[]> {
  return db.query<AccountView>(
    `SELECT ${COLUMNS} FROM account a WHERE a.user_id = $1 AND a.deleted_at IS NULL ORDER BY a.created_at, a.id`,
    [userId],
  )
}

/**
 * The named account, or the first active one. One that belongs to somebody else does not exist.
 * @throws AppError NO_ACCOUNT
 */
export async function findAccount({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; accountId: string | undefined }
}): Promise<AccountView> {
  const [account] = await db.query<AccountView>(
    `SELECT ${COLUMNS} FROM account a WHERE a.user_id = $1 AND a.deleted_at IS NULL AND ($2::uuid IS NULL AND a.is_active OR a.id = $2::uuid) ORDER BY a.created_at, a.id LIMIT 1`,
    [input.userId, input.accountId ?? null],
  )
  if (!account) throw new AppError('NO_ACCOUNT', 'No valid API key found. Connect an exchange account or a paper account first.')
  return account
}

/** @throws AppError ACCOUNT_NOT_READY while the account cannot trade; ORDER_REFUSED where nothing is traded yet */
export function assertReady(account: AccountView): void {
  if (!CERTIFIED_EXCHANGES.includes(account.exchange)) {
    const text = reasonText('VENUE_NOT_CERTIFIED', { exchange: account.exchange })
    throw new AppError('ORDER_REFUSED', text, { details: { reason: 'VENUE_NOT_CERTIFIED' } })
  }
  if (!account.isActive) throw new AppError('ACCOUNT_NOT_READY', 'This account is switched off')
  if (account.keyStatus === 'OPENING') throw new AppError('ACCOUNT_NOT_READY', 'This account is being opened. Try again in a moment.')
  if (account.keyStatus === 'FROZEN')
    throw new AppError('ACCOUNT_NOT_READY', 'The key of this account has rights it must not have. Look at the accounts page; closes go on.')
  if (account.keyStatus === 'INVALID')
    throw new AppError('ACCOUNT_NOT_READY', 'The exchange no longer accepts the key of this account. Check it there and enter it again.')
}
