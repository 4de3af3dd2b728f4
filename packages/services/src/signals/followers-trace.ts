import {
  Alert,
  AppError,
  TIMELINE_POINTS,
  type FollowersTrace,
  type FollowerTrace,
  type PageMeta,
  type Side,
  type SlippageFigures,
  type SlippageView,
  type SpanFigures,
  type Timeline,
} from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { buildTimeline, fillsByPlace, percentile, slippage, type Slippage } from '@matic/domain'
import { Decimal } from 'decimal.js'
import { followerHandleSql } from '../follows/follower-handle.ts'
import { plainOrNull } from '../plain.ts'

interface Asked {
  readonly userId: string
  readonly signalId: string
  readonly page: number
  readonly limit: number
}

interface SignalRow {
  readonly userId: string
  readonly receivedAt: Date
  readonly committedAt: Date
  readonly alert: unknown
}

interface Row {
  readonly userId: string
  readonly handle: string
  readonly environment: FollowerTrace['environment']
  readonly outcome: FollowerTrace['outcome']
  readonly intent: string
  readonly reason: string | null
  readonly leg: string | null
  readonly side: Side | null
  readonly state: string | null
  readonly place: number | null
  readonly fillPrice: string | null
  readonly filledBase: string | null
  /** Of the leader's own order of this kind in this market. */
  readonly leaderPrice: string | null
  readonly decidedMs: number
  readonly queuedMs: number | null
  readonly sentMs: number | null
  readonly acknowledgedMs: number | null
  readonly filledMs: number | null
  readonly protectedMs: number | null
}

const MS = (column: string) => `floor(extract(epoch FROM ${column}) * 1000)::float8`
const PLACE_GROUPS = 20
const DECIMALS = 8

/**
 * One row for each copy, of its opening order where it has several. It is queued when its decision is committed, which is when that fact is told.
 * Places are of all followers, whoever asks.
 */
const ROWS = `
  SELECT d.user_id AS "userId", ${followerHandleSql('f.id')} AS handle, a.environment, d.outcome, d.intent, d.reason, o.leg, o.side, o.state,
         CASE WHEN o.submitted_at IS NOT NULL THEN rank() OVER (ORDER BY o.submitted_at NULLS LAST, sent.id)::int END AS place,
         trim_scale(o.average_price)::text AS "fillPrice", trim_scale(o.filled_base)::text AS "filledBase", trim_scale(own.average_price)::text AS "leaderPrice",
         ${MS('d.decided_at')} AS "decidedMs", ${MS('told.at')} AS "queuedMs", ${MS('o.submitted_at')} AS "sentMs", ${MS('o.acked_at')} AS "acknowledgedMs",
         ${MS('o.filled_at')} AS "filledMs", ${MS('o.protected_at')} AS "protectedMs"
    FROM decision d
    JOIN route r ON r.id = d.route_id
    JOIN follow f ON f.id = r.follow_id
    JOIN strategy s ON s.id = f.strategy_id AND s.user_id = $2
    JOIN account a ON a.id = d.account_id
    LEFT JOIN LATERAL (SELECT * FROM trade_order x WHERE x.decision_id = d.id AND x.account_id = d.account_id AND x.signal_id = d.signal_id
                        ORDER BY (x.leg = 'open') DESC, x.created_at, x.id LIMIT 1) AS o ON true
    LEFT JOIN LATERAL (SELECT t.id FROM attempt t WHERE t.order_id = o.id AND t.number = 1) AS sent ON true
    LEFT JOIN LATERAL (SELECT x.average_price FROM trade_order x
                        WHERE x.signal_id = d.signal_id AND x.user_id = $2 AND x.account_id = s.account_id AND x.symbol = o.symbol
                          AND (x.leg = 'open') = (o.leg = 'open') AND x.filled_base > 0 ORDER BY x.created_at, x.id LIMIT 1) AS own ON true
    LEFT JOIN LATERAL (SELECT e.at FROM fact e WHERE e.user_id = d.user_id AND e.at >= d.decided_at AND e.at < d.decided_at + interval '1 minute'
                          AND e.kind = 'signal-decided' AND e.entity_id = d.signal_id::text ORDER BY e.at LIMIT 1) AS told ON true
   WHERE d.signal_id = $1`

/**
 * What a signal became on every account that copies it. Its leader reads of all followers, by handle; anybody else of their own follow alone.
 * @throws AppError NOT_FOUND where it is neither one's own nor copied by oneself
 */
