import { AppError, type CopyPreview, type PreviewTotals, type StrategySource } from '@matic/contracts'
import type { Db, Transaction } from '@matic/db'
import { parseAlert } from '@matic/domain/alert/parse-alert'
import { Decimal } from 'decimal.js'
import { decideAll } from '../dispatch/decide-all.ts'
import { followChains, type PlacedSignal } from '../dispatch/follow-chains.ts'
import { loadRoutes, type Slice } from '../dispatch/load-batch.ts'
import type { Decided } from '../dispatch/save-decisions.ts'
import { followerHandle } from '../follows/follower-handle.ts'
import { asIfReceived, EXCHANGES } from '../signals/as-if-received.ts'
import { loadTicks, planView } from './plan-view.ts'
import { shownToLeader } from './shown-to-leader.ts'

interface Context {
  readonly db: Db
  readonly newId: () => string
  readonly timings: { readonly chainHoldMs: number }
}

interface Input {
  readonly userId: string
  readonly strategyId: string
  readonly body: string
  readonly page: number
  readonly limit: number
  readonly outcome: 'ORDERS' | 'SKIPPED' | 'BLOCKED' | undefined
}

/** As many as dispatch takes at a time, so that others are answered in between. */
const ROUTES_MAX = 250

/**
 * What the body would do for each follower if it came in now, all seen at one moment, with what of it is the leader's business. Holds nobody up and writes
 * nothing. Totals come with the first page, and wherever all have to be decided to find those that are asked for.
 * @throws AppError NOT_FOUND; CONFLICT while the strategy is not offered
 */
export async function previewCopies({ ctx, input }: { ctx: Context; input: Input }): Promise<{ preview: CopyPreview; total: number }> {
  const { userId, strategyId } = input
  const [own] = await ctx.db.query<{ source: StrategySource | null; sourceId: string | null }>(
    'SELECT source_kind AS source, source_id AS "sourceId" FROM strategy WHERE id = $1 AND user_id = $2',
    [strategyId, userId],
  )
  if (own === undefined) throw new AppError('NOT_FOUND', 'There is no such strategy')
  if (own.source === null || own.sourceId === null) throw new AppError('CONFLICT', 'The strategy is not offered for copying yet')
  const { source, sourceId } = own
  const parsed = parseAlert(Buffer.from(input.body))
  if (!parsed.ok) {
    const problem = { code: parsed.code, message: parsed.message }
    return { preview: { alert: null, problem, totals: totalsOf([]), rows: [] }, total: 0 }
  }
  const id = ctx.newId()
  const { alert, decided, ticks, paged } = await ctx.db.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY')
    const row = await asIfReceived(tx, { id, userId, source, sourceId, alert: parsed.alert })
    if (row === undefined) throw new AppError('CONFLICT', 'The webhook of this strategy is switched off')
    const { signals } = await followChains(tx, ctx, { rows: [row], locked: false })
    const onPage = input.page > 1 && input.outcome === undefined ? await findPage(tx, input) : null
    const everyone = await decideInSlices(tx, ctx, signals, onPage?.accountIds ?? null)
    // Turns are drawn anew for every signal, this one's too: pages keep an order of their own.
    const copies = everyone
      .filter(({ signal, route }) => signal.id === id && route.follow?.strategyId === strategyId)
      .toSorted((a, b) => (a.route.accountId < b.route.accountId ? -1 : 1))
    return {
      alert: row.alert,
      decided: copies,
      paged: onPage,
      ticks: await loadTicks(tx, [...new Set(copies.map(({ route }) => route.exchange))]),
    }
  })
  const wanted = decided.filter(({ decision }) => input.outcome === undefined || decision.outcome === input.outcome)
  const shown = paged === null ? wanted.slice((input.page - 1) * input.limit, input.page * input.limit) : wanted
  const rows = shown.map(({ route, decision }) => ({
    handle: followerHandle(route.follow?.id ?? ''),
    state: route.follow?.state ?? 'ACTIVE',
    plan: { ...planView(decision, ticks.get(`${route.exchange} ${decision.symbol}`)), ...shownToLeader(decision) },
  }))
  return {
    preview: { alert, problem: null, totals: paged === null ? totalsOf(decided) : null, rows },
    total: paged?.total ?? wanted.length,
  }
}

/** The accounts of one page of followers, in the order of all pages. */
async function findPage(tx: Transaction, { strategyId, page, limit }: Input): Promise<{ accountIds: string[]; total: number }> {
  const rows = await tx.query<{ accountId: string; total: number }>(
    `SELECT account_id AS "accountId", (count(*) OVER ())::int AS total FROM follow WHERE strategy_id = $1 AND stopped_at IS NULL ORDER BY account_id LIMIT $2 OFFSET $3`,
    [strategyId, limit, (page - 1) * limit],
  )
  return { accountIds: rows.map(({ accountId }) => accountId), total: rows[0]?.total ?? 0 }
}

async function decideInSlices(
  tx: Transaction,
  { newId }: Context,
  signals: readonly PlacedSignal[],
  accountIds: readonly string[] | null,
): Promise<Decided[]> {
  const decided: Decided[] = []
  let slice: Slice = { after: null, routesMax: ROUTES_MAX }
  for (;;) {
    const { routes, next } = await loadRoutes(tx, signals, slice, accountIds)
    decided.push(...(await decideAll(tx, { newId, exchanges: EXCHANGES }, signals, routes, { locked: false })))
    if (next === null) return decided
    slice = { after: next, routesMax: ROUTES_MAX }
  }
}

function totalsOf(decided: readonly Decided[]): PreviewTotals {
  const sum = (name: 'notionalQuote' | 'marginQuote') =>
    decided
      .filter(({ decision }) => decision.orders.some(({ leg }) => leg === 'open'))
      .reduce((total, { decision }) => total.add(String(decision.numbers[name] ?? 0)), new Decimal(0))
      .toDecimalPlaces(8)
      .toFixed()
  const reasons = decided.flatMap(({ decision }) => decision.reason ?? [])
  return {
    followers: decided.length,
    copied: decided.filter(({ decision }) => decision.outcome === 'ORDERS').length,
    orders: decided.reduce((count, { decision }) => count + decision.orders.length, 0),
    notionalQuote: sum('notionalQuote'),
    marginQuote: sum('marginQuote'),
    reasons: countReasons(reasons),
  }
}

function countReasons(reasons: readonly string[]): PreviewTotals['reasons'] {
  return [...Map.groupBy(reasons, (reason) => reason)]
    .map(([reason, own]) => ({ reason, count: own.length }))
    .toSorted((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))
}
