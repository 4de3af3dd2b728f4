import { FOLLOW_REPAIR_DEFAULT as REPAIR_DEFAULT, type FollowSettings } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { Exact, leaderExits, piecesOf, stepsOf, type LeaderExit, type OpeningMove } from '@matic/domain'
import type { Decimal } from 'decimal.js'
import type { ServiceContext } from '../context.ts'

/** One side of a market of one follow. */
export interface DriftMarket {
  readonly followId: string
  readonly userId: string
  readonly accountId: string
  /** Its name. */
  readonly strategy: string
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly isReverse: boolean
  readonly repair: FollowSettings['repair']
  /** How far a price may be from the leader's where something is made up for, percent. */
  readonly distancePercent: Decimal
  readonly stepBase: Decimal
  /** Quote per base, not older than a minute; null where none is known. */
  readonly mark: Decimal | null
  /** Signed base. */
  readonly actual: Decimal
  readonly moves: readonly OpeningMove[]
  readonly exits: readonly LeaderExit[]
  readonly isLeaderIn: boolean | null
  readonly lastWasExit: boolean
  readonly isShared: boolean
  /** An order, a signal or a fill is under way: what is held and meant cannot be compared. */
  readonly isUnderWay: boolean
}

interface FollowRow {
  readonly followId: string
  readonly userId: string
  readonly accountId: string
  readonly strategy: string
  readonly sourceId: string
  readonly leaderAccountId: string
  readonly leaderRouteId: string | null
  readonly isMirrored: boolean
  readonly ownProtection: boolean
  readonly isReverse: boolean
  readonly exchange: string
  readonly repair: DriftMarket['repair']
  readonly distancePercent: string
  readonly shares: readonly {
    readonly symbol: string
    readonly positionSide: DriftMarket['positionSide']
    readonly base: string
    readonly unsettled: boolean
    /** Some of the position is not of this follow. */
    readonly shared: boolean
  }[]
  readonly moves: readonly MoveRow[]
  /** Markets that the follower, or a stop of theirs, has left before the leader: copied again once the leader is flat. */
  readonly detached: readonly string[]
  /** When each market was detached last, epoch ms: what was before is over. */
  readonly detachedMs: Readonly<Record<string, number>> | null
  /** What was decided last of each market. */
  readonly intents: Readonly<Record<string, string>> | null
  /** What the leader holds or is about to, signed by side; null where no account of theirs shows it. */
  readonly leaderIn: readonly { readonly symbol: string; readonly isLong: boolean }[]
}

interface MoveRow {
  readonly id: string
  readonly symbol: string
  readonly positionSide: DriftMarket['positionSide']
  readonly leg: string
  readonly side: 'buy' | 'sell'
  readonly state: string
  readonly base: string | null
  readonly fraction: string | null
  readonly filled: string
  readonly atMs: number
  readonly isUnderWay: boolean
  readonly isTopUp: boolean
  readonly wasToFill: boolean
  readonly isMadeUp: boolean
  readonly price: string | null
  readonly leverage: number | null
}

/** Orders of a follow that are looked back on; what began before them is not judged. */
const MOVES = 40
/** A price may be so far from the leader's where a follower has set no limit, percent. */
const DISTANCE_PERCENT = '1'
/** What has just filled or ended may not be in the shares yet, s. */
const SETTLING_S = 3

/** Begins the key of what makes up for a missed opening; the order that missed it ends it. */
export const TOP_UP_KEY = 'top-up-'

