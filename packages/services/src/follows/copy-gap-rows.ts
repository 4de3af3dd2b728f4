import { AppError, FollowSettings, type PositionDirection, type Side } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { TOP_UP_KEY } from './drift-rows.ts'
import { linkToldChanges, loadToldChanges, type MirroredFill } from './mirror-links.ts'

export interface GapFollow {
  readonly id: string
  readonly userId: string
  readonly strategyId: string
  readonly routeId: string
  readonly accountId: string
  readonly leaderId: string
  readonly leaderAccountId: string
  /** Their whole account is copied, whatever moves it. */
  readonly isMirrored: boolean
  readonly joinedAt: Date
  readonly stoppedAt: Date | null
  readonly joinedEquity: string | null
  readonly settings: FollowSettings
}

export interface GapTradeRow {
  readonly id: string
  readonly isLeaders: boolean
  readonly routeId: string | null
  readonly symbol: string
  readonly side: PositionDirection
  readonly openedAt: Date
  readonly closedAt: Date | null
  readonly firstTradeId: string
  readonly entryBase: string
  readonly entryPrice: string
  readonly exitBase: string
  readonly grossPnl: string
  readonly fees: string
  readonly funding: string
}

export interface GapFillRow {
  readonly of: string
  readonly tradeId: string
  readonly exchangeOrderId: string
  readonly side: Side
  readonly quantityBase: string
  readonly price: string
  readonly fee: string
  readonly isLiquidation: boolean
  readonly atMs: number
  readonly orderId: string | null
  readonly routeId: string | null
  readonly leg: string | null
  readonly level: number | null
  readonly signalId: string | null
  readonly signalSource: string | null
  readonly signalKey: string | null
  readonly committedAtMs: number | null
}

export interface GapDecisionRow {
  readonly signalId: string
  readonly outcome: string
  readonly reason: string | null
  readonly numbers: Readonly<Record<string, string | number | boolean | null>>
  readonly orders: readonly {
    readonly leg: string
    readonly state: string
    readonly reason: string | null
    readonly numbers: Readonly<Record<string, string | number | boolean | null>> | null
    readonly filled: string
  }[]
}

export interface GapBasisRow {
  readonly signalId: string
  readonly equity: string | null
  readonly leverage: number | null
}

export interface GapRows {
  readonly follow: GapFollow
  readonly trades: readonly GapTradeRow[]
  readonly fills: readonly GapFillRow[]
  readonly funding: readonly { readonly of: string; readonly amount: string; readonly atMs: number }[]
  readonly decisions: readonly GapDecisionRow[]
  readonly bases: readonly GapBasisRow[]
  /** What the settings were from then on, oldest first. */
  readonly settings: readonly { readonly atMs: number; readonly settings: unknown }[]
  /** What the follower's account was worth when a trade of the leader's began, quote. */
  readonly equity: readonly { readonly of: string; readonly equity: string | null }[]
}

