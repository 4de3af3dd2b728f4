import { z } from 'zod'
import { defineRoute, PageQuery } from '../http.ts'
import { DecimalString, PositionDirection } from '../units.ts'

/** Narrowing that lists of trades and their metrics share. Times in ISO 8601; a trade falls into the time in which it closed. */
export const TradeFilter = z.object({
  accountId: z.uuid().optional(),
  symbol: z.string().max(40).optional(),
  side: PositionDirection.optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
})
export type TradeFilter = z.infer<typeof TradeFilter>

/**
 * From flat to flat. Quantities base; prices quote per base, averages; amounts quote. `netPnl` is price result − fees + funding;
 * `netPnlPercent` is percent of what went in.
 */
export const TradeView = z.object({
  id: z.string(),
  accountId: z.string(),
  accountLabel: z.string(),
  symbol: z.string(),
  side: PositionDirection,
  source: z.enum(['WEBHOOK', 'MANUAL']).nullable(),
  openedAt: z.string(),
  closedAt: z.string().nullable(),
  quantity: DecimalString,
  entryPrice: DecimalString,
  exitQuantity: DecimalString,
  exitPrice: DecimalString.nullable(),
  grossPnl: DecimalString,
  fees: DecimalString,
  feeCurrency: z.string(),
  funding: DecimalString,
  netPnl: DecimalString,
  netPnlPercent: DecimalString.nullable(),
  isLiquidation: z.boolean(),
})
export type TradeView = z.infer<typeof TradeView>

const TradeState = z.enum(['closed', 'open', 'all']).default('closed')

export const listTrades = defineRoute({
  method: 'GET',
  path: '/api/trades',
  policy: 'user',
  summary: 'Trades of one account or of all, newest first.',
  query: TradeFilter.extend(PageQuery.shape).extend({ state: TradeState }),
  response: z.array(TradeView),
})

export const exportTrades = defineRoute({
  method: 'GET',
  path: '/api/trades/export',
  policy: 'user',
  produces: 'csv',
  summary: 'The same trades as CSV (RFC 4180), oldest first, at most 100,000.',
  query: TradeFilter.extend({ state: TradeState }),
  response: z.string(),
})