export async function readFollowersTrace({
  db,
  input,
}: {
  db: Queryable
  input: Asked
}): Promise<{ trace: FollowersTrace; meta: PageMeta }> {
  const { userId, signalId, page, limit } = input
  const [signal] = await db.query<SignalRow>(
    `SELECT user_id AS "userId", received_at AS "receivedAt", committed_at AS "committedAt", alert FROM signal
      WHERE id = $1 AND (user_id = $2 OR EXISTS (SELECT 1 FROM decision d JOIN route r ON r.id = d.route_id AND r.follow_id IS NOT NULL
                                                  WHERE d.signal_id = $1 AND d.user_id = $2))`,
    [signalId, userId],
  )
  if (!signal) throw new AppError('NOT_FOUND', 'There is no such signal')
  const isLeader = signal.userId === userId
  const all = await db.query<Row>(`SELECT * FROM (${ROWS}) AS copies ORDER BY place NULLS LAST, "decidedMs", handle`, [
    signalId,
    signal.userId,
  ])
  const rows = isLeader ? all : all.filter((row) => row.userId === userId)
  const { signalPrice } = Alert.parse(signal.alert)
  const copies = rows.map((row) => copyOf(row, signal, signalPrice))
  const ordered = copies.filter(({ row }) => row.leg !== null)
  const filled = ordered.filter(({ row }) => row.fillPrice !== null)
  const trace: FollowersTrace = {
    signalId,
    receivedAt: signal.receivedAt.toISOString(),
    view: isLeader ? 'leader' : 'follower',
    alertPrice: plainOrNull(signalPrice),
    leaderFillPrice: rows.find(({ leaderPrice }) => leaderPrice !== null)?.leaderPrice ?? null,
    decided: copies.length,
    ordered: ordered.length,
    filled: filled.length,
    spans: spansOf(ordered.map(({ timeline }) => timeline)),
    total: spanFigures(ordered.map(({ timeline }) => timeline.totalMs)),
    againstAlert: slippageFigures(filled.map(({ againstAlert }) => againstAlert)),
    againstLeader: slippageFigures(filled.map(({ againstLeader }) => againstLeader)),
    byPlace: placesOf(filled),
    followers: copies.slice((page - 1) * limit, page * limit).map(viewOf),
  }
  return { trace, meta: { page, limit, total: copies.length } }
}

interface Copy {
  readonly row: Row
  readonly timeline: Timeline
  readonly againstAlert: Slippage | null
  readonly againstLeader: Slippage | null
}

function copyOf(row: Row, signal: SignalRow, alertPrice: string | null): Copy {
  const against = (price: string | null) =>
    price === null || row.side === null || row.fillPrice === null
      ? null
      : slippage({ side: row.side, fillPrice: row.fillPrice, filledBase: row.filledBase ?? '0' }, price)
  const timeline = buildTimeline({
    received: signal.receivedAt.getTime(),
    committed: signal.committedAt.getTime(),
    decided: row.decidedMs,
    queued: row.leg === null ? null : row.queuedMs,
    sent: row.sentMs,
    acknowledged: row.acknowledgedMs,
    filled: row.filledMs,
    protected: row.protectedMs,
  })
  return { row, timeline, againstAlert: against(alertPrice), againstLeader: against(row.leaderPrice) }
}

function spansOf(timelines: readonly Timeline[]): FollowersTrace['spans'] {
  return TIMELINE_POINTS.flatMap((point) => {
    const figures = spanFigures(timelines.flatMap(({ spans }) => spans.filter((span) => span.point === point).map(({ ms }) => ms)))
    return figures === null ? [] : [{ point, ...figures }]
  })
}

function spanFigures(spans: readonly number[]): SpanFigures | null {
  if (spans.length === 0) return null
  const sorted = spans.toSorted((a, b) => a - b)
  return { count: sorted.length, p50Ms: percentile(sorted, 50), p95Ms: percentile(sorted, 95), p99Ms: percentile(sorted, 99) }
}

function slippageFigures(given: readonly (Slippage | null)[]): SlippageFigures | null {
  const known = given.filter((each) => each !== null)
  if (known.length === 0) return null
  const percents = known.map(({ percent }) => percent).toSorted((a, b) => a.cmp(b))
  const sum = (of: (each: Slippage) => Decimal) => known.reduce((total, each) => total.add(of(each)), new Decimal(0))
  return {
    count: known.length,
    averagePercent: text(sum(({ percent }) => percent).div(known.length)),
    p50Percent: text(percentile(percents, 50)),
    p95Percent: text(percentile(percents, 95)),
    worstPercent: text(percentile(percents, 100)),
    quote: text(sum(({ quote }) => quote)),
  }
}

function placesOf(filled: readonly Copy[]): FollowersTrace['byPlace'] {
  const fills = filled.flatMap(({ row: { place, side, fillPrice } }) =>
    place === null || side === null || fillPrice === null ? [] : [{ place, side, fillPrice }],
  )
  return fillsByPlace(fills, PLACE_GROUPS).map(({ averagePrice, worsePercent, ...group }) => ({
    ...group,
    averagePrice: text(averagePrice),
    worsePercent: text(worsePercent),
  }))
}

function viewOf({ row, timeline, againstAlert, againstLeader }: Copy): FollowerTrace {
  const { handle, environment, outcome, intent, reason, leg, side, state, place, fillPrice } = row
  const order =
    leg === null || side === null || state === null
      ? null
      : { leg, side, state, place, fillPrice, againstAlert: slippageView(againstAlert), againstLeader: slippageView(againstLeader) }
  return { handle, environment, outcome, intent, reason, order, timeline }
}

function slippageView(of: Slippage | null): SlippageView | null {
  return of && { percent: text(of.percent), quote: text(of.quote) }
}

function text(amount: Decimal): string {
  return amount.toDecimalPlaces(DECIMALS).toFixed()
}