const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`

/** Everything that the gap of one follow is computed from, a query a kind. @throws AppError NOT_FOUND */
export async function loadGapRows(db: Queryable, { userId, followId }: { userId: string; followId: string }): Promise<GapRows> {
  const [found] = await db.query<Omit<GapFollow, 'settings'> & { settings: unknown }>(
    `SELECT f.id, f.user_id AS "userId", f.strategy_id AS "strategyId", f.route_id AS "routeId", f.account_id AS "accountId", s.user_id AS "leaderId",
            s.account_id AS "leaderAccountId", s.source_kind = 'ACCOUNT' AS "isMirrored", f.joined_at AS "joinedAt", f.stopped_at AS "stoppedAt", f.joined_equity AS "joinedEquity", f.settings
       FROM follow f JOIN strategy s ON s.id = f.strategy_id WHERE f.id = $1 AND f.user_id = $2`,
    [followId, userId],
  )
  if (!found) throw new AppError('NOT_FOUND', 'There is no such follow')
  const follow: GapFollow = { ...found, settings: FollowSettings.parse(found.settings) }
  const trades = await db.query<GapTradeRow>(
    `WITH f AS (SELECT f.*, s.user_id AS leader_id, s.account_id AS leader_account_id, s.source_kind, s.source_id
                  FROM follow f JOIN strategy s ON s.id = f.strategy_id WHERE f.id = $1 AND f.user_id = $2),
     found AS (
       SELECT t.*, true AS is_leaders FROM f JOIN trade t ON t.account_id = f.leader_account_id AND t.user_id = f.leader_id
         LEFT JOIN route r ON r.id = t.route_id AND r.source_kind = f.source_kind AND r.source_id = f.source_id AND r.follow_id IS NULL
        WHERE (r.id IS NOT NULL OR f.source_kind = 'ACCOUNT') AND (t.closed_at IS NULL OR t.closed_at > f.joined_at) AND (f.stopped_at IS NULL OR t.opened_at < f.stopped_at)
       UNION ALL
       SELECT t.*, false FROM f JOIN trade t ON t.route_id = f.route_id AND t.user_id = f.user_id)
     SELECT id, is_leaders AS "isLeaders", route_id AS "routeId", symbol, side, opened_at AS "openedAt", closed_at AS "closedAt", first_trade_id AS "firstTradeId", entry_base AS "entryBase",
            entry_price AS "entryPrice", exit_base AS "exitBase", gross_pnl AS "grossPnl", fees, funding
       FROM found ORDER BY opened_at, id`,
    [followId, userId],
  )
  const ids = trades.map(({ id }) => id)
  const filled = await db.query<MirroredFill>(
    `SELECT t.id AS of, f.symbol, f.position_side AS "positionSide", f.trade_id AS "tradeId", f.exchange_order_id AS "exchangeOrderId", f.side, f.quantity_base AS "quantityBase", f.price, f.fee,
            f.is_liquidation AS "isLiquidation", ${ms('f.at')} AS "atMs", f.order_id AS "orderId", f.route_id AS "routeId", o.leg, o.level, coalesce(missed.signal_id, o.signal_id) AS "signalId",
            s.source AS "signalSource", s.idempotency_key AS "signalKey", ${ms('s.committed_at')} AS "committedAtMs"
       FROM trade t
       JOIN fill f ON f.account_id = t.account_id AND f.symbol = t.symbol AND f.position_side = t.position_side AND f.at >= t.opened_at
                  AND f.at <= coalesce(t.closed_at, 'infinity')
       LEFT JOIN trade_order o ON o.id = f.order_id LEFT JOIN signal s ON s.id = o.signal_id
       LEFT JOIN trade_order missed ON missed.route_id = o.route_id
            AND missed.id = CASE WHEN s.source = 'FOLLOW' AND starts_with(s.idempotency_key, '${TOP_UP_KEY}') THEN substr(s.idempotency_key, ${TOP_UP_KEY.length + 1})::uuid END
      WHERE t.id = ANY($1::uuid[]) ORDER BY f.at`,
    [ids],
  )
  const theirs = new Set(trades.flatMap(({ id, isLeaders }) => (isLeaders ? [id] : [])))
  const fills = follow.isMirrored ? await linked(db, follow, filled, theirs) : filled
  const funding = await db.query<GapRows['funding'][number]>(
    `SELECT t.id AS of, l.amount, ${ms('l.at')} AS "atMs" FROM trade t
       JOIN ledger_entry l ON l.account_id = t.account_id AND l.symbol = t.symbol AND l.type = 'FUNDING_FEE' AND l.at >= t.opened_at
                          AND l.at <= coalesce(t.closed_at, 'infinity')
      WHERE t.id = ANY($1::uuid[]) AND t.account_id = $2 AND t.user_id = $3 ORDER BY l.at`,
    [ids, follow.leaderAccountId, follow.leaderId],
  )
  const signalIds = [...new Set(fills.flatMap(({ signalId }) => signalId ?? []))]
  return { follow, trades, fills, funding, ...(await loadReasons(db, follow, signalIds, ids)) }
}

/** What the leader's account did is known to its followers by what they were told of it. */
async function linked(
  db: Queryable,
  { leaderAccountId }: GapFollow,
  filled: readonly MirroredFill[],
  leaders: ReadonlySet<string>,
): Promise<GapFillRow[]> {
  const [theirs, own] = [filled.filter(({ of }) => leaders.has(of)), filled.filter(({ of }) => !leaders.has(of))]
  if (theirs.length === 0) return own
  const told = await loadToldChanges(db, leaderAccountId, Math.min(...theirs.map(({ atMs }) => atMs)))
  // A fill that turns the position is of two trades.
  const once = [...new Map(theirs.map((fill) => [`${fill.symbol} ${fill.positionSide} ${fill.tradeId}`, fill])).values()]
  const by = new Map(linkToldChanges(once, told).map((fill) => [`${fill.symbol} ${fill.positionSide} ${fill.tradeId}`, fill]))
  return [
    ...theirs.map((fill) => ({ ...(by.get(`${fill.symbol} ${fill.positionSide} ${fill.tradeId}`) ?? fill), of: fill.of })),
    ...own,
  ].toSorted((a, b) => a.atMs - b.atMs)
}

async function loadReasons(
  db: Queryable,
  { id, userId, strategyId, routeId, accountId }: GapFollow,
  signalIds: readonly string[],
  tradeIds: readonly string[],
): Promise<Pick<GapRows, 'decisions' | 'bases' | 'settings' | 'equity'>> {
  const decisions = await db.query<GapDecisionRow>(
    `SELECT d.signal_id AS "signalId", d.outcome, d.reason, d.numbers,
            (SELECT coalesce(json_agg(json_build_object('leg', o.leg, 'state', o.state, 'reason', o.reason, 'numbers', o.reason_numbers, 'filled', o.filled_base::text)), '[]')
               FROM trade_order o WHERE o.signal_id = d.signal_id AND o.decision_id = d.id) AS orders
       FROM decision d WHERE d.route_id = $1 AND d.user_id = $2 AND d.signal_id = ANY($3::uuid[])`,
    [routeId, userId, signalIds],
  )
  const bases = await db.query<GapBasisRow>(
    `SELECT signal_id AS "signalId", basis->>'equity' AS equity, (basis#>>'{decision,orders,0,leverage}')::int AS leverage
       FROM copy_basis WHERE strategy_id = $1 AND signal_id = ANY($2::uuid[])`,
    [strategyId, signalIds],
  )
  const settings = await db.query<GapRows['settings'][number]>(
    `SELECT ${ms('at')} AS "atMs", after->'settings' AS settings FROM audit_log
      WHERE user_id = $1 AND action IN ('follow-started', 'follow-changed') AND after->>'followId' = $2 AND jsonb_typeof(after->'settings') = 'object' ORDER BY at, id`,
    [userId, id],
  )
  const equity = await db.query<GapRows['equity'][number]>(
    `SELECT t.id AS of, (SELECT e.equity FROM equity_snapshot e WHERE e.account_id = $1 AND e.user_id = $2 AND e.at <= t.opened_at ORDER BY e.at DESC LIMIT 1) AS equity
       FROM trade t WHERE t.id = ANY($3::uuid[])`,
    [accountId, userId, tradeIds],
  )
  return { decisions, bases, settings, equity }
}
