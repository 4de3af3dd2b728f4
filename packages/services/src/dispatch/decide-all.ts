import type { Transaction } from '@matic/db'
import { decide } from '@matic/domain'
import type { Decision } from '@matic/domain'
import type { ExchangeCapabilities } from '@matic/exchange/port'
import { loadRanges, type RangeOf } from '../markets/ranges.ts'
import type { PlacedSignal } from './follow-chains.ts'
import { EVERY_ROUTE, findOvertaken, loadBooks, loadMarkets, loadRoutes, noteClosed, readAlert } from './load-batch.ts'
import type { AccountBook, Markets, ReceivedSignal, RouteRow } from './load-batch.ts'
import type { Decided } from './save-decisions.ts'

export interface DecideContext {
  readonly newId: () => string
  /** By exchange name; only what it is able to do is read here. */
  readonly exchanges: ReadonlyMap<string, { readonly capabilities: Pick<ExchangeCapabilities, 'certified' | 'trailing'> }>
}

/** Decides these signals on these routes, or on all of theirs, one after the other, each seeing what the ones before it come to. Writes nothing. */
export async function decideAll(
  tx: Transaction,
  ctx: DecideContext,
  rows: readonly PlacedSignal[],
  only?: readonly RouteRow[],
): Promise<Decided[]> {
  const routes = only ?? (await loadRoutes(tx, rows, EVERY_ROUTE)).routes
  const overtaken = await findOvertaken(tx, rows)
  const bySource = Map.groupBy(routes, (route) => `${route.sourceKind} ${route.sourceId}`)
  const books = await loadBooks(tx, [...new Set(routes.map((route) => route.accountId))])
  const markets = await loadMarkets(tx, [...new Set(routes.map((route) => route.exchange))])

  const ranges = await loadRanges(tx, [
    ...new Set(routes.filter((route) => route.settings.stopMode === 'atr').map((route) => route.exchange)),
  ])

  const decided: Decided[] = []
  for (const { block, note, ...row } of rows) {
    const signal = readAlert(row)
    const isOvertaken = overtaken.has(signal.id) || decided.some((earlier) => overtakes(earlier, signal))
    for (const route of bySource.get(`${signal.source === 'MANUAL' ? 'MANUAL' : 'WEBHOOK'} ${signal.sourceId}`) ?? []) {
      if (!reaches(signal, route) || route.decidedIds.includes(signal.id)) continue
      const book = books.get(route.accountId) ?? { positions: [], pendingOpens: [] }
      const made = decideOne({
        ctx,
        signal,
        isOvertaken,
        block,
        route,
        book,
        markets: markets.get(route.exchange),
        rangeOf: ranges.get(route.exchange),
      })
      const decision = { ...made, numbers: { ...made.numbers, ...note } }
      noteEffect(book, route, decision)
      decided.push({ id: ctx.newId(), signal, route, decision })
    }
  }
  return decided
}

/** An alert may name one account; a replay trades nothing but paper. */
function reaches({ alert, source }: ReceivedSignal, route: RouteRow): boolean {
  if (source === 'REPLAY' && route.environment !== 'PAPER') return false
  return alert.accountId === null || alert.accountId === route.accountId
}

/** It came in earlier and was sent later: the signal in hand is a delivery that got lost and was sent again. */
function overtakes({ signal: earlier, decision }: Decided, signal: ReceivedSignal): boolean {
  if (earlier.sourceId !== signal.sourceId || earlier.alertAt === null || signal.alertAt === null || earlier.alertAt <= signal.alertAt)
    return false
  if (decision.intent === 'close-all') return true
  return (decision.intent === 'close' || decision.intent === 'reverse') && earlier.alert.ticker === signal.alert.ticker
}

interface OneDecision {
  readonly ctx: DecideContext
  readonly signal: ReceivedSignal
  readonly isOvertaken: boolean
  readonly block: PlacedSignal['block']
  readonly route: RouteRow
  readonly book: AccountBook
  readonly markets: Markets | undefined
  readonly rangeOf: RangeOf | undefined
}

function decideOne({ ctx, signal, isOvertaken, block, route, book, markets, rangeOf }: OneDecision): Decision {
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
    chain: block,
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
