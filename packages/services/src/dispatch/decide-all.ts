import type { Transaction } from '@matic/db'
import { attachedBy, decide, decideFollow } from '@matic/domain'
import type { Decision, DecisionInput, Gathered, LeaderBook } from '@matic/domain'
import type { ExchangeCapabilities } from '@matic/exchange/port'
import { loadRanges, type RangeOf } from '../markets/ranges.ts'
import { basisKey, leaderBook, leaderSource, loadLeaders, type Basis, type Leaders } from './copy-basis.ts'
import type { PlacedSignal } from './follow-chains.ts'
import { EVERY_ROUTE, findOvertaken, loadBooks, loadMarkets, loadRoutes, noteClosed, readAlert } from './load-batch.ts'
import type { AccountBook, FollowRow, Markets, ReceivedSignal, RouteRow } from './load-batch.ts'
import { loadRemainders, noteGathered } from './remainders.ts'
import type { Decided } from './save-decisions.ts'

export interface DecideContext {
  readonly newId: () => string
  /** By exchange name; only what it is able to do is read here. */
  readonly exchanges: ReadonlyMap<string, { readonly capabilities: Pick<ExchangeCapabilities, 'certified' | 'trailing'> }>
}

export interface DecideOptions {
  /** False where nothing is going to be written: nobody is held up. */
  readonly locked?: boolean
  /** What leaders are taken to hold and do, by signal and strategy (`basisKey`), whatever their accounts say. */
  readonly bases?: ReadonlyMap<string, LeaderBook>
  /** Of all exchanges that are asked for, where somebody has read them already. */
  readonly markets?: ReadonlyMap<string, Markets>
}

/** Decides these signals on these routes, or on all of theirs, one after the other, each seeing what the ones before it come to. Writes nothing. */
export async function decideAll(
  tx: Transaction,
  ctx: DecideContext,
  rows: readonly PlacedSignal[],
  only?: readonly RouteRow[],
  { locked = true, bases: given, markets: read }: DecideOptions = {},
): Promise<Decided[]> {
  const found = only ?? (await loadRoutes(tx, rows, EVERY_ROUTE)).routes
  // What does not wait for each other shares a round trip. The accounts' locks come before whatever is read under them.
  const [overtaken, foundLeaders] = await Promise.all([findOvertaken(tx, rows), loadLeaders(tx, rows, found, given)])
  const everyone = [...found, ...foundLeaders.routes]
  const exchanges = [...new Set(everyone.map((route) => route.exchange))]
  const byRange = everyone.filter((route) => route.settings.stopMode === 'atr').map((route) => route.exchange)
  const [books, remainders, markets, ranges] = await Promise.all([
    loadBooks(tx, [...new Set(everyone.map((route) => route.accountId))], { locked }),
    loadRemainders(tx, found),
    read ?? loadMarkets(tx, exchanges),
    loadRanges(tx, [...new Set(byRange)]),
  ])
  const asOfBook = (route: RouteRow): RouteRow => ({
    ...route,
    sharedSymbols: books.get(route.accountId)?.sharedSymbols ?? route.sharedSymbols,
  })
  const routes = found.map(asOfBook)
  const leaders = { ...foundLeaders, routes: foundLeaders.routes.map(asOfBook) }
  const bySource = Map.groupBy(routes, (route) => `${route.listensTo} ${route.sourceId}`)
  const leaderBooks = new Map(leaders.routes.map(({ accountId }) => [accountId, copyOf(books.get(accountId))]))
  const decided: Decided[] = []
  const attached = new Set<string>()
  for (const { block, note, ...row } of rows) {
    const signal = readAlert(row)
    const isOvertaken = overtaken.has(signal.id) || decided.some((earlier) => overtakes(earlier, signal))
    const reached = routesOf(signal, routes, bySource)
    const one = (route: RouteRow, book: AccountBook, basis: Basis | undefined): Decision =>
      decideOne({
        ctx,
        signal,
        isOvertaken,
        block,
        route,
        book,
        basis,
        gathered: remainders.get(route.id) ?? [],
        markets: markets.get(route.exchange),
        rangeOf: ranges.get(route.exchange),
      })
    const bases = basesOf({ signal, reached, leaders, leaderBooks, decideOwn: (route, book) => one(route, book, undefined) })
    for (const route of reached) {
      if (!reaches(signal, route) || route.decidedIds.includes(signal.id)) continue
      const book = books.get(route.accountId) ?? { positions: [], pendingOpens: [] }
      const basis = route.follow === null || isEnd(signal) ? undefined : bases.get(route.follow.strategyId)
      const detached = route.follow?.detached?.filter(({ symbol }) => !attached.has(`${route.id} ${symbol}`)) ?? []
      const made = one(route.follow === null ? route : { ...route, follow: { ...route.follow, detached } }, book, basis)
      const decision = { ...made, numbers: { ...made.numbers, ...note } }
      const attaches = basis === undefined ? [] : attachedBy(decision, detached)
      for (const symbol of attaches) attached.add(`${route.id} ${symbol}`)
      noteEffect(book, route, decision)
      noteGathered(remainders, route.id, decision)
      decided.push({ id: ctx.newId(), signal, route, decision, basis: basis ?? null, attaches })
    }
  }
  return decided
}

