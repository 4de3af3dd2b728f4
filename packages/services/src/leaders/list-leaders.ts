import type { LeaderRow, LeaderSort, PageMeta, PerformanceFigures, RiskLabel } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { plainOrNull } from '../plain.ts'
import { shownAum } from './shown-aum.ts'
import { LEADER_HANDLE, SEES_AMOUNTS, STRATEGY_COLUMNS, STRATEGY_TABLES, STRATEGY_VISIBLE, type StrategyRow } from './visible-strategies.ts'

export interface LeadersInput {
  readonly userId: string
  readonly window: number
  readonly sort: LeaderSort
  readonly order: 'best' | 'worst'
  readonly minDays: number
  readonly risk: RiskLabel | undefined
  readonly text: string | undefined
  readonly page: number
  readonly limit: number
}

/** A small drawdown is a good one; of everything else more is better. */
const SORT_COLUMN: Record<LeaderSort, { readonly column: string; readonly best: 'ASC' | 'DESC' }> = {
  roi: { column: 'f.roi_percent', best: 'DESC' },
  // Where it stands would tell what it is.
  pnl: { column: `CASE WHEN ${SEES_AMOUNTS} THEN f.pnl END`, best: 'DESC' },
  drawdown: { column: 'f.max_drawdown_percent', best: 'ASC' },
  sharpe: { column: 'f.sharpe', best: 'DESC' },
  winRate: { column: 'f.win_rate_percent', best: 'DESC' },
  days: { column: 'h.days', best: 'DESC' },
  aum: { column: 'c.aum', best: 'DESC' },
  copiers: { column: 'c.copiers', best: 'DESC' },
  trades: { column: 'f.trades', best: 'DESC' },
}

export const FIGURE_COLUMNS = `f.window_days AS "windowDays", f.roi_percent AS "roiPercent", f.pnl, f.max_drawdown_percent AS "maxDrawdownPercent", f.sharpe,
  f.win_rate_percent AS "winRatePercent", f.profit_factor AS "profitFactor", f.trades, f.liquidations, f.average_hold_seconds AS "averageHoldSeconds",
  f.median_leverage AS "medianLeverage", f.high_leverage AS "highLeverage"`

type Row = StrategyRow & PerformanceFigures & { readonly spark: number[] }

/** Strategies on offer that have a record, best first by one figure; a figure that is not known comes last either way. */
export async function listLeaders({
  db,
  input,
}: {
  db: Queryable
  input: LeadersInput
}): Promise<{ leaders: LeaderRow[]; meta: PageMeta }> {
  const { page, limit, sort, order } = input
  const { column, best } = SORT_COLUMN[sort]
  const direction = order === 'best' ? best : best === 'ASC' ? 'DESC' : 'ASC'
  const from = `${STRATEGY_TABLES} JOIN strategy_figures f ON f.strategy_id = s.id AND f.window_days = $2
    WHERE ${STRATEGY_VISIBLE} AND s.closed_at IS NULL AND u.is_active AND h.days >= $3 AND ($4::text IS NULL OR h.risk = $4)
      AND ($5::text IS NULL OR position(lower($5) IN lower(s.name || ' ' || ${LEADER_HANDLE})) > 0)`
  const values = [input.userId, input.window, input.minDays, input.risk ?? null, input.text ?? null]
  const [[count], rows] = await Promise.all([
    db.query<{ total: number }>(`SELECT count(*)::int AS total FROM ${from}`, values),
    db.query<Row>(
      `SELECT ${STRATEGY_COLUMNS}, ${FIGURE_COLUMNS}, f.spark FROM ${from} ORDER BY ${column} ${direction} NULLS LAST, s.created_at, s.id LIMIT $6 OFFSET $7`,
      [...values, limit, (page - 1) * limit],
    ),
  ])
  return { leaders: rows.map(leaderRow), meta: { page, limit, total: count?.total ?? 0 } }
}

function leaderRow(row: Row): LeaderRow {
  const { strategyId, name, leader, isOwn, environment, days, risk, showsAmounts, copiers, spark } = row
  const worth = { equity: plainOrNull(row.equity), aum: shownAum(row), copiers }
  return { strategyId, name, leader, isOwn, environment, days, risk, showsAmounts, ...worth, figures: figuresView(row, row), spark }
}

export function figuresView(row: PerformanceFigures, { seesAmounts }: Pick<StrategyRow, 'seesAmounts'>): PerformanceFigures {
  const { windowDays, trades, liquidations, averageHoldSeconds } = row
  return {
    windowDays,
    roiPercent: plainOrNull(row.roiPercent),
    pnl: seesAmounts ? plainOrNull(row.pnl) : null,
    maxDrawdownPercent: plainOrNull(row.maxDrawdownPercent),
    sharpe: plainOrNull(row.sharpe),
    winRatePercent: plainOrNull(row.winRatePercent),
    profitFactor: plainOrNull(row.profitFactor),
    trades,
    liquidations,
    averageHoldSeconds,
    medianLeverage: plainOrNull(row.medianLeverage),
    highLeverage: plainOrNull(row.highLeverage),
  }
}
