import type { Transaction } from '@matic/db'
import type { Decision, LeaderBook } from '@matic/domain'
import { EVERY_ROUTE, loadRoutes, readAlert, type AccountBook, type ReceivedSignal, type RouteRow, type SignalRow } from './load-batch.ts'

/** What the leader's account held and made of a signal: every follow of it is decided by the same, in whichever slice it comes. */
export interface Basis {
  readonly strategyId: string
  readonly leaderId: string
  readonly book: LeaderBook
}

/** Bases that stand already, and what the missing ones are made of. */
export interface Leaders {
  readonly routes: readonly RouteRow[]
  readonly stored: ReadonlyMap<string, LeaderBook>
}

const NOBODY: Leaders = { routes: [], stored: new Map() }

/** The leaders' own routes of these signals, where somebody follows. */
export async function loadLeaders(
  tx: Transaction,
  signals: readonly SignalRow[],
  routes: readonly RouteRow[],
  given: ReadonlyMap<string, LeaderBook> = new Map(),
): Promise<Leaders> {
  const accounts = new Set(routes.flatMap(({ follow }) => (follow === null ? [] : [follow.leaderAccountId])))
  if (accounts.size === 0) return NOBODY
  const rows = await tx.query<{ signalId: string; strategyId: string; basis: LeaderBook }>(
    `SELECT signal_id AS "signalId", strategy_id AS "strategyId", basis FROM copy_basis WHERE signal_id = ANY($1::uuid[])`,
    [signals.map((signal) => signal.id)],
  )
  const stored = new Map([...rows.map(({ signalId, strategyId, basis }) => [basisKey(signalId, strategyId), basis] as const), ...given])
  const strategies = [...new Set(routes.flatMap(({ follow }) => follow?.strategyId ?? []))]
  // Every slice but the first finds them all.
  if (strategies.every((id) => signals.every((signal) => stored.has(basisKey(signal.id, id))))) return { routes: [], stored }
  const own = await loadRoutes(
    tx,
    signals.map((signal) => ({ ...signal, sourceId: leaderSource(readAlert(signal), routes) })),
    EVERY_ROUTE,
    [...accounts],
  )
  return { routes: own.routes.filter(({ follow }) => follow === null), stored }
}

/** A signal for one follow comes from no leader; what makes up for a missed opening asks what theirs holds all the same. */
export function leaderSource({ alert, sourceId }: ReceivedSignal, routes: readonly RouteRow[]): string {
  return (alert.topUp ? routes.find(({ follow }) => follow?.id === sourceId)?.sourceId : undefined) ?? sourceId
}

export function basisKey(signalId: string, strategyId: string): string {
  return `${signalId} ${strategyId}`
}

interface Seen {
  readonly route: RouteRow | undefined
  readonly book: AccountBook
  readonly equity: string | null
  readonly decision: Decision | null
}

/** Of the leader's account before its own decision, and of that what sizes go by. */
export function leaderBook({ route, book, decision, equity }: Seen): LeaderBook {
  return {
    routeId: route?.id ?? null,
    equity,
    positions: book.positions.map(withoutOwner),
    pendingOpens: book.pendingOpens.map(withoutOwner),
    decision: decision && {
      outcome: decision.outcome,
      reason: decision.reason,
      orders: decision.orders.map(({ leg, symbol, quantityBase, leverage }) => ({ leg, symbol, quantityBase, leverage })),
    },
  }
}

/** The leader's words for what is theirs are nobody else's. */
function withoutOwner<T extends { readonly owner?: string | null }>(holder: T): Omit<T, 'owner'> {
  const { owner: _owner, ...rest } = holder
  return rest
}

/** Bases stay as they were first: a slice that comes later reads them. */
export async function saveBases(tx: Transaction, bases: readonly (Basis & { readonly signalId: string })[]): Promise<void> {
  const once = [...new Map(bases.map((basis) => [`${basis.signalId} ${basis.strategyId}`, basis])).values()]
  if (once.length === 0) return
  await tx.query(
    `INSERT INTO copy_basis (signal_id, strategy_id, user_id, basis)
     SELECT i, s, u, b::jsonb FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS x(i, s, u, b) ON CONFLICT DO NOTHING`,
    [
      once.map(({ signalId }) => signalId),
      once.map(({ strategyId }) => strategyId),
      once.map(({ leaderId }) => leaderId),
      once.map(({ book }) => JSON.stringify(book)),
    ],
  )
}