const FOLLOWS = `
  SELECT f.id AS "followId", f.user_id AS "userId", f.account_id AS "accountId", s.name AS strategy, r.source_id AS "sourceId", s.account_id AS "leaderAccountId", lr.id AS "leaderRouteId",
         coalesce(f.settings->>'direction', 'normal') = 'reverse' AS "isReverse", coalesce(f.settings->>'repair', '${REPAIR_DEFAULT}') AS repair,
         coalesce(f.settings->>'entrySlippagePercent', '${DISTANCE_PERCENT}') AS "distancePercent", fa.exchange,
         s.source_kind = 'ACCOUNT' AS "isMirrored", coalesce(f.settings->>'protection', 'leader') = 'own' AS "ownProtection",
         (SELECT coalesce(json_agg(json_build_object('symbol', h.symbol, 'positionSide', h.position_side, 'base', h.quantity_base::text, 'unsettled', p.unsettled_since IS NOT NULL,
                   'shared', p.id IS NULL OR p.unexplained_base <> 0 OR (a.shared_symbols <> 'net'
                     AND (p.route_id IS DISTINCT FROM f.route_id OR h.quantity_base <> CASE p.side WHEN 'SHORT' THEN -p.quantity_base ELSE p.quantity_base END)))), '[]')
            FROM position_share h JOIN account a ON a.id = h.account_id LEFT JOIN position p ON p.account_id = h.account_id AND p.symbol = h.symbol AND p.position_side = h.position_side
           WHERE h.account_id = f.account_id AND h.route_id = f.route_id) AS shares,
         (SELECT coalesce(json_agg(m), '[]') FROM (
            SELECT o.id, o.symbol, o.position_side AS "positionSide", o.leg, o.side, o.state, o.quantity_base::text AS base, o.reduce_fraction::text AS fraction, o.filled_base::text AS filled,
                   (extract(epoch FROM coalesce(g.committed_at, o.filled_at, o.created_at)) * 1000)::float8 AS "atMs",
                   o.state IN ('READY', 'SUBMITTING', 'UNKNOWN') OR (o.state IN ('ACKED', 'PARTIAL') AND o.leg IN ('open', 'reduce', 'close', 'emergency'))
                     OR coalesce(o.ended_at, o.filled_at) > clock_timestamp() - make_interval(secs => $2)
                     OR (o.filled_at > clock_timestamp() - interval '10 minutes' AND o.filled_base <> (SELECT coalesce(sum(x.quantity_base), 0) FROM fill x WHERE x.order_id = o.id)) AS "isUnderWay",
                   g.source = 'FOLLOW' AND starts_with(g.idempotency_key, '${TOP_UP_KEY}') IS TRUE AS "isTopUp", o.type = 'market' AND o.cancel_requested_at IS NULL AS "wasToFill",
                   o.filled_base < o.quantity_base AND EXISTS (SELECT 1 FROM signal u WHERE u.source_id = f.id AND u.idempotency_key = '${TOP_UP_KEY}' || o.id) AS "isMadeUp",
                   CASE WHEN o.filled_base < o.quantity_base THEN coalesce(g.alert->>'signalPrice', (SELECT d.numbers->>'price' FROM decision d WHERE d.id = o.decision_id)) END AS price, o.leverage
              FROM (SELECT * FROM trade_order o WHERE o.route_id = f.route_id AND o.user_id = f.user_id
                       AND (o.leg IN ('open', 'reduce', 'close', 'emergency') OR o.filled_base > 0) ORDER BY o.created_at DESC LIMIT ${MOVES + 1}) o
              LEFT JOIN signal g ON g.id = o.signal_id AND o.leg IN ('open', 'reduce', 'close')
             ORDER BY "atMs", o.priority, o.id) AS m) AS moves,
         ARRAY(SELECT x.symbol FROM follow_detachment x WHERE x.follow_id = f.id AND x.ended_at IS NULL) AS detached,
         (SELECT json_object_agg(x.symbol, x.ms) FROM (SELECT symbol, (extract(epoch FROM max(detached_at)) * 1000)::float8 AS ms
            FROM follow_detachment WHERE follow_id = f.id GROUP BY symbol) x) AS "detachedMs",
         (SELECT json_object_agg(h.symbol, x.intent) FROM position_share h, LATERAL (
            SELECT d.intent FROM decision d WHERE d.account_id = f.account_id AND d.route_id = f.route_id AND d.symbol = h.symbol AND d.intent NOT IN ('none', 'cancel')
             ORDER BY d.decided_at DESC LIMIT 1) x
           WHERE h.account_id = f.account_id AND h.route_id = f.route_id AND h.quantity_base <> 0) AS intents,
         (SELECT coalesce(json_agg(x), '[]') FROM (
            SELECT p.symbol, p.side = 'LONG' AS "isLong" FROM position p WHERE p.account_id = s.account_id AND p.quantity_base > 0
               AND (p.route_id = lr.id OR p.route_id IS NULL OR s.source_kind = 'ACCOUNT')
            UNION ALL SELECT h.symbol, h.quantity_base > 0 FROM position_share h WHERE h.account_id = s.account_id AND h.quantity_base <> 0 AND h.route_id = lr.id
            UNION ALL SELECT k.symbol, k.side = 'LONG' FROM mirror_mark k WHERE k.account_id = s.account_id AND k.quantity_base > 0 AND s.source_kind = 'ACCOUNT'
            UNION ALL SELECT w.symbol, w.side = 'buy' FROM trade_order w WHERE w.account_id = s.account_id AND w.leg = 'open'
               AND (w.route_id = lr.id OR s.source_kind = 'ACCOUNT') AND w.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')) x) AS "leaderIn"
    FROM follow f JOIN route r ON r.id = f.route_id JOIN strategy s ON s.id = f.strategy_id JOIN account fa ON fa.id = f.account_id
    LEFT JOIN route lr ON lr.source_kind = r.source_kind AND lr.source_id = r.source_id AND lr.account_id = s.account_id AND lr.follow_id IS NULL
   WHERE f.id = ANY($1::uuid[]) AND f.state <> 'STOPPED'`

