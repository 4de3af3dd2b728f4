import type { LeaderView, MonthView, PageMeta, PerformanceFigures, RecordLine, SharePoint } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import {
  dailyGrowth,
  Exact,
  holdingBuckets,
  leverageBuckets,
  monthlyFigures,
  RISK_LIMITS,
  type MonthFigures,
  type TrackRecord,
} from '@matic/domain'
import type { Decimal } from 'decimal.js'
import { isoOrNull, plainOrNull } from '../plain.ts'
import { FIGURE_COLUMNS, figuresView } from './list-leaders.ts'
import { loadRecord, RISK_WINDOW_DAYS } from './save-figures.ts'
import { readStrategy } from './visible-strategies.ts'

/** @throws AppError NOT_FOUND */
export async function getLeader({ db, input }: { db: Queryable; input: { userId: string; strategyId: string } }): Promise<LeaderView> {
  const row = await readStrategy(db, input)
  const [windows, [head], record] = await Promise.all([
    db.query<PerformanceFigures>(`SELECT ${FIGURE_COLUMNS} FROM strategy_figures f WHERE f.strategy_id = $1 ORDER BY f.window_days`, [
      row.strategyId,
    ]),
    db.query<{ number: number; hash: string; updatedAt: Date }>(
      `SELECT number, hash, updated_at AS "updatedAt" FROM record_head WHERE strategy_id = $1`,
      [row.strategyId],
    ),
    loadRecord(db, row.strategyId),
  ])
  const { strategyId, name, description, visibility, leader, isOwn, environment, days, risk } = row
  return {
    strategyId,
    name,
    description,
    visibility,
    leader,
    isOwn,
    environment,
    days,
    risk,
    aum: plainOrNull(row.aum),
    since: row.since.toISOString(),
    closedAt: isoOrNull(row.closedAt),
    riskRule: { ...RISK_LIMITS, windowDays: RISK_WINDOW_DAYS },
    windows: windows.map(figuresView),
    curve: curveOf(record),
    months: monthlyFigures(record).map(monthView),
    leverage: leverageBuckets(record.trades),
    holding: holdingBuckets(record.trades),
    record: { rows: head?.number ?? 0, headHash: head?.hash ?? null, updatedAt: isoOrNull(head?.updatedAt ?? null) },
  }
}

/** Younger records are drawn row by row: a line of two points tells nothing. */
const BY_DAY_FROM = 5

function curveOf({ steps }: TrackRecord): SharePoint[] {
  const [first] = steps
  if (first === undefined) return []
  const days = dailyGrowth(steps)
  const points =
    days.length < BY_DAY_FROM
      ? steps.map(({ toMs, growth }) => ({ atMs: toMs, growth }))
      : days.map(({ dayMs, growth }) => ({ atMs: dayMs + 86_400_000, growth }))
  let value: Decimal = new Exact(1)
  let highest = value
  return [{ atMs: first.fromMs, growth: new Exact(1) }, ...points].map(({ atMs, growth }) => {
    value = value.mul(growth).toDecimalPlaces(40)
    highest = Exact.max(highest, value)
    const fall = value.sub(highest).div(highest).mul(100)
    return { at: new Date(atMs).toISOString(), value: text(value, 8), drawdownPercent: text(fall, 6) }
  })
}

function monthView({ month, roiPercent, pnl, maxDrawdownPercent, trades }: MonthFigures): MonthView {
  return { month, roiPercent: text(roiPercent, 6), pnl: text(pnl, 18), maxDrawdownPercent: text(maxDrawdownPercent, 6), trades }
}

const text = (value: Decimal, places: number): string => value.toDecimalPlaces(places).toFixed()

interface RecordInput {
  readonly userId: string
  readonly strategyId: string
  readonly kind: 'all' | 'trade' | 'value'
  readonly page: number
  readonly limit: number
}

/** Newest first. Corrections and withdrawals of trades are listed with the trades. @throws AppError NOT_FOUND */
export async function listRecord({ db, input }: { db: Queryable; input: RecordInput }): Promise<{ lines: RecordLine[]; meta: PageMeta }> {
  const { page, limit } = input
  const { strategyId } = await readStrategy(db, input)
  const where = `r.strategy_id = $1 AND ($2 = 'all' OR (r.trade_id IS NOT NULL) = ($2 = 'trade'))`
  const [[count], rows] = await Promise.all([
    db.query<{ total: number }>(`SELECT count(*)::int AS total FROM record_row r WHERE ${where}`, [strategyId, input.kind]),
    db.query<Omit<RecordLine, 'writtenAt'> & { writtenAt: Date }>(
      `SELECT r.number, r.written_at AS "writtenAt", r.hash, r.previous_hash AS "previousHash", r.content FROM record_row r WHERE ${where} ORDER BY r.number DESC LIMIT $3 OFFSET $4`,
      [strategyId, input.kind, limit, (page - 1) * limit],
    ),
  ])
  const lines = rows.map((row) => ({ ...row, writtenAt: row.writtenAt.toISOString() }))
  return { lines, meta: { page, limit, total: count?.total ?? 0 } }
}
