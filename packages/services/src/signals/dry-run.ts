import { AppError, reasonText, type DryDecision, type DryRun } from '@matic/contracts'
import type { Db } from '@matic/db'
import { parseAlert } from '@matic/domain/alert/parse-alert'
import { decideAll } from '../dispatch/decide-all.ts'
import { followChains } from '../dispatch/follow-chains.ts'
import type { Decided } from '../dispatch/save-decisions.ts'
import { asIfReceived, EXCHANGES } from './as-if-received.ts'
import { dryOrder } from './dry-order.ts'

interface Input {
  readonly userId: string
  readonly body: string
  /** One of the owner's accounts; absent for all that the webhook reaches. */
  readonly accountId: string | undefined
}

interface Context {
  readonly db: Db
  readonly newId: () => string
  readonly timings: { readonly chainHoldMs: number }
}

/** What the body would do if it came in now. @throws AppError CONFLICT without a webhook */
export async function dryRun({ ctx, input }: { ctx: Context; input: Input }): Promise<DryRun> {
  const parsed = parseAlert(Buffer.from(input.body))
  if (!parsed.ok) return { alert: null, problem: { code: parsed.code, message: parsed.message }, decisions: [] }

  const { rows, alert } = await ctx.db.transaction(async (tx) => {
    const [webhook] = await tx.query<{ id: string }>(
      'SELECT id FROM webhook WHERE user_id = $1 AND is_active ORDER BY created_at, id LIMIT 1',
      [input.userId],
    )
    const read = { ...parsed.alert, accountId: input.accountId ?? parsed.alert.accountId }
    const id = ctx.newId()
    const row = webhook && (await asIfReceived(tx, { id, userId: input.userId, source: 'WEBHOOK', sourceId: webhook.id, alert: read }))
    if (row === undefined) throw new AppError('CONFLICT', 'There is no webhook yet. Make a new address first.')
    const { signals } = await followChains(tx, ctx, { rows: [row], locked: false })
    const decided = await decideAll(tx, { newId: ctx.newId, exchanges: EXCHANGES }, signals, undefined, { locked: false })
    // What it would release besides has a body of its own.
    return { rows: decided.filter(({ signal }) => signal.id === id), alert: row.alert }
  })
  const labels = await readLabels(ctx.db, input.userId)
  // Routes of others, who follow, are none of the owner's business.
  const own = rows.filter(({ route }) => route.userId === input.userId)
  return { alert, problem: null, decisions: own.map((row) => viewOf(row, labels)) }
}

async function readLabels(db: Db, userId: string): Promise<ReadonlyMap<string, string>> {
  const rows = await db.query<{ id: string; label: string }>('SELECT id, label FROM account WHERE user_id = $1', [userId])
  return new Map(rows.map(({ id, label }) => [id, label]))
}

function viewOf({ route, decision }: Decided, labels: ReadonlyMap<string, string>): DryDecision {
  const { outcome, intent, reason, numbers, symbol, orders } = decision
  const { accountId: id, exchange, environment } = route
  return {
    account: { id, label: labels.get(id) ?? exchange, exchange, environment },
    outcome,
    intent,
    reason,
    reasonText: reason && reasonText(reason, numbers),
    numbers,
    symbol,
    orders: orders.map(dryOrder),
  }
}