/** What these follows hold and meant to, market by market; a query a kind however many they are. */
export async function loadDriftMarkets(
  { db, timings }: Pick<ServiceContext, 'db' | 'timings'>,
  followIds: readonly string[],
): Promise<DriftMarket[]> {
  if (followIds.length === 0) return []
  const follows = await db.query<FollowRow>(FOLLOWS, [followIds, SETTLING_S * timings.scale])
  const waiting = new Set(
    (await db.query<{ id: string }>(`SELECT DISTINCT source_id AS id FROM signal WHERE state = 'RECEIVED'`)).map(({ id }) => id),
  )
  const leaders = new Map([...(await loadLeaders(db, follows)), ...(await loadMirrored(db, follows))])
  const markets = await loadMarkets(db, follows)
  return follows.flatMap((follow) => marketsOf(follow, { leaders, markets, waiting }))
}

interface Around {
  readonly leaders: Leaders
  readonly markets: ReadonlyMap<string, MarketRow>
  /** Sources and follows of which a signal waits to be decided. */
  readonly waiting: ReadonlySet<string>
}

function marketsOf(follow: FollowRow, { leaders, markets, waiting }: Around): DriftMarket[] {
  const { followId, userId, accountId, strategy, isReverse, repair, sourceId } = follow
  const sides = new Map(
    [...follow.shares, ...follow.moves].map(({ symbol, positionSide }) => [`${symbol} ${positionSide}`, { symbol, positionSide }]),
  )
  return [...sides.values()].flatMap(({ symbol, positionSide }): DriftMarket[] => {
    const every = follow.moves.filter((move) => move.symbol === symbol && move.positionSide === positionSide)
    const own = every.filter(({ atMs }) => atMs > (follow.detachedMs?.[symbol] ?? 0))
    const share = follow.shares.find((one) => one.symbol === symbol && one.positionSide === positionSide)
    const isWhole = follow.moves.length <= MOVES || own.some(({ leg }) => leg === 'close')
    if (own.length === 0 || !isWhole || follow.detached.includes(symbol)) return []
    const leader = leaders.get(`${follow.leaderAccountId} ${follow.leaderRouteId} ${symbol}`)
    const isLong = isLongOf(positionSide, share?.base ?? '0', own)
    const market = markets.get(`${follow.exchange} ${symbol}`)
    return [
      {
        followId,
        userId,
        accountId,
        strategy,
        symbol,
        positionSide,
        isReverse,
        repair,
        distancePercent: new Exact(follow.distancePercent),
        stepBase: new Exact(market?.step ?? 0),
        mark: market?.mark ? new Exact(market.mark) : null,
        actual: new Exact(share?.base ?? 0),
        moves: own.map(moveOf),
        // A leader's stop says nothing to who has stops of their own.
        exits: (leader?.exits ?? [])
          .filter(({ isSaid }) => isSaid || !follow.ownProtection)
          .map((exit): LeaderExit => (isReverse ? { ...exit, side: exit.side === 'LONG' ? 'SHORT' : 'LONG' } : exit)),
        isLeaderIn:
          follow.leaderRouteId === null && !follow.isMirrored
            ? null
            : follow.leaderIn.some((one) => one.symbol === symbol && one.isLong === (isLong !== isReverse)),
        lastWasExit: ['close', 'close-all'].includes(follow.intents?.[symbol] ?? ''),
        isShared: share?.shared ?? false,
        isUnderWay:
          every.some((move) => move.isUnderWay) ||
          share?.unsettled === true ||
          leader?.isUnderWay === true ||
          waiting.has(sourceId) ||
          waiting.has(followId),
      },
    ]
  })
}

