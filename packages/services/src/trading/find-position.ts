import { AppError, type AccountView, type PositionView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { findAccount } from './accounts.ts'
import { isHeld, listPositions } from './list-positions.ts'

/**
 * An open position by its id, and its account. Somebody else's does not exist.
 * @throws AppError POSITION_NOT_FOUND
 */
export async function findPosition({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; positionId: string }
}): Promise<{ position: PositionView; account: AccountView }> {
  const [row] = await db.query<{ accountId: string }>(
    `SELECT p.account_id AS "accountId" FROM position p WHERE p.id = $1 AND p.user_id = $2 AND ${isHeld('p')}`,
    [input.positionId, input.userId],
  )
  if (!row) throw notFound()
  const account = await findAccount({ db, input: { userId: input.userId, accountId: row.accountId } })
  const position = (await listPositions({ db, input: { userId: input.userId, accountId: account.id } })).find(
    (candidate) => candidate.id === input.positionId,
  )
  if (!position) throw notFound()
  return { position, account }
}

function notFound(): AppError {
  return new AppError('POSITION_NOT_FOUND', 'There is no such open position')
}
