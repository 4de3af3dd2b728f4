import { AppError, type ApiKeyView, type SharedSymbols } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { ACCOUNT_LOCK } from '../dispatch/account-lock.ts'
import { accountNotFound, getApiKey } from './api-key-view.ts'

interface Sharing {
  readonly userId: string
  readonly accountId: string
  readonly sharedSymbols: SharedSymbols
  readonly ip: string | null
}

/**
 * Lets several sources hold one symbol of an account, or no longer. What guards a position differs between the two, so nothing may be open
 * or on its way: decisions and the account's lane are held while that is looked at.
 * @throws AppError ACCOUNT_NOT_FOUND, ACCOUNT_IN_USE
 */
export async function shareSymbols({ ctx, input }: { ctx: Pick<ServiceContext, 'db' | 'bus'>; input: Sharing }): Promise<ApiKeyView> {
  const { userId, accountId, sharedSymbols, ip } = input
  const ids = await ctx.db.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2::uuid::text))', [ACCOUNT_LOCK, accountId])
    await tx.query('SELECT 1 FROM lane WHERE account_id = $1 FOR UPDATE', [accountId])
    const [before] = await tx.query<{ sharedSymbols: SharedSymbols; busy: boolean }>(
      `SELECT a.shared_symbols AS "sharedSymbols",
              EXISTS (SELECT 1 FROM position p WHERE p.account_id = a.id AND p.quantity_base > 0)
              OR EXISTS (SELECT 1 FROM position_share s WHERE s.account_id = a.id AND s.quantity_base <> 0)
              OR EXISTS (SELECT 1 FROM trade_order o WHERE o.account_id = a.id AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')) AS busy
         FROM account a WHERE a.id = $1 AND a.user_id = $2 AND a.deleted_at IS NULL FOR NO KEY UPDATE OF a`,
      [accountId, userId],
    )
    if (!before) throw accountNotFound()
    if (before.sharedSymbols === sharedSymbols) return []
    if (before.busy)
      throw new AppError('ACCOUNT_IN_USE', 'Close the positions and cancel the orders of this account first: they are guarded differently')
    await tx.query('UPDATE account SET shared_symbols = $3 WHERE id = $1 AND user_id = $2', [accountId, userId, sharedSymbols])
    await tx.query(`INSERT INTO audit_log (actor_id, user_id, action, before, after, ip) VALUES ($1, $1, 'account-changed', $2, $3, $4)`, [
      userId,
      JSON.stringify({ accountId, sharedSymbols: before.sharedSymbols }),
      JSON.stringify({ accountId, sharedSymbols }),
      ip,
    ])
    return recordFacts(tx, [{ userId, kind: 'account-changed', entity: 'account', entityId: accountId, payload: { sharedSymbols } }])
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return getApiKey({ db: ctx.db, userId, accountId })
}
