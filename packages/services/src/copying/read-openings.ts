import { Alert } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { leaderMove, resolveMarket, type LeaderBook, type MarketIndex, type Opening } from '@matic/domain'
import { plainOrNull } from '../plain.ts'
import type { OfferedStrategy } from './offered-strategy.ts'

interface Asked {
  readonly strategy: OfferedStrategy
  /** Of the exchange that they would be copied on. */
  readonly markets: MarketIndex
  readonly limit: number
}

interface Stored {
  readonly id: string
  readonly receivedAt: Date
  readonly alert: unknown
  readonly basis: LeaderBook | null
  readonly intent: string | null
  readonly outcome: 'ORDERS' | 'SKIPPED' | 'BLOCKED' | null
  readonly reason: NonNullable<LeaderBook['decision']>['reason']
  readonly routeId: string | null
  readonly price: string | null
  readonly equity: string | null
  readonly orders: NonNullable<LeaderBook['decision']>['orders']
}

/** Signals looked through for openings: a few first, where a few are asked for. */
const DEPTHS = [50, 1_000]

/**
 * The leader's last openings from flat or from the other side, newest first, with their book and the price as they were. What the leader added to
 * later is not among them: it grows with what was opened.
 */
export async function readOpenings(db: Queryable, asked: Asked): Promise<Opening[]> {
  let openings: Opening[] = []
  for (const depth of DEPTHS) {
    if (depth < asked.limit) continue
    openings = await openingsAmong(db, asked, depth)
    if (openings.length === asked.limit) break
  }
  return openings
}

async function openingsAmong(db: Queryable, { strategy, markets, limit }: Asked, depth: number): Promise<Opening[]> {
  const rows = await db.query<Stored>(
    `SELECT s.id, s.received_at AS "receivedAt", s.alert, b.basis, d.intent, d.outcome, d.reason, d.route_id AS "routeId",
            coalesce(d.numbers->>'price', (SELECT c.numbers->>'price' FROM decision c WHERE c.signal_id = s.id AND c.numbers ? 'price' LIMIT 1)) AS price,
            CASE WHEN b.signal_id IS NULL THEN
              (SELECT e.equity FROM equity_snapshot e WHERE e.account_id = $2 AND e.at <= s.received_at ORDER BY e.at DESC LIMIT 1) END AS equity,
            CASE WHEN b.signal_id IS NULL THEN
              (SELECT coalesce(json_agg(json_build_object('leg', o.leg, 'symbol', o.symbol, 'quantityBase', trim_scale(o.quantity_base)::text, 'leverage', o.leverage)), '[]')
                 FROM trade_order o WHERE o.account_id = d.account_id AND o.cause = s.id::text AND o.decision_id = d.id AND o.leg IN ('open', 'close', 'reduce')) END AS orders
       FROM signal s
       LEFT JOIN copy_basis b ON b.signal_id = s.id AND b.strategy_id = $4
       LEFT JOIN route r ON r.account_id = $2 AND r.source_id = s.source_id AND r.source_kind = $5 AND r.follow_id IS NULL
       LEFT JOIN decision d ON d.signal_id = s.id AND d.route_id = r.id
      WHERE s.user_id = $1 AND s.source_id = $3 AND s.source IN ($5, 'RELEASE') AND s.state = 'DISPATCHED'
        AND (d.intent IS NULL OR d.intent IN ('open', 'reverse') OR (d.intent = 'none' AND b.signal_id IS NOT NULL))
        AND NOT EXISTS (SELECT 1 FROM signal_hold h WHERE h.signal_id = s.id)
      ORDER BY s.received_at DESC, s.id DESC LIMIT $6`,
    [strategy.leaderId, strategy.leaderAccountId, strategy.sourceId, strategy.strategyId, strategy.source, depth],
  )
  const openings: Opening[] = []
  for (const row of rows) {
    const opening = openingOf(row, strategy, markets)
    if (opening !== null) openings.push(opening)
    if (openings.length === limit) break
  }
  return openings
}

function openingOf(row: Stored, strategy: OfferedStrategy, markets: MarketIndex): Opening | null {
  const alert = Alert.parse(row.alert)
  if (alert.accountId !== null && alert.accountId !== strategy.leaderAccountId) return null
  if (alert.action === 'close-all' || alert.action === 'cancel' || alert.action === 'protect') return null
  const leader = row.basis ?? bookOf(row, strategy)
  if (strategy.source === 'MANUAL' && leader.decision !== null && leader.decision.outcome !== 'ORDERS') return null
  const symbol = resolveMarket(alert.ticker, markets)?.market.symbol ?? null
  const { intent, changeBase } = leaderMove(alert, leader, symbol ?? alert.ticker)
  if (intent.kind !== 'open' && intent.kind !== 'reverse') return null
  return {
    signalId: row.id,
    atMs: row.receivedAt.getTime(),
    alert,
    leader,
    leaderBase: changeBase?.toFixed() ?? null,
    side: intent.direction === 'SHORT' ? 'sell' : 'buy',
    price: row.price ?? alert.signalPrice ?? alert.price,
  }
}

/** As far as the leader's own decision tells, where nobody followed yet. */
function bookOf({ outcome, reason, routeId, orders, equity }: Stored, { leaderEquity }: OfferedStrategy): LeaderBook {
  return {
    routeId,
    equity: plainOrNull(equity ?? leaderEquity),
    positions: [],
    pendingOpens: [],
    decision: outcome === null ? null : { outcome, reason, orders: orders ?? [] },
  }
}