/** A signal for one follow reaches that follow; every other one whoever listens to its source. */
function routesOf(
  signal: ReceivedSignal,
  routes: readonly RouteRow[],
  bySource: ReadonlyMap<string, readonly RouteRow[]>,
): readonly RouteRow[] {
  if (signal.source === 'FOLLOW') return routes.filter(({ follow }) => follow?.id === signal.sourceId)
  return bySource.get(`${kindOf(signal)} ${signal.sourceId}`) ?? []
}

/** What kind of source a signal comes from: an account is one by hand, and another where it is mirrored. */
function kindOf({ source }: ReceivedSignal): RouteRow['listensTo'] {
  return source === 'MANUAL' || source === 'ACCOUNT' ? source : 'WEBHOOK'
}

interface BasesOf {
  readonly signal: ReceivedSignal
  readonly reached: readonly RouteRow[]
  readonly leaders: Leaders
  /** Change with each signal as the leaders' own decisions do. */
  readonly leaderBooks: ReadonlyMap<string, AccountBook>
  readonly decideOwn: (route: RouteRow, book: AccountBook) => Decision
}

/** By strategy. */
function basesOf({ signal, reached, leaders, leaderBooks, decideOwn }: BasesOf): ReadonlyMap<string, Basis> {
  const bases = new Map<string, Basis>()
  // A leader may offer one source more than once: what they held before it is the same for all of them.
  const seenBy = new Map<string, LeaderBook>()
  for (const { follow, listensTo } of reached) {
    if (follow === null || bases.has(follow.strategyId)) continue
    const { strategyId, leaderId, leaderAccountId } = follow
    const stored = leaders.stored.get(basisKey(signal.id, strategyId))
    if (stored !== undefined) {
      bases.set(strategyId, { strategyId, leaderId, book: stored })
      continue
    }
    const seenBefore = seenBy.get(`${leaderAccountId} ${listensTo}`)
    if (seenBefore !== undefined) {
      bases.set(strategyId, { strategyId, leaderId, book: seenBefore })
      continue
    }
    const source = leaderSource(signal, reached)
    const route = leaders.routes.find((own) => own.accountId === leaderAccountId && own.listensTo === listensTo && own.sourceId === source)
    const book = leaderBooks.get(leaderAccountId) ?? copyOf(undefined)
    const decision = route !== undefined && reaches(signal, route) ? decideOwn(route, book) : null
    const seen: LeaderBook = leaderBook({ route, book, decision, equity: follow.leaderEquity })
    seenBy.set(`${leaderAccountId} ${listensTo}`, seen)
    bases.set(strategyId, { strategyId, leaderId, book: seen })
    if (route !== undefined && decision !== null) noteEffect(book, route, decision)
  }
  return bases
}

