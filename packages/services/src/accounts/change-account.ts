import type { ApiKeyView } from '@matic/contracts'
import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { accountNotFound, getApiKey } from './api-key-view.ts'

interface Change {
  readonly userId: string
  readonly accountId: string
  readonly ip: string | null
}

/** Off: nothing opens, closes and protection go on. @throws AppError ACCOUNT_NOT_FOUND */
export function toggleAccount({ ctx, input }: { ctx: ServiceContext; input: Change & { active: boolean } }): Promise<ApiKeyView> {
  return change(ctx, input, { column: 'is_active', value: input.active, name: 'isActive' })
}

/** @throws AppError ACCOUNT_NOT_FOUND */
export function renameAccount({ ctx, input }: { ctx: ServiceContext; input: Change & { label: string } }): Promise<ApiKeyView> {
  return change(ctx, input, { column: 'label', value: input.label, name: 'label' })
}

interface Field {
  readonly column: 'is_active' | 'label'
  readonly name: 'isActive' | 'label'
  readonly value: boolean | string
}

async function change(ctx: ServiceContext, { userId, accountId, ip }: Change, { column, name, value }: Field): Promise<ApiKeyView> {
  const ids = await ctx.db.transaction(async (tx) => {
    const [before] = await tx.query<{ value: boolean | string }>(
      `SELECT ${column} AS value FROM account WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL FOR UPDATE`,
      [accountId, userId],
    )
    if (!before) throw accountNotFound()
    if (before.value === value) return []
    await tx.query(`UPDATE account SET ${column} = $3 WHERE id = $1 AND user_id = $2`, [accountId, userId, value])
    await tx.query(`INSERT INTO audit_log (actor_id, user_id, action, before, after, ip) VALUES ($1, $1, 'account-changed', $2, $3, $4)`, [
      userId,
      JSON.stringify({ accountId, [name]: before.value }),
      JSON.stringify({ accountId, [name]: value }),
      ip,
    ])
    return recordFacts(tx, [{ userId, kind: 'account-changed', entity: 'account', entityId: accountId, payload: { [name]: value } }])
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
  return getApiKey({ db: ctx.db, userId, accountId })
}
