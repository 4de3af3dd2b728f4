import { AppError, type AccountRulesView, type RuleField, type RulesPatch } from '@matic/contracts'
import { recordFacts, type Transaction } from '@matic/db'
import type { RuleOverrides } from '@matic/domain'
import type { ServiceContext } from '../context.ts'
import { readAccountRules } from './get-rules.ts'
import { refuseProblems } from './refuse-problems.ts'

interface Change {
  readonly userId: string
  readonly accountId: string
  readonly set: RulesPatch
  /** Inherited again from the person's rules. */
  readonly inherit: readonly RuleField[]
}

/**
 * What one account has differently from its owner's rules.
 * @throws AppError ACCOUNT_NOT_FOUND; VALIDATION_FAILED when the rules that would hold then make no sense
 */
export async function changeAccountRules({ ctx, input }: { ctx: ServiceContext; input: Change }): Promise<AccountRulesView> {
  const { userId, accountId, set, inherit } = input
  const { view, ids } = await ctx.db.transaction(async (tx) => {
    const before = await lockOverrides(tx, userId, accountId)
    const kept = Object.entries({ ...before, ...set }).filter(
      ([field, value]) => value !== undefined && !inherit.some((one) => one === field),
    )
    await tx.query(
      `INSERT INTO account_rules (account_id, user_id, overrides) VALUES ($1, $2, $3::jsonb)
       ON CONFLICT (account_id) DO UPDATE SET overrides = excluded.overrides, updated_at = clock_timestamp()`,
      [accountId, userId, JSON.stringify(Object.fromEntries(kept))],
    )
    const [changed] = await readAccountRules(tx, { userId, accountId })
    if (!changed) throw notFound()
    refuseProblems(changed.effective)
    const payload = { accountId, fields: [...Object.keys(set), ...inherit] }
    const facts = await recordFacts(tx, [{ userId, kind: 'settings-changed', entity: 'account', entityId: accountId, payload }])
    return { view: changed, ids: facts }
  })
  ctx.bus.publish('facts', { ids })
  return view
}

/** From now on an account's drawdown is measured from what it has made until now. @throws AppError ACCOUNT_NOT_FOUND */
export async function resetPeak({
  ctx,
  input,
}: {
  ctx: ServiceContext
  input: { userId: string; accountId: string }
}): Promise<AccountRulesView> {
  const { userId, accountId } = input
  const { view, ids } = await ctx.db.transaction(async (tx) => {
    await lockOverrides(tx, userId, accountId)
    await tx.query('UPDATE account_state SET peak_result = result WHERE account_id = $1 AND user_id = $2', [accountId, userId])
    const [changed] = await readAccountRules(tx, { userId, accountId })
    if (!changed) throw notFound()
    const payload = { accountId, fields: ['peak'] }
    const facts = await recordFacts(tx, [{ userId, kind: 'settings-changed', entity: 'account', entityId: accountId, payload }])
    return { view: changed, ids: facts }
  })
  ctx.bus.publish('facts', { ids })
  return view
}

async function lockOverrides(tx: Transaction, userId: string, accountId: string): Promise<RuleOverrides> {
  const [account] = await tx.query('SELECT 1 FROM account WHERE id = $1 AND user_id = $2 AND deleted_at IS NULL FOR UPDATE', [
    accountId,
    userId,
  ])
  if (!account) throw notFound()
  const [row] = await tx.query<{ overrides: RuleOverrides }>('SELECT overrides FROM account_rules WHERE account_id = $1', [accountId])
  return row?.overrides ?? {}
}

function notFound(): AppError {
  return new AppError('ACCOUNT_NOT_FOUND', 'There is no such account')
}
