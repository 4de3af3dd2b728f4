import { z } from 'zod'
import { defineRoute, PageQuery } from '../http.ts'
import { DecimalString } from '../units.ts'
import { TradeFilter } from './trades.ts'

/** Amounts in the named currency. */
export const WalletBalance = z.object({
  accountId: z.string(),
  accountLabel: z.string(),
  environment: z.enum(['PAPER', 'DEMO', 'LIVE']),
  currency: z.string(),
  total: DecimalString,
  available: DecimalString,
  inUse: DecimalString,
  netDeposits: DecimalString,
  syncedAt: z.string(),
})
export type WalletBalance = z.infer<typeof WalletBalance>

export const getWallet = defineRoute({
  method: 'GET',
  path: '/api/wallet',
  policy: 'user',
  summary: 'Balances by account and currency, as last read from the exchanges.',
  query: z.object({ accountId: z.uuid().optional() }),
  response: z.array(WalletBalance),
})

export const getWalletCurrency = defineRoute({
  method: 'GET',
  path: '/api/wallet/:currency',
  policy: 'user',
  summary: 'Balances in one currency.',
  params: z.object({ currency: z.string().regex(/^[A-Za-z0-9]{2,12}$/) }),
  query: z.object({ accountId: z.uuid().optional() }),
  response: z.array(WalletBalance),
})

export const LEDGER_TYPES = ['TRANSFER', 'COMMISSION', 'FUNDING_FEE', 'REALIZED_PNL', 'INSURANCE_CLEAR', 'OTHER'] as const

/** One booking of the exchange; above zero it came in. */
export const LedgerView = z.object({
  id: z.string(),
  accountId: z.string(),
  accountLabel: z.string(),
  type: z.enum(LEDGER_TYPES),
  amount: DecimalString,
  currency: z.string(),
  symbol: z.string().nullable(),
  venueId: z.string(),
  at: z.string(),
})
export type LedgerView = z.infer<typeof LedgerView>

const LedgerQuery = TradeFilter.omit({ side: true }).extend({ type: z.enum(LEDGER_TYPES).optional() })

export const getWalletHistory = defineRoute({
  method: 'GET',
  path: '/api/wallet/history',
  policy: 'user',
  summary: 'The ledger: realised results, fees, funding, deposits and withdrawals, newest first.',
  query: LedgerQuery.extend(PageQuery.shape),
  response: z.array(LedgerView),
})

export const exportWalletHistory = defineRoute({
  method: 'GET',
  path: '/api/wallet/history/export',
  policy: 'user',
  produces: 'csv',
  summary: 'The same ledger as CSV (RFC 4180), oldest first, at most 100,000.',
  query: LedgerQuery,
  response: z.string(),
})
