import type { Transaction } from '@matic/db'
import { dailyGrowth, performanceOf, readRecord, recordDays, riskLabel, windowOf, type Performance, type TrackRecord } from '@matic/domain'
import { PERFORMANCE_WINDOWS, RISK_RULE } from '@matic/contracts'
import type { Decimal } from 'decimal.js'
import { portraitOf } from './portrait.ts'

/** Computes every published figure anew out of the record, and nothing else. */
export async function saveFigures(
  tx: Transaction,
  { strategyId, userId }: { readonly strategyId: string; readonly userId: string },
): Promise<void> {
  const record = await loadRecord(tx, strategyId)
  const all = figuresOf(record)
  await tx.query(
    `INSERT INTO strategy_figures (strategy_id, user_id, window_days, roi_percent, pnl, max_drawdown_percent, sharpe, win_rate_percent, profit_factor, trades, liquidations,
                                   average_hold_seconds, median_leverage, high_leverage, spark)
     SELECT $1, $2, x.* FROM unnest($3::int[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[], $9::numeric[], $10::int[], $11::int[], $12::int[],
                                    $13::numeric[], $14::numeric[], $15::jsonb[]) AS x
     ON CONFLICT (strategy_id, window_days) DO UPDATE SET roi_percent = excluded.roi_percent, pnl = excluded.pnl, max_drawdown_percent = excluded.max_drawdown_percent,
       sharpe = excluded.sharpe, win_rate_percent = excluded.win_rate_percent, profit_factor = excluded.profit_factor, trades = excluded.trades,
       liquidations = excluded.liquidations, average_hold_seconds = excluded.average_hold_seconds, median_leverage = excluded.median_leverage,
       high_leverage = excluded.high_leverage, spark = excluded.spark`,
    [
      strategyId,
      userId,
      all.map((one) => one.windowDays),
      all.map(({ figures }) => figures.roiPercent),
      all.map(({ figures }) => figures.pnl),
      all.map(({ figures }) => figures.maxDrawdownPercent),
      all.map(({ figures }) => figures.sharpe),
      all.map(({ figures }) => figures.winRatePercent),
      all.map(({ figures }) => figures.profitFactor),
      all.map(({ figures }) => figures.trades),
      all.map(({ figures }) => figures.liquidations),
      all.map(({ figures }) => figures.averageHoldSeconds),
      all.map(({ figures }) => figures.medianLeverage),
      all.map(({ figures }) => figures.highLeverage),
      all.map(({ windowDays }) => JSON.stringify(sparkOf(windowOf(record, windowDays)))),
    ],
  )
  await tx.query('UPDATE record_head SET days = $2, risk = $3, equity = $4, portrait = $5 WHERE strategy_id = $1', [
    strategyId,
    recordDays(record),
    riskOf(record),
    record.steps.at(-1)?.equity.toFixed() ?? null,
    JSON.stringify(portraitOf(record)),
  ])
}

const SPARK_POINTS = 40

/** By the day, or by the row while it is young: a line to look at, not a figure. */
function sparkOf(record: TrackRecord): number[] {
  const days = dailyGrowth(record.steps)
  const growths = (days.length < 5 ? record.steps : days).map(({ growth }) => growth.toNumber())
  let value = 1
  const values = [1, ...growths.map((growth) => (value *= growth))]
  const every = Math.ceil(values.length / SPARK_POINTS)
  return values.filter((_, index) => (values.length - 1 - index) % every === 0).map((one) => Number(one.toFixed(5)))
}

async function loadRecord(tx: Pick<Transaction, 'query'>, strategyId: string): Promise<TrackRecord> {
  const rows = await tx.query<{ content: unknown }>('SELECT content FROM record_row WHERE strategy_id = $1 ORDER BY number', [strategyId])
  return readRecord(rows.map((row) => row.content))
}

export function riskOf(record: TrackRecord): ReturnType<typeof riskLabel> {
  return riskLabel(performanceOf(windowOf(record, RISK_RULE.windowDays)), recordDays(record))
}

/** As they are published: ratios and percent to six places. */
export type WrittenFigures = ReturnType<typeof written>

export function figuresOf(record: TrackRecord): { readonly windowDays: number; readonly figures: WrittenFigures }[] {
  return PERFORMANCE_WINDOWS.map((windowDays) => ({ windowDays, figures: written(performanceOf(windowOf(record, windowDays))) }))
}

function written(figures: Performance) {
  const { trades, liquidations, averageHoldMs } = figures
  return {
    roiPercent: ratio(figures.roiPercent),
    pnl: figures.pnl.toDecimalPlaces(18).toFixed(),
    maxDrawdownPercent: ratio(figures.maxDrawdownPercent),
    sharpe: ratio(figures.sharpe),
    winRatePercent: ratio(figures.winRatePercent),
    profitFactor: ratio(figures.profitFactor),
    trades,
    liquidations,
    averageHoldSeconds: averageHoldMs === null ? null : Math.round(averageHoldMs / 1_000),
    medianLeverage: ratio(figures.medianLeverage),
    highLeverage: ratio(figures.highLeverage),
  }
}

const ratio = (value: Decimal | null): string | null => (value === null ? null : value.toDecimalPlaces(6).toFixed())