/** What is held, or was to be where nothing is. */
function isLongOf(positionSide: DriftMarket['positionSide'], base: string, moves: readonly MoveRow[]): boolean {
  if (positionSide !== 'BOTH') return positionSide === 'LONG'
  const held = Number(base)
  return held === 0 ? moves.findLast(({ leg }) => leg === 'open')?.side === 'buy' : held > 0
}

const OVER = new Set(['FILLED', 'CANCELED', 'REJECTED', 'EXPIRED', 'BLOCKED', 'SUPERSEDED', 'MOOT', 'DEAD'])

function moveOf({
  id,
  leg,
  side,
  state,
  base,
  fraction,
  filled,
  atMs,
  price,
  leverage,
  isTopUp,
  wasToFill,
  isMadeUp,
}: MoveRow): OpeningMove {
  const kind = leg === 'open' || leg === 'reduce' || leg === 'close' ? leg : 'protective'
  return {
    id,
    kind,
    isTopUp,
    wasToFill,
    isMadeUp,
    leverage,
    price: price === null ? null : new Exact(price),
    atMs,
    side,
    quantityBase: base === null ? null : new Exact(base),
    fraction: fraction === null ? null : new Exact(fraction),
    filledBase: new Exact(filled),
    isDead: state === 'DEAD',
    isOver: OVER.has(state),
  }
}

type Leaders = ReadonlyMap<string, { readonly exits: readonly LeaderExit[]; readonly isUnderWay: boolean }>

interface LeaderTrade {
  readonly id: string
  readonly key: string
  readonly side: 'LONG' | 'SHORT'
  readonly firstTradeId: string
  readonly entryBase: string
  readonly exitBase: string
  readonly isUnderWay: boolean
  readonly fills: readonly LeaderFill[]
}

interface LeaderFill {
  readonly tradeId: string
  readonly side: 'buy' | 'sell'
  readonly quantityBase: string
  readonly price: string
  readonly fee: string
  readonly atMs: number
  readonly saidMs: number | null
  /** By a signal of what is copied. */
  readonly said: boolean
}

/** What leaders took off, by account, route and market, since the first thing that any of these follows meant. */
async function loadLeaders(db: Queryable, follows: readonly FollowRow[]): Promise<Leaders> {
  const moves = follows.flatMap((follow) => follow.moves)
  const own = new Map(
    follows.map(({ leaderAccountId, leaderRouteId }) => [`${leaderAccountId} ${leaderRouteId}`, { leaderAccountId, leaderRouteId }]),
  )
  const pairs = [...own.values()].filter(({ leaderRouteId }) => leaderRouteId !== null)
  if (moves.length === 0 || pairs.length === 0) return new Map()
  const trades = await db.query<LeaderTrade>(
    `SELECT t.id, t.account_id || ' ' || t.route_id || ' ' || t.symbol AS key, t.side, t.first_trade_id AS "firstTradeId", t.entry_base AS "entryBase", t.exit_base AS "exitBase",
            EXISTS (SELECT 1 FROM trade_order o WHERE o.account_id = t.account_id AND o.symbol = t.symbol AND o.leg IN ('open', 'reduce', 'close')
                       AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN', 'ACKED', 'PARTIAL')) AS "isUnderWay",
            (SELECT coalesce(json_agg(json_build_object('tradeId', f.trade_id, 'side', f.side, 'quantityBase', f.quantity_base::text, 'price', f.price::text, 'fee', f.fee::text,
                      'atMs', (extract(epoch FROM f.at) * 1000)::float8, 'saidMs', (extract(epoch FROM g.committed_at) * 1000)::float8,
                      'said', coalesce(g.source_id = lr.source_id AND o.route_id = lr.id, false))), '[]')
               FROM fill f LEFT JOIN trade_order o ON o.id = f.order_id LEFT JOIN signal g ON g.id = o.signal_id AND o.leg IN ('open', 'reduce', 'close')
              WHERE f.account_id = t.account_id AND f.symbol = t.symbol AND f.position_side = t.position_side AND f.at >= t.opened_at AND f.at <= coalesce(t.closed_at, 'infinity')) AS fills
       FROM unnest($1::uuid[], $2::uuid[]) AS x(a, r) JOIN route lr ON lr.id = x.r JOIN trade t ON t.account_id = x.a AND t.route_id = x.r
      WHERE t.closed_at IS NULL OR t.closed_at > to_timestamp($3::float8 / 1000)`,
    [
      pairs.map(({ leaderAccountId }) => leaderAccountId),
      pairs.map(({ leaderRouteId }) => leaderRouteId),
      Math.min(...moves.map(({ atMs }) => atMs)),
    ],
  )
  return new Map(
    [...Map.groupBy(trades, ({ key }) => key)].map(([key, some]) => [
      key,
      { exits: some.flatMap((trade) => exitsOf(trade)), isUnderWay: some.some(({ isUnderWay }) => isUnderWay) },
    ]),
  )
}

