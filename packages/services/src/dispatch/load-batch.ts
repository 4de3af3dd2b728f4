import { Alert, FollowSettings, ForcedSettings } from '@matic/contracts'
import type { PositionDirection, SignalSource } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import {
  indexMarkets,
  type AccountResult,
  type DecisionMarket,
  type DecisionPosition,
  type DecisionSettings,
  type FollowTerms,
  type LastLoss,
  type MarketIndex,
  type PendingOpen,
} from '@matic/domain'
import { lastLossColumn, lastLossOf, resultColumns, resultOf, type ResultRow } from '../rules/result-columns.ts'
import { ruleColumns, rulesOf, type RulesRow } from '../rules/rule-columns.ts'
import { ACCOUNT_LOCK } from './account-lock.ts'
import { turnOf } from './turn.ts'

export interface SignalRow {
  readonly id: string
  readonly userId: string
  readonly source: SignalSource
  readonly sourceId: string
  readonly receivedAt: Date
  /** By the database's clock: what a follow begins and ends by. */
  readonly committedAt: Date
  readonly alertAt: Date | null
  readonly alert: unknown
  readonly nowMs: number
}

export interface ReceivedSignal extends Omit<SignalRow, 'alert'> {
  readonly alert: Alert
}

export interface RouteRow {
  readonly id: string
  readonly userId: string
  readonly sourceKind: 'WEBHOOK' | 'MANUAL' | 'FOLLOW'
  readonly listensTo: 'WEBHOOK' | 'MANUAL' | 'ACCOUNT'
  readonly follow: FollowRow | null
  readonly sourceId: string
  readonly accountId: string
  readonly exchange: string
  readonly environment: 'PAPER' | 'DEMO' | 'LIVE'
  readonly isActive: boolean
  readonly keyStatus: string
  readonly positionMode: 'ONE_WAY' | 'HEDGE'
  readonly sharedSymbols: 'refuse' | 'net'
  readonly equity: string | null
  readonly available: string | null
  readonly entitled: boolean
  readonly killSwitch: boolean
  readonly settings: DecisionSettings
  readonly result: AccountResult | null
  readonly lastLoss: LastLoss | null
  /** Of the signals in hand, those that this route has a decision on already. */
  readonly decidedIds: readonly string[]
}

/** Part of the routes that signals reach, account by account. */
export interface Slice {
  /** Accounts whose turn comes after this one; from the first when null. */
  readonly after: Turn | null
  readonly routesMax: number
}

/** An account's place among those that a signal reaches. */
export interface Turn {
  /** The signal that turns were drawn for: slices that follow keep to it, whichever of the others are left by then. */
  readonly drawnFor: string
  /** 0 for the sender's own accounts, 1 for those that follow. */
  readonly rank: number
  readonly turn: string
  readonly accountId: string
}

export const EVERY_ROUTE: Slice = { after: null, routesMax: 1_000_000 }

export interface SliceOfRoutes {
  readonly routes: RouteRow[]
  /** The last of these, where more accounts come after it. */
  readonly next: Turn | null
}

/** What an account holds or is about to: changes as the batch is decided, so that each signal sees what came before it. */
export interface AccountBook {
  positions: DecisionPosition[]
  pendingOpens: PendingOpen[]
  /** As of the same moment: it may have changed since the routes were read. */
  readonly sharedSymbols?: RouteRow['sharedSymbols']
}

export interface SignalsWanted {
  readonly limit: number
  /** These and no others. */
  readonly only?: readonly string[]
}

/** Advisory lock, by source: held while its signals are decided. */
export const DISPATCH_LOCK = 7_301

/**
 * Takes undecided signals, oldest first. A source is decided by one process at a time, so that its signals keep their order.
 */
