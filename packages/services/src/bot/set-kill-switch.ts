import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { manualAlert } from '../trading/manual-alert.ts'
import type { SharedCommit } from '../webhook/index.ts'

interface Change {
  readonly actorId: string
  readonly engaged: boolean
  readonly reason: string | undefined
  readonly ip: string | null
}

type SwitchContext = ServiceContext & { readonly ingest: SharedCommit }

/**
 * Stops or allows every new entry of one user. Closes and protection go on either way.
 * @returns both switches as they are now, and the symbols being closed
 */
export async function setUserKillSwitch({
  ctx,
  input,
}: {
  ctx: SwitchContext
  input: Change & { readonly closePositions: boolean }
}): Promise<{ user: boolean; global: boolean; closing: string[] }> {
  await flip(ctx, input, { scope: input.actorId, affected: [input.actorId] })
  const closing = input.engaged && input.closePositions ? await closeEverything(ctx, input.actorId) : []
  const [global] = await ctx.db.query<{ engaged: boolean }>(`SELECT engaged FROM kill_switch WHERE scope = 'GLOBAL'`)
  return { user: input.engaged, global: global?.engaged ?? false, closing }
}

/** Stops or allows every new entry of everybody. */
export async function setGlobalKillSwitch({ ctx, input }: { ctx: SwitchContext; input: Change }): Promise<{ global: boolean }> {
  const users = await ctx.db.query<{ id: string }>('SELECT id FROM app_user WHERE is_active')
  await flip(ctx, input, { scope: 'GLOBAL', affected: users.map((user) => user.id) })
  return { global: input.engaged }
}

async function flip(
  ctx: ServiceContext,
  change: Change,
  { scope, affected }: { scope: string; affected: readonly string[] },
): Promise<void> {
  const factIds = await ctx.db.transaction(async (tx) => {
    const [before] = await tx.query<{ engaged: boolean; reason: string | null }>(
      'SELECT engaged, reason FROM kill_switch WHERE scope = $1 FOR UPDATE',
      [scope],
    )
    await tx.query(
      `INSERT INTO kill_switch AS k (scope, engaged, reason, actor_id, changed_at) VALUES ($1, $2, $3, $4, clock_timestamp())
       ON CONFLICT (scope) DO UPDATE SET engaged = excluded.engaged, reason = excluded.reason, actor_id = excluded.actor_id, version = k.version + 1, changed_at = excluded.changed_at`,
      [scope, change.engaged, change.reason ?? null, change.actorId],
    )
    const after = { engaged: change.engaged, reason: change.reason ?? null }
    await tx.query(`INSERT INTO audit_log (actor_id, user_id, action, before, after, ip) VALUES ($1, $2, $3, $4, $5, $6)`, [
      change.actorId,
      scope === 'GLOBAL' ? null : scope,
      change.engaged ? 'kill-switch-engaged' : 'kill-switch-released',
      before ? JSON.stringify(before) : null,
      JSON.stringify({ scope, ...after }),
      change.ip,
    ])
    const payload = { scope: scope === 'GLOBAL' ? 'GLOBAL' : 'USER', ...after }
    return recordFacts(
      tx,
      affected.map((userId) => ({ userId, kind: 'kill-switch-changed', entity: 'kill-switch', entityId: scope, payload })),
    )
  })
  ctx.bus.publish('invalidate', { kind: 'kill-switch', ids: [scope] })
  for (let start = 0; start < factIds.length; start += FACTS_PER_MESSAGE)
    ctx.bus.publish('facts', { ids: factIds.slice(start, start + FACTS_PER_MESSAGE) })
}

const FACTS_PER_MESSAGE = 200

/** One close-all for each account: it takes positions and clears working orders. @returns the symbols */
async function closeEverything(ctx: SwitchContext, userId: string): Promise<string[]> {
  const open = await ctx.db.query<{ accountId: string; symbol: string }>(
    `SELECT a.id AS "accountId", held.symbol FROM account a
       JOIN (SELECT account_id, symbol FROM holding
             UNION
             SELECT account_id, symbol FROM trade_order WHERE leg = 'open' AND state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')) AS held
         ON held.account_id = a.id
      WHERE a.user_id = $1 AND a.deleted_at IS NULL ORDER BY held.symbol`,
    [userId],
  )
  const signals = [...new Set(open.map((row) => row.accountId))].map((accountId) => {
    const id = ctx.newId()
    const atMs = ctx.clock.now()
    const alert = manualAlert({ ticker: '', action: 'close-all', idempotencyKey: `kill-${id}`, atMs, comment: 'kill switch' })
    const rawBody = Buffer.from(JSON.stringify({ action: 'close-all', cause: 'kill-switch' }))
    return ctx.ingest.submit({
      id,
      userId,
      source: 'MANUAL',
      sourceId: accountId,
      receivedAtMs: atMs,
      rawBody,
      alert,
      requestId: null,
      deliveryId: null,
    })
  })
  await Promise.all(signals)
  return [...new Set(open.map((row) => row.symbol))]
}
