import type { ApiKeyView } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { awaitAnswer, type AnswerDesk } from '../requests/index.ts'
import { accountNotFound, getApiKey } from './api-key-view.ts'

export type AskingContext = ServiceContext & { readonly desk: AnswerDesk }

export interface CheckedApiKey {
  readonly view: ApiKeyView & { readonly requestId: string | null }
  /** False when the wait was over before the check was. */
  readonly settled: boolean
}

interface Account {
  readonly userId: string
  readonly accountId: string
}

/** Asks the account doctor to look now, in the transaction of `before`, and waits for it, at most 5 s. */
export async function requestCheck({
  ctx,
  input,
  before = mustBeOwn,
}: {
  ctx: AskingContext
  input: Account
  before?: (tx: Transaction, input: Account) => Promise<readonly string[]>
}): Promise<CheckedApiKey> {
  const requestId = ctx.newId()
  using watch = ctx.desk.watchRequest(requestId)
  const factIds = await ctx.db.transaction(async (tx) => {
    const ids = await before(tx, input)
    await tx.query(`UPDATE account SET check_at = 'epoch' WHERE id = $1 AND user_id = $2`, [input.accountId, input.userId])
    await tx.query(
      `INSERT INTO exchange_request (id, user_id, account_id, kind, params, created_at) VALUES ($1, $2, $3, 'CHECK_ACCOUNT', '{}', clock_timestamp())`,
      [requestId, input.userId, input.accountId],
    )
    return ids
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: [...factIds] })
  ctx.doorbell.ring('request')

  const answer = await awaitAnswer({ ctx, id: requestId, watch })
  const view = await getApiKey({ db: ctx.db, ...input })
  return { view: { ...view, requestId: answer === undefined ? requestId : null }, settled: answer !== undefined }
}

async function mustBeOwn(tx: Transaction, { userId, accountId }: Account): Promise<readonly string[]> {
  const own = await tx.query('SELECT 1 FROM account WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL FOR UPDATE', [accountId, userId])
  if (own.length === 0) throw accountNotFound()
  return []
}
