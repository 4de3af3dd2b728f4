import { z } from 'zod'
import { defineRoute } from '../http.ts'
import { DecimalString } from '../units.ts'
import { TradeFilter } from './trades.ts'

const AccountQuery = z.object({ accountId: z.uuid().optional() })
const Percent = DecimalString.nullable()

/** Amounts in quote currency (USDT), as last read from the exchange; what was there when an account was connected counts as deposited. */
const AccountWorth = z.object({
  accountId: z.string(),
  label: z.string(),
  exchange: z.string(),
  environment: z.enum(['PAPER', 'DEMO', 'LIVE']),
  equity: DecimalString,
  walletBalance: DecimalString,
  available: DecimalString,
  marginUsed: DecimalString,
  unrealizedPnl: DecimalString,
  netDeposits: DecimalString,
  exposureQuote: DecimalString,
  openPositions: z.number().int(),
  syncedAt: z.string(),
})

/** Change of the equity without deposits and withdrawals; percent of the equity at the start. Null where nothing is known from then. */
const Change = z.object({ hours: z.number().int(), pnl: DecimalString.nullable(), percent: Percent })

export const PortfolioView = z.object({
  accounts: z.array(AccountWorth),
  equity: DecimalString,
  walletBalance: DecimalString,
  available: DecimalString,
  marginUsed: DecimalString,
  unrealizedPnl: DecimalString,
  netDeposits: DecimalString,
  /** Notional of everything open at the mark, long and short added. */
  exposureQuote: DecimalString,
  /** Exposure as percent of equity. */
  exposurePercent: Percent,
  openPositions: z.number().int(),
  /** Realised since 00:00 UTC, fees and funding included. */
  realizedToday: DecimalString,
  changes: z.array(Change),
})
export type PortfolioView = z.infer<typeof PortfolioView>

export const getPortfolio = defineRoute({
  method: 'GET',
  path: '/api/portfolio',
  policy: 'user',
  summary: 'What one account, or all together, are worth now.',
  query: AccountQuery,
  response: PortfolioView,
  errors: ['NO_ACCOUNT'],
})

/** `pnl` is equity without net deposits; `drawdown` its distance from the highest so far, zero or below. Quote. */
export const EquityPoint = z.object({
  at: z.string(),
  equity: DecimalString,
  walletBalance: DecimalString,
  netDeposits: DecimalString,
  pnl: DecimalString,
  drawdown: DecimalString,
  drawdownPercent: Percent,
})
export type EquityPoint = z.infer<typeof EquityPoint>

export const getPortfolioHistory = defineRoute({
  method: 'GET',
  path: '/api/portfolio/history',
  policy: 'user',
  summary: 'Equity over time with its drawdown, newest first; by the minute the last 7 days unless `from` says otherwise.',
  query: AccountQuery.extend({
    page: z.coerce.number().int().min(1).default(1),
    limit: z.coerce.number().int().min(1).max(2_000).default(500),
    step: z.enum(['minute', 'hour', 'day']).default('hour'),
    from: TradeFilter.shape.from,
    to: TradeFilter.shape.to,
  }),
  response: z.array(EquityPoint),
  errors: ['NO_ACCOUNT'],
})

/** Null where there is nothing to divide by. `funding` above zero was received. Percent of what: see getPortfolioMetrics. */
const TradeFigures = z.object({
  totalPnl: DecimalString,
  grossPnl: DecimalString,
  fees: DecimalString,
  funding: DecimalString,
  totalTrades: z.number().int(),
  profitableTrades: z.number().int(),
  losingTrades: z.number().int(),
  winRate: Percent,
  profitFactor: DecimalString.nullable(),
  averageWin: DecimalString.nullable(),
  averageLoss: DecimalString.nullable(),
  largestWin: DecimalString.nullable(),
  largestLoss: DecimalString.nullable(),
  averagePnl: DecimalString.nullable(),
  averageHoldSeconds: z.number().int().nullable(),
})

const Group = TradeFigures.extend({ key: z.string(), label: z.string() })

/**
 * What the exchange booked in the time asked for, of open positions too. Quote; `fees` above zero was paid, `funding` above zero was received.
 * `feesElsewhere` was paid in other currencies, in those.
 */
const BookedCosts = z.object({
  fees: DecimalString,
  funding: DecimalString,
  feesElsewhere: z.array(z.object({ currency: z.string(), amount: DecimalString })),
})

export const PortfolioMetrics = TradeFigures.extend({
  /** Null where a side is asked for: bookings have none. */
  booked: BookedCosts.nullable(),
  totalPnlPercent: Percent,
  maxDrawdown: DecimalString,
  maxDrawdownPercent: Percent,
  sharpe: DecimalString.nullable(),
  sortino: DecimalString.nullable(),
  /** Share of the time in which something was open. */
  timeInMarketPercent: Percent,
  byAccount: z.array(Group),
  bySymbol: z.array(Group),
  bySide: z.array(Group),
  /** UTC days, YYYY-MM-DD, oldest first. */
  byDay: z.array(Group),
  /** UTC hours in which trades were opened, 00 to 23. */
  byHour: z.array(Group),
  /** UTC weekdays on which trades were opened, 1 is Monday. */
  byWeekday: z.array(Group),
})
export type PortfolioMetrics = z.infer<typeof PortfolioMetrics>
export type MetricsGroup = z.infer<typeof Group>

export const getPortfolioMetrics = defineRoute({
  method: 'GET',
  path: '/api/portfolio/metrics',
  policy: 'user',
  summary:
    'Figures of closed trades: PnL is net of fees and funding, its percent is of the equity at the start plus what was deposited since. `booked` holds all fees and funding of the ledger, those of open positions too. Drawdown, Sharpe and Sortino come from equity without deposits; with a symbol or side asked for, drawdown comes from the trades and the ratios are null.',
  query: TradeFilter,
  response: PortfolioMetrics,
  errors: ['NO_ACCOUNT'],
})