function copyOf(book: AccountBook | undefined): AccountBook {
  return { positions: [...(book?.positions ?? [])], pendingOpens: [...(book?.pendingOpens ?? [])] }
}

/** What ends a follow closes what it holds, whatever state it is in. */
function isEnd({ source, alert }: ReceivedSignal): boolean {
  return source === 'FOLLOW' && alert.action === 'close-all'
}

/** A follow copies what is meant to be traded, while it lasts. */
function reachesFollow({ source, committedAt }: ReceivedSignal, { joinedAtMs, stoppedAtMs }: FollowRow): boolean {
  if (source === 'FOLLOW') return true
  const atMs = committedAt.getTime()
  return source !== 'TEST' && source !== 'REPLAY' && joinedAtMs < atMs && (stoppedAtMs === null || stoppedAtMs >= atMs)
}

/** An alert may name one account; a replay trades nothing but paper. */
function reaches(signal: ReceivedSignal, route: RouteRow): boolean {
  if (route.follow !== null) return reachesFollow(signal, route.follow)
  const { alert, source } = signal
  // Whoever moved it has it already.
  if (alert.action === 'protect' || alert.topUp) return false
  if (source === 'REPLAY' && route.environment !== 'PAPER') return false
  return alert.accountId === null || alert.accountId === route.accountId
}

/** It came in earlier and was sent later: the signal in hand is a delivery that got lost and was sent again. */
function overtakes({ signal: earlier, decision }: Decided, signal: ReceivedSignal): boolean {
  if (earlier.sourceId !== signal.sourceId || kindOf(earlier) !== kindOf(signal)) return false
  // What another source held says nothing of one's own.
  if (earlier.alert.shareRouteId !== null) return false
  if (earlier.alertAt === null || signal.alertAt === null || earlier.alertAt <= signal.alertAt) return false
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
  /** Of the strategy that the route copies. */
  readonly basis: Basis | undefined
  readonly gathered: readonly Gathered[]
  readonly markets: Markets | undefined
  readonly rangeOf: RangeOf | undefined
}

function decideOne({ ctx, signal, isOvertaken, block, route, book, basis, gathered, markets, rangeOf }: OneDecision): Decision {
  const able = ctx.exchanges.get(route.exchange)?.capabilities
  const input: DecisionInput = {
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
  }
  if (route.follow === null || basis === undefined) return decide(input)
  const { accountId } = signal.alert
  if (accountId !== null && accountId !== route.follow.leaderAccountId) return otherAccount()
  return decideFollow(input, { ...route.follow, gathered }, basis.book)
}

function otherAccount(): Decision {
  return { outcome: 'SKIPPED', intent: 'none', reason: 'FOLLOW_OTHER_ACCOUNT', numbers: {}, symbol: null, orders: [], cancelSymbols: [] }
}

/** What the next signal of the same account has to reckon with. */
function noteEffect(book: AccountBook, route: RouteRow, decision: Decision): void {
  if (decision.intent === 'cancel') {
    const gone = new Set(decision.cancelSymbols)
    book.pendingOpens = book.pendingOpens.filter(
      (open) => !gone.has(open.symbol) || (route.sourceKind !== 'MANUAL' && open.routeId !== route.id),
    )
  }
  for (const { leg, symbol, side, positionSide, quantityBase, plan, routeId = route.id } of decision.orders) {
    if (leg === 'close') noteClosed(book, { symbol, positionSide, ...(route.sharedSymbols === 'net' && { routeId }) })
    if (leg !== 'open') continue
    const reservedQuote = String(decision.numbers['marginQuote'] ?? 0)
    book.pendingOpens.push({ symbol, side, openBase: quantityBase ?? '0', reservedQuote, routeId: route.id, hasPlan: plan !== null })
  }
}