export async function claimSignals(tx: Transaction, input: SignalsWanted): Promise<SignalRow[]> {
  // The inner order comes before the locks, and the limit ends them: sources that this batch does not reach stay free for others.
  const rows = await tx.query<SignalRow>(
    `WITH picked AS MATERIALIZED (
       SELECT o.id FROM (SELECT id, source_id FROM signal WHERE state = 'RECEIVED' AND ($3::uuid[] IS NULL OR id = ANY($3)) ORDER BY received_at, id OFFSET 0) o
        WHERE pg_try_advisory_xact_lock($2, hashtext(o.source_id::text)) LIMIT $1)
     SELECT s.id, s.user_id AS "userId", s.source, s.source_id AS "sourceId", s.received_at AS "receivedAt", s.committed_at AS "committedAt", s.alert_at AS "alertAt", s.alert,
            (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs"
       FROM signal s JOIN picked p ON p.id = s.id
      WHERE s.state = 'RECEIVED' FOR UPDATE OF s SKIP LOCKED`,
    [input.limit, DISPATCH_LOCK, input.only ?? null],
  )
  return rows.toSorted((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime() || (a.id < b.id ? -1 : 1))
}

/**
 * Those of these signals whose close was decided in an earlier batch: a delivery that was lost and sent again comes in after what followed
 * it, and a signal that failed comes round again. One that is decided for some accounts so far counts for those that came in after it. Read only
 * once the sources are held.
 */
export async function findOvertaken(tx: Transaction, signals: readonly SignalRow[]): Promise<Set<string>> {
  // Releases that are being made are not stored yet: what makes them is looked at instead.
  const rows = await tx.query<{ id: string }>(
    `SELECT s.id FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::boolean[], $7::text[])
                        AS s(id, source_id, ticker, received_at, alert_at, is_release, source)
      WHERE NOT (s.is_release AND NOT EXISTS (SELECT 1 FROM signal stored WHERE stored.id = s.id))
        AND EXISTS (SELECT 1 FROM signal later JOIN decision d ON d.signal_id = later.id
                     WHERE later.source_id = s.source_id AND (later.source = 'ACCOUNT') = (s.source = 'ACCOUNT') AND later.ticker IN (s.ticker, '') AND later.alert->>'shareRouteId' IS NULL
                       AND (later.state = 'DISPATCHED' OR later.received_at < s.received_at)
                       AND later.received_at > s.received_at - interval '10 minutes'
                       AND (later.received_at > s.received_at OR later.alert_at > s.alert_at)
                       AND d.intent IN ('close', 'close-all', 'reverse'))`,
    [
      signals.map(({ id }) => id),
      signals.map(({ sourceId }) => sourceId),
      signals.map((signal) => readAlert(signal).alert.ticker),
      signals.map(({ receivedAt }) => receivedAt),
      signals.map(({ alertAt }) => alertAt),
      signals.map(({ source }) => source === 'RELEASE'),
      signals.map(({ source }) => source),
    ],
  )
  return new Set(rows.map((row) => row.id))
}

export function readAlert(row: SignalRow): ReceivedSignal {
  return { ...row, alert: Alert.parse(row.alert) }
}

/** The follow that a route serves, as it is now, and the strategy it copies. */
export interface FollowRow extends FollowTerms {
  readonly id: string
  readonly joinedAtMs: number
  readonly stoppedAtMs: number | null
  /** The leader's account that sizes go by. */
  readonly leaderAccountId: string
  readonly leaderId: string
  /** Quote; null while it has not been read. */
  readonly leaderEquity: string | null
  readonly strategyId: string
}

type StoredRules = RulesRow & ResultRow & { readonly isEnabled: boolean; readonly lastLossMs: number | null }

type StoredFollow = Omit<FollowRow, 'settings' | 'forced'> & { readonly settings: unknown; readonly forced: unknown }

/** The follow `f` of strategy `sy` that route `r` serves; its last loss only where it cools down after one. */
const FOLLOW_COLUMN = `CASE WHEN f.id IS NOT NULL THEN json_build_object('id', f.id, 'strategyId', sy.id, 'leaderId', sy.user_id, 'leaderAccountId', sy.account_id,
  'leaderEquity', (SELECT ls.equity::text FROM account_state ls WHERE ls.account_id = sy.account_id),
  'state', f.state, 'strategyState', CASE WHEN sy.closed_at IS NULL THEN sy.state ELSE 'CLOSED' END, 'settings', f.settings, 'forced', sy.forced,
  'joinedAtMs', (extract(epoch FROM f.joined_at) * 1000)::bigint, 'stoppedAtMs', (extract(epoch FROM f.stopped_at) * 1000)::bigint,
  'detached', (SELECT coalesce(json_agg(json_build_object('symbol', d.symbol, 'side', d.side, 'cause', d.cause)), '[]') FROM follow_detachment d
               WHERE d.follow_id = f.id AND d.ended_at IS NULL),
  'lastLossMs', CASE WHEN (f.settings->>'coolDownMinutes')::int > 0 THEN
    (SELECT (extract(epoch FROM max(t.closed_at)) * 1000)::bigint FROM trade t WHERE t.route_id = r.id AND t.gross_pnl - t.fees + t.funding < 0) END) END AS follow`

/** Active routes of the signals' sources, with everything about their owner that a decision asks for. */
export async function loadRoutes(
  tx: Transaction,
  signals: readonly SignalRow[],
  slice: Slice,
  accountIds: readonly string[] | null = null,
): Promise<SliceOfRoutes> {
  const drawnFor = slice.after?.drawnFor ?? signals[0]?.id ?? ''
  const rows = await tx.query<
    Omit<RouteRow, 'settings' | 'result' | 'lastLoss' | 'follow'> & Omit<Turn, 'drawnFor'> & StoredRules & { follow: StoredFollow | null }
  >(
    `WITH reached AS MATERIALIZED (
       SELECT r.id, CASE WHEN r.user_id = ANY($9::uuid[]) THEN 0 ELSE 1 END AS rank, ${turnOf('$10', 'r.account_id')} AS turn, r.account_id
         FROM route r LEFT JOIN follow f ON f.id = r.follow_id
        WHERE (r.source_id = ANY($1::uuid[]) OR r.follow_id = ANY($1::uuid[]))
          AND CASE WHEN r.follow_id IS NULL THEN r.is_active ELSE f.stopped_at IS NULL OR f.stopped_at >= $5 OR f.id = ANY($1::uuid[]) END
          AND ($6::uuid[] IS NULL OR r.account_id = ANY($6::uuid[]))),
     slice AS MATERIALIZED (
       SELECT * FROM reached WHERE $3::uuid IS NULL OR (rank, turn, account_id) > ($7::int, $8::bigint, $3::uuid) ORDER BY rank, turn, account_id LIMIT $4)
     SELECT r.id, slice.rank, slice.turn, r.user_id AS "userId", CASE WHEN r.follow_id IS NULL THEN r.source_kind ELSE 'FOLLOW' END AS "sourceKind",
            r.source_kind AS "listensTo", ${FOLLOW_COLUMN}, r.source_id AS "sourceId", r.account_id AS "accountId",
            a.exchange, a.environment, a.is_active AS "isActive", a.key_status AS "keyStatus", a.position_mode AS "positionMode", a.shared_symbols AS "sharedSymbols", st.equity, st.available,
            coalesce(sub.status IN ('ACTIVE', 'TRIAL') AND sub.end_date > clock_timestamp() AND u.is_active AND u.is_email_verified, false) AS entitled,
            EXISTS (SELECT 1 FROM kill_switch k WHERE k.engaged AND k.scope IN ('GLOBAL', r.user_id::text)) AS "killSwitch",
            b.is_enabled AS "isEnabled", ${ruleColumns('b')}, ar.overrides, ${resultColumns('st')},
            ${lastLossColumn({ account: 'a', settings: 'b', own: 'ar' })},
            ARRAY(SELECT d.signal_id FROM decision d WHERE d.signal_id = ANY($2::uuid[]) AND d.route_id = r.id) AS "decidedIds"
       FROM slice JOIN route r ON r.id = slice.id
       JOIN account a ON a.id = r.account_id
       JOIN app_user u ON u.id = r.user_id
       JOIN bot_settings b ON b.user_id = r.user_id
       LEFT JOIN follow f ON f.id = r.follow_id
       LEFT JOIN strategy sy ON sy.id = f.strategy_id
       LEFT JOIN account_rules ar ON ar.account_id = a.id
       LEFT JOIN account_state st ON st.account_id = a.id
       LEFT JOIN subscription sub ON sub.user_id = r.user_id
      ORDER BY slice.rank, slice.turn, slice.account_id`,
    [
      [...new Set(signals.map((signal) => signal.sourceId))],
      signals.map((signal) => signal.id),
      slice.after?.accountId ?? null,
      slice.routesMax + 1,
      signals.map((signal) => signal.committedAt).reduce((first, at) => (at < first ? at : first), new Date()),
      accountIds,
      slice.after?.rank ?? null,
      slice.after?.turn ?? null,
      [...new Set(signals.map((signal) => signal.userId))],
      drawnFor,
    ],
  )
  // An account's routes are decided together. The one that was cut off comes with the next slice.
  const cut = rows.length > slice.routesMax ? rows.at(-1)?.accountId : undefined
  const whole = rows.filter((row) => row.accountId !== cut)
  if (cut !== undefined && whole.length === 0) return loadRoutes(tx, signals, { ...slice, routesMax: 2 * slice.routesMax }, accountIds)
  const last = whole.at(-1)
  const next = cut === undefined || last === undefined ? null : { drawnFor, rank: last.rank, turn: last.turn, accountId: last.accountId }
  const routes = whole.map(({ rank: _rank, turn: _turn, ...row }) => ({
    ...row,
    settings: { ...rulesOf(row), isEnabled: row.isEnabled },
    result: resultOf(row),
    lastLoss: lastLossOf(row),
    follow: row.follow && {
      ...row.follow,
      settings: FollowSettings.parse(row.follow.settings),
      forced: ForcedSettings.parse(row.follow.forced),
    },
  }))
  return { routes, next }
}

interface OpenPosition extends DecisionPosition {
  readonly accountId: string
}

interface OrderUnderWay extends PendingOpen {
  readonly accountId: string
  readonly leg: 'open' | 'close'
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  /** Its account's routes share symbols: a close takes its own route's share. */
  readonly nets: boolean
}

/** Who a route is, to its account's owner. */
const ownerOf = (
  route: string,
) => `(SELECT CASE WHEN r.follow_id IS NOT NULL THEN 'your copy of ' || sy.name WHEN r.source_kind = 'MANUAL' THEN 'your own order'
    ELSE 'your webhook ending in ' || w.token_tail END
  FROM route r LEFT JOIN follow f ON f.id = r.follow_id LEFT JOIN strategy sy ON sy.id = f.strategy_id LEFT JOIN webhook w ON w.id = r.source_id WHERE r.id = ${route})`

/**
 * Positions and opens under way of these accounts, as they were at one moment: both are read by one statement, so that a fill is seen
 * in the position or in its order, and lanes at work are not held up. Only one dispatcher decides for an account at a time.
 */
export async function loadBooks(
  tx: Transaction,
  accountIds: readonly string[],
  { locked = true }: { readonly locked?: boolean } = {},
): Promise<Map<string, AccountBook>> {
  if (locked)
    await tx.query(
      `SELECT pg_advisory_xact_lock($2, h) FROM (SELECT DISTINCT hashtext(a::text) AS h FROM unnest($1::uuid[]) AS a ORDER BY h) AS keys`,
      [accountIds, ACCOUNT_LOCK],
    )
  const [moment] = await tx.query<{ positions: OpenPosition[]; orders: OrderUnderWay[]; netting: string[] }>(
    `SELECT ARRAY(SELECT id FROM account WHERE id = ANY($1::uuid[]) AND shared_symbols = 'net') AS netting,
            (SELECT coalesce(json_agg(p), '[]') FROM (
               SELECT h.account_id AS "accountId", h.symbol, h.position_side AS "positionSide", h.side, h.quantity_base::text AS "quantityBase",
                      h.margin::text AS margin, h.route_id AS "routeId", h.entry_price::text AS "entryPrice", h.own_protection AS "ownProtection",
                      EXISTS (SELECT 1 FROM position_share hs WHERE hs.id = h.id AND hs.plan IS NOT NULL) AS "hasPlan",
                      coalesce(${ownerOf('h.route_id')}, 'an order made at the exchange itself') AS owner
                 FROM holding h WHERE h.account_id = ANY($1::uuid[])) AS p) AS positions,
            (SELECT coalesce(json_agg(w), '[]') FROM (
               SELECT o.account_id AS "accountId", o.symbol, o.leg, o.side, o.position_side AS "positionSide", (coalesce(o.quantity_base, 0) - o.filled_base)::text AS "openBase",
                      o.route_id AS "routeId", o.plan IS NOT NULL AS "hasPlan", a.shared_symbols = 'net' AS nets, CASE WHEN o.leg = 'open' THEN ${ownerOf('o.route_id')} END AS owner,
                      CASE WHEN o.submitted_at < st.synced_at AND o.state IN ('ACKED', 'PARTIAL') THEN '0'
                           ELSE ((coalesce(o.quantity_base, 0) - o.filled_base) * coalesce(o.price, m.mark_price, 0) / coalesce(o.leverage, 1))::text
                       END AS "reservedQuote"
                 FROM trade_order o
                 JOIN account a ON a.id = o.account_id
                 LEFT JOIN account_state st ON st.account_id = o.account_id
                 LEFT JOIN market m ON m.exchange = a.exchange AND m.symbol = o.symbol
                WHERE o.account_id = ANY($1::uuid[]) AND o.leg IN ('open', 'close') AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')
                  AND o.cancel_requested_at IS NULL
                ORDER BY o.created_at, o.priority, o.id) AS w) AS orders`,
    [accountIds],
  )
  const netting = new Set(moment?.netting)
  const books = new Map<string, AccountBook>(
    accountIds.map((id) => [id, { positions: [], pendingOpens: [], sharedSymbols: netting.has(id) ? 'net' : 'refuse' }]),
  )
  for (const { accountId, ...position } of moment?.positions ?? []) books.get(accountId)?.positions.push(position)
  // A close under way takes what is there and what was ordered before it.
  for (const { accountId, leg, positionSide, nets, ...order } of moment?.orders ?? []) {
    const book = books.get(accountId)
    if (leg === 'open') book?.pendingOpens.push(order)
    else if (book) noteClosed(book, { symbol: order.symbol, positionSide, ...(nets && { routeId: order.routeId }) })
  }
  return books
}

interface Closed {
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  /** Of this route alone; of all where left out. */
  readonly routeId?: string | null
}

/** A close takes one side of a hedged account, and everything of another; where routes share symbols, of one route. */
export function noteClosed(book: AccountBook, { symbol, positionSide, routeId }: Closed): void {
  const isClosed = (holder: { symbol: string; routeId: string | null }, side: PositionDirection) =>
    holder.symbol === symbol && (positionSide === 'BOTH' || positionSide === side) && (routeId === undefined || holder.routeId === routeId)
  book.positions = book.positions.filter((position) => !isClosed(position, position.side))
  book.pendingOpens = book.pendingOpens.filter((open) => !isClosed(open, open.side === 'buy' ? 'LONG' : 'SHORT'))
}

export interface Markets {
  index: MarketIndex
  markOf: (symbol: string) => string | null
}

/** Filters of every market, and its mark unless that is a minute old: nothing is sized by a price that stands still. */
export async function loadMarkets(tx: Transaction, exchanges: readonly string[]): Promise<Map<string, Markets>> {
  const rows = await tx.query<DecisionMarket & { exchange: string; markPrice: string | null }>(
    `SELECT exchange, symbol, market_id AS "marketId", base, quote, tick_size AS "tickSize", step_size AS "stepSize", min_quantity AS "minQuantity",
            max_quantity AS "maxQuantity", min_notional AS "minNotional", max_leverage AS "maxLeverage", contract_size AS "contractSize", status,
            CASE WHEN mark_at > clock_timestamp() - interval '60 seconds' THEN mark_price END AS "markPrice"
       FROM market WHERE exchange = ANY($1)`,
    [exchanges],
  )
  const byExchange = Map.groupBy(rows, (row) => row.exchange)
  return new Map(
    exchanges.map((exchange) => {
      const own = byExchange.get(exchange) ?? []
      const marks = new Map(own.map((row) => [row.symbol, row.markPrice]))
      return [exchange, { index: indexMarkets(own), markOf: (symbol) => marks.get(symbol) ?? null }]
    }),
  )
}
