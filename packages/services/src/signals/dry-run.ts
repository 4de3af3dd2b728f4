import { AppError, CERTIFIED_EXCHANGES, reasonText, type DryDecision, type DryRun } from '@matic/contracts'
import type { Db } from '@matic/db'
import { parseAlert } from '@matic/domain/alert/parse-alert'
import { binanceCapabilities } from '@matic/exchange/binance/capabilities'
import { decideAll } from '../dispatch/decide-all.ts'
import { followChains } from '../dispatch/follow-chains.ts'
import type { SignalRow } from '../dispatch/load-batch.ts'
import type { Decided } from '../dispatch/save-decisions.ts'

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

/** Every exchange that trades today speaks Binance's wire. */
const EXCHANGES = new Map(CERTIFIED_EXCHANGES.map((exchange) => [exchange, { capabilities: binanceCapabilities(true) }]))

/** What the body would do if it came in now. @throws AppError CONFLICT without a webhook */
export async function dryRun({ ctx, input }: { ctx: Context; input: Input }): Promise<DryRun> {
  const parsed = parseAlert(Buffer.from(input.body))
  if (!parsed.ok) return { alert: null, problem: { code: parsed.code, message: parsed.message }, decisions: [] }

  const { rows, alert } = await ctx.db.transaction(async (tx) => {
    const [source] = await tx.query<{ id: string; maxAgeSeconds: number | null; now: Date; nowMs: number }>(
      `SELECT id, max_age_seconds AS "maxAgeSeconds", clock_timestamp() AS now, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"
         FROM webhook WHERE user_id = $1 AND is_active ORDER BY created_at, id LIMIT 1`,
      [input.userId],
    )
    if (source === undefined) throw new AppError('CONFLICT', 'There is no webhook yet. Make a new address first.')
    const limits = [parsed.alert.maxAgeSeconds, source.maxAgeSeconds].filter((seconds) => seconds !== null)
    const read = {
      ...parsed.alert,
      accountId: input.accountId ?? parsed.alert.accountId,
      maxAgeSeconds: limits.length === 0 ? null : Math.min(...limits),
    }
    const id = ctx.newId()
    const row: SignalRow = {
      id,
      userId: input.userId,
      source: 'WEBHOOK',
      sourceId: source.id,
      receivedAt: source.now,
      committedAt: source.now,
      alertAt: read.alertAtMs === null ? null : new Date(read.alertAtMs),
      alert: read,
      nowMs: source.nowMs,
    }
    const { signals } = await followChains(tx, ctx, { rows: [row], locked: false })
    const decided = await decideAll(tx, { newId: ctx.newId, exchanges: EXCHANGES }, signals)
    // What it would release besides has a body of its own.
    return { rows: decided.filter(({ signal }) => signal.id === id), alert: read }
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
    orders: orders.map(({ leg, side, type, symbol: market, quantityBase, reduceFraction, price, leverage, reduceOnly, ...rest }) => ({
      leg,
      side,
      type,
      symbol: market,
      quantityBase,
      reduceFraction,
      price,
      leverage,
      reduceOnly,
      stopPrice: rest.stopPrice,
      targetPrice: rest.targetPrice,
      stopFraction: rest.stopFraction,
      targetFraction: rest.targetFraction,
    })),
  }
}
