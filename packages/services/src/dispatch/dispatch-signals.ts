import { recordFacts } from '@matic/db'
import type { Transaction } from '@matic/db'
import { decide } from '@matic/domain'
import type { Decision } from '@matic/domain'
import type { ExchangeCapabilities } from '@matic/exchange/port'
import type { ServiceContext } from '../context.ts'
import { claimSignals, findOvertaken, loadBooks, loadMarkets, loadRoutes, noteClosed, readAlert } from './load-batch.ts'
import type { AccountBook, Markets, ReceivedSignal, RouteRow, SignalRow } from './load-batch.ts'
import { loadRanges, type RangeOf } from '../markets/ranges.ts'
import { countTry, faultOf } from './set-aside.ts'
import { saveDecisions } from './save-decisions.ts'
import type { Decided } from './save-decisions.ts'

export interface DispatchContext extends ServiceContext {
  readonly clientOrderId: (orderId: string) => string
  /** By exchange name; only what it is able to do is read here. */
  readonly exchanges: ReadonlyMap<string, { readonly capabilities: Pick<ExchangeCapabilities, 'certified' | 'trailing'> }>
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
  const overtaken = await findOvertaken(tx, rows)
  const routes = await loadRoutes(tx, rows)
  const bySource = Map.groupBy(routes, (route) => `${route.sourceKind} ${route.sourceId}`)
  const books = await loadBooks(tx, [...new Set(routes.map((route) => route.accountId))])
  const markets = await loadMarkets(tx, [...new Set(routes.map((route) => route.exchange))])

  const ranges = await loadRanges(tx, [
    ...new Set(routes.filter((route) => route.settings.stopMode === 'atr').map((route) => route.exchange)),
  ])

  const decided: Decided[] = []
  for (const signal of rows.map(readAlert)) {
    const isOvertaken = overtaken.has(signal.id) || decided.some((earlier) => overtakes(earlier, signal))
    for (const route of bySource.get(`${signal.source === 'MANUAL' ? 'MANUAL' : 'WEBHOOK'} ${signal.sourceId}`) ?? []) {
      const book = books.get(route.accountId) ?? { positions: [], pendingOpens: [] }
      const decision = decideOne({
        ctx,
        signal,
        isOvertaken,
        route,
        book,
        markets: markets.get(route.exchange),
        rangeOf: ranges.get(route.exchange),
      })
      noteEffect(book, route, decision)
      decided.push({ id: ctx.newId(), signal, route, decision })
    }
  }
  return decided
}

/** It came in earlier and was sent later: the signal in hand is a delivery that got lost and was sent again. */
function overtakes({ signal: earlier, decision }: Decided, signal: ReceivedSignal): boolean {
  if (earlier.sourceId !== signal.sourceId || earlier.alertAt === null || signal.alertAt === null || earlier.alertAt <= signal.alertAt)
    return false
  if (decision.intent === 'close-all') return true
  return (decision.intent === 'close' || decision.intent === 'reverse') && earlier.alert.ticker === signal.alert.ticker
}

interface OneDecision {
  readonly ctx: DispatchContext
  readonly signal: ReceivedSignal
  readonly isOvertaken: boolean
  readonly route: RouteRow
  readonly book: AccountBook
  readonly markets: Markets | undefined
  readonly rangeOf: RangeOf | undefined
}

function decideOne({ ctx, signal, isOvertaken, route, book, markets, rangeOf }: OneDecision): Decision {
  const able = ctx.exchanges.get(route.exchange)?.capabilities
  return decide({
    signal: { id: signal.id, source: signal.source, receivedAtMs: signal.receivedAt.getTime() },
    alert: signal.alert,
    route,
    account: { ...route, certified: able?.certified ?? false, trailing: able?.trailing ?? 'none' },
    settings: route.settings,
    funds: route.equity === null || route.available === null ? null : { equity: route.equity, available: route.available },
    result: route.result,
    lastLoss: route.lastLoss,
    positions: book.positions,
    pendingOpens: book.pendingOpens,
    markets: markets?.index ?? new Map(),
    markOf: markets?.markOf ?? (() => null),
    rangeOf: rangeOf ?? (() => null),
    killSwitch: route.killSwitch,
    entitled: route.entitled,
    overtaken: isOvertaken,
    nowMs: signal.nowMs,
  })
}

/** What the next signal of the same account has to reckon with. */
function noteEffect(book: AccountBook, route: RouteRow, decision: Decision): void {
  if (decision.intent === 'cancel') {
    const gone = new Set(decision.cancelSymbols)
    book.pendingOpens = book.pendingOpens.filter(
      (open) => !gone.has(open.symbol) || (route.sourceKind !== 'MANUAL' && open.routeId !== route.id),
    )
  }
  for (const { leg, symbol, side, positionSide, quantityBase } of decision.orders) {
    if (leg === 'close') noteClosed(book, symbol, positionSide)
    if (leg !== 'open') continue
    const reservedQuote = String(decision.numbers['marginQuote'] ?? 0)
    book.pendingOpens.push({ symbol, side, openBase: quantityBase ?? '0', reservedQuote, routeId: route.id })
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
      const fault = faultOf(err)
      if (fault === 'connection') throw err
      ctx.log.error({ err, signalId: id }, 'a signal could not be decided')
      if (fault === 'signal')
        await countTry({ ctx, input: { signalId: id, triesMax: TRIES_MAX, text: err instanceof Error ? err.message : 'unknown' } })
    }
  }
  return count
}