/** What followers of mirrored accounts were told that went off a position: signals are all that they copy. */
async function loadMirrored(db: Queryable, follows: readonly FollowRow[]): Promise<Leaders> {
  const mirrored = follows.filter(({ isMirrored, moves }) => isMirrored && moves.length > 0)
  if (mirrored.length === 0) return new Map()
  const told = await db.query<{ key: string; before: string; after: string; atMs: number }>(
    `SELECT key, seen->>'from' AS before, seen->>'to' AS after, "atMs"
       FROM (SELECT g.source_id || ' null ' || g.ticker AS key, convert_from(g.raw_body, 'UTF8')::jsonb AS seen,
                    (extract(epoch FROM g.committed_at) * 1000)::float8 AS "atMs", g.received_at
               FROM signal g WHERE g.source_id = ANY($1::uuid[]) AND g.source = 'ACCOUNT' AND g.alert->>'action' <> 'protect'
                AND g.received_at > to_timestamp($2::float8 / 1000) - interval '1 minute') x
      ORDER BY received_at`,
    [
      [...new Set(mirrored.map(({ leaderAccountId }) => leaderAccountId))],
      Math.min(...mirrored.flatMap(({ moves }) => moves.map(({ atMs }) => atMs))),
    ],
  )
  return new Map(
    [...Map.groupBy(told, ({ key }) => key)].map(([key, some]) => [
      key,
      {
        isUnderWay: false,
        exits: some.flatMap(({ before, after, atMs }): LeaderExit[] => {
          const [from, to] = [new Exact(before), new Exact(after)]
          if (from.isZero()) return []
          const kept = to.isNegative() === from.isNegative() ? to.div(from) : new Exact(0)
          return kept.gte(1) ? [] : [{ side: from.isNegative() ? 'SHORT' : 'LONG', atMs, isSaid: true, remains: kept }]
        }),
      },
    ]),
  )
}

interface MarketRow {
  readonly key: string
  readonly step: string
  readonly mark: string | null
}

/** By exchange and symbol. */
async function loadMarkets(db: Queryable, follows: readonly FollowRow[]): Promise<ReadonlyMap<string, MarketRow>> {
  const wanted = new Map(
    follows.flatMap(({ exchange, shares, moves }) =>
      [...shares, ...moves].map(({ symbol }) => [`${exchange} ${symbol}`, { exchange, symbol }] as const),
    ),
  )
  if (wanted.size === 0) return new Map()
  const rows = await db.query<MarketRow>(
    `SELECT m.exchange || ' ' || m.symbol AS key, m.step_size::text AS step, CASE WHEN m.mark_at > clock_timestamp() - interval '1 minute' THEN m.mark_price::text END AS mark
       FROM unnest($1::text[], $2::text[]) AS x(e, s) JOIN market m ON m.exchange = x.e AND m.symbol = x.s`,
    [[...wanted.values()].map(({ exchange }) => exchange), [...wanted.values()].map(({ symbol }) => symbol)],
  )
  return new Map(rows.map((row) => [row.key, row]))
}

/** At the moment of the signal that asked for them, which is when their followers were asked too. */
function exitsOf(trade: LeaderTrade): LeaderExit[] {
  const steps = stepsOf(piecesOf({ ...trade, exitBase: trade.exitBase }, trade.fills), ({ fill }) =>
    String(fill.saidMs ?? `fill ${fill.tradeId}`),
  )
  return leaderExits(
    trade.side,
    steps.map(({ change, quantityBase, atMs, pieces }) => ({
      change,
      quantityBase,
      atMs: pieces[0]?.fill.saidMs ?? atMs,
      isSaid: pieces.every(({ fill }) => fill.said),
    })),
  )
}
