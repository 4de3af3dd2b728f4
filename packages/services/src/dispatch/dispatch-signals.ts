import { recordFacts } from '@matic/db'
import type { Transaction } from '@matic/db'
import { decide } from '@matic/domain'
import type { Decision } from '@matic/domain'
import type { ServiceContext } from '../context.ts'
import { claimSignals, loadBooks, loadMarkets, loadRoutes, noteClosed, readAlert } from './load-batch.ts'
import type { AccountBook, Markets, ReceivedSignal, RouteRow, SignalRow } from './load-batch.ts'
import { saveDecisions } from './save-decisions.ts'
import type { Decided } from './save-decisions.ts'

export interface DispatchContext extends ServiceContext {
  readonly clientOrderId: (orderId: string) => string
  /** By exchange name; only what certifies it is read here. */
  readonly exchanges: ReadonlyMap<string, { readonly capabilities: { readonly certified: boolean } }>
}

const BATCH = 200
const TRIES_MAX = 5

/**
 * Turns received signals into decisions and orders, one decision for each (signal, route), a batch a transaction. A signal that cannot be
 * decided is set aside after some tries and never holds up the others.
 * @returns how many signals were dealt with
 */
export async function dispatchSignals({ ctx, input = {} }: { ctx: DispatchContext; input?: { limit?: number } }): Promise<number> {
  try {
    return await dispatchBatch(ctx, { limit: input.limit ?? BATCH })
  } catch (err) {
    ctx.log.warn({ err }, 'a batch of signals failed; taking them one by one')
    return dispatchOneByOne(ctx, input.limit ?? BATCH)
  }
}

async function dispatchBatch(ctx: DispatchContext, claim: { limit: number; only?: string }): Promise<number> {
  const { count, factIds } = await ctx.db.transaction(async (tx) => {
    const rows = await claimSignals(tx, claim)
    if (rows.length === 0) return { count: 0, factIds: [] }
    const decided = await decideAll(tx, ctx, rows)
    const facts = await saveDecisions(tx, ctx, decided)
    await tx.query(`UPDATE signal SET state = 'DISPATCHED', dispatched_at = clock_timestamp() WHERE id = ANY($1::uuid[])`, [
      rows.map((row) => row.id),
    ])
    return { count: rows.length, factIds: await recordFacts(tx, facts) }
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
  return count
}

async function decideAll(tx: Transaction, ctx: DispatchContext, rows: readonly SignalRow[]): Promise<Decided[]> {
  const routes = await loadRoutes(tx, rows)
  const books = await loadBooks(tx, [...new Set(routes.map((route) => route.accountId))])
  const markets = await loadMarkets(tx, [...new Set(routes.map((route) => route.exchange))])

  return rows.map(readAlert).flatMap((signal) => {
    const kind = signal.source === 'MANUAL' ? 'MANUAL' : 'WEBHOOK'
    return routes
      .filter((route) => route.sourceId === signal.sourceId && route.sourceKind === kind)
      .map((route): Decided => {
        const book = books.get(route.accountId) ?? { positions: [], pendingOpens: [] }
        const decision = decideOne(ctx, signal, route, book, markets.get(route.exchange))
        noteEffect(book, route, decision)
        return { id: ctx.newId(), signal, route, decision }
      })
  })
}

function decideOne(
  ctx: DispatchContext,
  signal: ReceivedSignal,
  route: RouteRow,
  book: AccountBook,
  markets: Markets | undefined,
): Decision {
  return decide({
    signal: { id: signal.id, source: signal.source, receivedAtMs: signal.receivedAt.getTime() },
    alert: signal.alert,
    route,
    account: { ...route, certified: ctx.exchanges.get(route.exchange)?.capabilities.certified ?? false },
    settings: route.settings,
    funds: route.equity === null || route.available === null ? null : { equity: route.equity, available: route.available },
    positions: book.positions,
    pendingOpens: book.pendingOpens,
    markets: markets?.index ?? new Map(),
    markOf: markets?.markOf ?? (() => null),
    killSwitch: route.killSwitch,
    entitled: route.entitled,
    nowMs: signal.nowMs,
  })
}

/** What the next signal of the same account has to reckon with. */
function noteEffect(book: AccountBook, route: RouteRow, decision: Decision): void {
  for (const order of decision.orders) {
    if (order.leg === 'close') noteClosed(book, order.symbol)
    if (order.leg === 'open')
      book.pendingOpens.push({ symbol: order.symbol, side: order.side, openBase: order.quantityBase ?? '0', routeId: route.id })
  }
}

async function dispatchOneByOne(ctx: DispatchContext, limit: number): Promise<number> {
  const waiting = await ctx.db.query<{ id: string }>(`SELECT id FROM signal WHERE state = 'RECEIVED' ORDER BY received_at, id LIMIT $1`, [
    limit,
  ])
  let count = 0
  for (const { id } of waiting) {
    try {
      count += await dispatchBatch(ctx, { limit: 1, only: id })
    } catch (err) {
      ctx.log.error({ err, signalId: id }, 'a signal could not be decided')
      await ctx.db.query(
        `UPDATE signal SET tries = tries + 1, state = CASE WHEN tries + 1 >= $2 THEN 'DEAD' ELSE state END WHERE id = $1 AND state = 'RECEIVED'`,
        [id, TRIES_MAX],
      )
    }
  }
  return count
}
