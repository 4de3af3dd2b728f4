import { AppError } from '@matic/contracts'
import { recordFacts, type Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { ACCOUNT_LOCK } from '../dispatch/account-lock.ts'
import { followFact, type ToldFollow } from '../follows/follow-facts.ts'
import { accountNotFound } from './api-key-view.ts'

interface Input {
  readonly userId: string
  readonly accountId: string
  readonly ip: string | null
}

/**
 * Destroys the key and takes the account out of everything that trades; orders, fills and trades stay readable.
 * @throws AppError ACCOUNT_NOT_FOUND; ACCOUNT_IN_USE while positions or orders are open
 */
export async function deleteAccount({ ctx, input }: { ctx: ServiceContext; input: Input }): Promise<void> {
  const { userId, accountId, ip } = input
  const ids = await ctx.db.transaction(async (tx) => {
    const [account] = await tx.query<{ label: string; maskedApiKey: string | null }>(
      `SELECT label, masked_api_key AS "maskedApiKey" FROM account WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL FOR UPDATE`,
      [accountId, userId],
    )
    if (!account) throw accountNotFound()
    // Nobody decides about this account, nor writes a fill, while we look.
    await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2::uuid::text))', [ACCOUNT_LOCK, accountId])
    await tx.query('SELECT 1 FROM lane WHERE account_id = $1 FOR UPDATE', [accountId])
    await assertUnused(tx, accountId)

    await tx.query('DELETE FROM exchange_key WHERE account_id = $1', [accountId])
    await tx.query('UPDATE route SET is_active = false WHERE account_id = $1', [accountId])
    await tx.query(
      'UPDATE strategy SET closed_at = clock_timestamp(), version = version + 1 WHERE account_id = $1 AND user_id = $2 AND closed_at IS NULL',
      [accountId, userId],
    )
    await tx.query(
      `UPDATE account SET deleted_at = clock_timestamp(), is_active = false, key_status = 'INVALID', key_fingerprint = NULL, exchange_identity = NULL WHERE id = $1 AND user_id = $2`,
      [accountId, userId],
    )
    await tx.query(`INSERT INTO audit_log (actor_id, user_id, action, before, ip) VALUES ($1, $1, 'account-deleted', $2, $3)`, [
      userId,
      JSON.stringify({ accountId, ...account }),
      ip,
    ])
    const over = await endFollowsOf(tx, userId, accountId)
    return recordFacts(tx, [
      { userId, kind: 'account-changed', entity: 'account', entityId: accountId, payload: { deleted: true } },
      ...over.map((follow) => followFact(follow, 'account-deleted', { state: 'STOPPED' })),
    ])
  })
  ctx.bus.publish('invalidate', { kind: 'account', ids: [accountId] })
  ctx.bus.publish('facts', { ids })
}

/** A signal that is on its way is decided as for a follow that has stopped. */
async function endFollowsOf(tx: Transaction, userId: string, accountId: string): Promise<ToldFollow[]> {
  return tx.query<ToldFollow>(
    `UPDATE follow f SET state = 'STOPPED', stopped_at = clock_timestamp(), stop_cause = 'ACCOUNT_DELETED', version = f.version + 1 FROM strategy s
      WHERE f.account_id = $1 AND f.user_id = $2 AND f.state <> 'STOPPED' AND s.id = f.strategy_id
     RETURNING f.id AS "followId", f.user_id AS "userId", s.name AS strategy`,
    [accountId, userId],
  )
}

async function assertUnused(tx: Transaction, accountId: string): Promise<void> {
  const [open] = await tx.query<{ positions: number; orders: number }>(
    `SELECT (SELECT count(*)::int FROM holding WHERE account_id = $1) AS positions,
            (SELECT count(*)::int FROM trade_order WHERE account_id = $1 AND state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')) AS orders`,
    [accountId],
  )
  const { positions = 0, orders = 0 } = open ?? {}
  if (positions + orders === 0) return
  const what = [counted(positions, 'position'), counted(orders, 'order')].filter((part) => part !== '').join(' and ')
  const message = `This account still has ${what} open. Close and cancel them first: without the key nobody could.`
  throw new AppError('ACCOUNT_IN_USE', message, { details: { positions, orders } })
}

function counted(count: number, noun: string): string {
  if (count === 0) return ''
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`
}
