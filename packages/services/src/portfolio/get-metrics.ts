import type { MetricsGroup, PortfolioMetrics, TradeFilter } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import {
  equityCurve,
  Exact,
  figuresBy,
  maxDrawdown,
  maxDrawdownOf,
  mergeEquity,
  netPnl,
  ratios,
  timeInMarketPercent,
  tradeFigures,
  type ClosedTrade,
  type CurvePoint,
  type TradeFigures,
} from '@matic/domain'
import type { Decimal } from 'decimal.js'
import { bookedCosts } from './booked-costs.ts'
import { chosenAccounts } from './chosen-accounts.ts'
import { loadEquity } from './load-equity.ts'
import { tradeKeys } from './trade-keys.ts'
import { TRADE_WHERE, tradeValues } from '../trades/trade-rows.ts'

interface Row {
  accountId: string
  symbol: string
  side: 'LONG' | 'SHORT'
  openedAt: Date
  closedAt: Date | null
  grossPnl: string
  fees: string
  funding: string
}

const HOURLY_MS = 100 * 86_400_000

/** Figures of closed trades and of equity without deposits. @throws AppError NO_ACCOUNT */
export async function getMetrics({
  ctx,
  input,
}: {
  ctx: { readonly db: Queryable; readonly clock: { now(): number } }
  input: TradeFilter & { userId: string }
}): Promise<PortfolioMetrics> {
  const { db } = ctx
  const accounts = await chosenAccounts(db, { userId: input.userId, accountId: input.accountId })
  const rows = await db.query<Row>(
    `SELECT t.account_id AS "accountId", t.symbol, t.side, t.opened_at AS "openedAt", t.closed_at AS "closedAt", t.gross_pnl AS "grossPnl", t.fees, t.funding
       FROM trade t WHERE ${TRADE_WHERE} ORDER BY t.closed_at NULLS LAST, t.id`,
    tradeValues({ ...input, state: 'all' }),
  )
  const trades = rows.flatMap(closedTrade)
  const nowMs = ctx.clock.now()
  const curve = await curveOf(db, input, accounts, nowMs)
  const isWhole = input.symbol === undefined && input.side === undefined
  const drawdown = isWhole && curve.length > 0 ? maxDrawdown(curve) : { amount: maxDrawdownOf(trades.map(netPnl)), percent: null }
  const { sharpe, sortino } = isWhole ? ratios(curve) : { sharpe: null, sortino: null }
  const figures = tradeFigures(trades)
  const labels = new Map(accounts.map((account) => [account.id, account.label]))

  return {
    ...written(figures),
    booked: input.side === undefined ? await bookedCosts(db, input, accounts) : null,
    totalPnlPercent: percentOfCapital(figures.totalPnl, curve, input.from),
    maxDrawdown: amount(drawdown.amount),
    maxDrawdownPercent: ratio(drawdown.percent),
    sharpe: ratio(sharpe),
    sortino: ratio(sortino),
    timeInMarketPercent: ratio(inMarket(rows, { input, curve, nowMs })),
    byAccount: groups(
      trades,
      (trade) => trade.accountId,
      (key) => labels.get(key) ?? key,
    ),
    bySymbol: groups(trades, (trade) => trade.symbol),
    bySide: groups(trades, (trade) => trade.side),
    byDay: groups(trades, tradeKeys.day),
    byHour: groups(trades, tradeKeys.hour),
    byWeekday: groups(trades, tradeKeys.weekday, weekdayName),
  }
}

/** By the hour, its best and worst with it; years by the day. */
async function curveOf(
  db: Queryable,
  { from, to }: TradeFilter,
  accounts: readonly { id: string }[],
  nowMs: number,
): Promise<CurvePoint[]> {
  const isLong = from === undefined || nowMs - Date.parse(from) > HOURLY_MS
  const accountIds = accounts.map((account) => account.id)
  const samples = await loadEquity(db, { accountIds, step: isLong ? 'day' : 'hour', from, to, extremes: true })
  return equityCurve(mergeEquity([...samples.values()]))
}

function closedTrade(row: Row): ClosedTrade[] {
  if (row.closedAt === null) return []
  const { accountId, symbol, side } = row
  const [grossPnl, fees, funding] = [new Exact(row.grossPnl), new Exact(row.fees), new Exact(row.funding)]
  return [{ accountId, symbol, side, openedAtMs: row.openedAt.getTime(), closedAtMs: row.closedAt.getTime(), grossPnl, fees, funding }]
}

/** Of what was there at the start plus what came since: for all time that is what was ever deposited. */
function percentOfCapital(totalPnl: Decimal, curve: readonly CurvePoint[], from: string | undefined): string | null {
  const first = curve[0]
  const last = curve.at(-1)
  if (first === undefined || last === undefined) return null
  const started = from !== undefined && first.atMs < Date.parse(from)
  const capital = started ? new Exact(first.equity).add(last.netDeposits).sub(first.netDeposits) : last.netDeposits
  return capital.gt(0) ? ratio(new Exact(totalPnl).div(capital).mul(100)) : null
}

function inMarket(
  rows: readonly Row[],
  { input, curve, nowMs }: { input: TradeFilter; curve: readonly CurvePoint[]; nowMs: number },
): Decimal | null {
  // A younger account was in no market before it was there.
  const beganMs = curve[0]?.atMs ?? rows[0]?.openedAt.getTime()
  if (beganMs === undefined) return null
  const startMs = Math.max(beganMs, input.from === undefined ? beganMs : Date.parse(input.from))
  const toMs = Math.min(nowMs, input.to === undefined ? nowMs : Date.parse(input.to))
  const spans = rows.map((row) => ({ fromMs: row.openedAt.getTime(), toMs: row.closedAt?.getTime() ?? nowMs }))
  return timeInMarketPercent(spans, { fromMs: startMs, toMs })
}

function groups(
  trades: readonly ClosedTrade[],
  keyOf: (trade: ClosedTrade) => string,
  labelOf: (key: string) => string = (key) => key,
): MetricsGroup[] {
  return figuresBy(trades, keyOf).map(({ key, ...figures }) => Object.assign({ key, label: labelOf(key) }, written(figures)))
}

function weekdayName(key: string): string {
  return ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'][Number(key) - 1] ?? key
}

function written(figures: TradeFigures): Omit<MetricsGroup, 'key' | 'label'> {
  const { averageHoldMs, totalTrades, profitableTrades, losingTrades } = figures
  return {
    totalPnl: amount(figures.totalPnl),
    grossPnl: amount(figures.grossPnl),
    fees: amount(figures.fees),
    funding: amount(figures.funding),
    totalTrades,
    profitableTrades,
    losingTrades,
    winRate: ratio(figures.winRate),
    profitFactor: ratio(figures.profitFactor),
    averageWin: amountOrNull(figures.averageWin),
    averageLoss: amountOrNull(figures.averageLoss),
    largestWin: amountOrNull(figures.largestWin),
    largestLoss: amountOrNull(figures.largestLoss),
    averagePnl: amountOrNull(figures.averagePnl),
    averageHoldSeconds: averageHoldMs === null ? null : Math.round(averageHoldMs / 1000),
  }
}

const amount = (value: Decimal): string => value.toDecimalPlaces(18).toFixed()
const amountOrNull = (value: Decimal | null): string | null => (value === null ? null : amount(value))
const ratio = (value: Decimal | null): string | null => (value === null ? null : value.toDecimalPlaces(6).toFixed())
