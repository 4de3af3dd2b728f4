import { z } from 'zod'
import { defineRoute, PageQuery } from '../http.ts'
import { DecimalString, PositiveDecimalInput, Side } from '../units.ts'
import { KeyStatus } from './accounts.ts'

const AccountQuery = z.object({ accountId: z.uuid().optional() })

export const AccountView = z.object({
  id: z.string(),
  exchange: z.string(),
  environment: z.enum(['PAPER', 'DEMO', 'LIVE']),
  label: z.string(),
  isActive: z.boolean(),
  keyStatus: KeyStatus,
  maskedApiKey: z.string().nullable(),
})
export type AccountView = z.infer<typeof AccountView>

/** All amounts in quote currency (USDT). */
export const BalanceView = z.object({
  accountId: z.string(),
  totalBalance: DecimalString,
  availableBalance: DecimalString,
  unrealizedPnl: DecimalString,
  equity: DecimalString,
  marginUsed: DecimalString,
  marginAvailable: DecimalString,
  syncedAt: z.string(),
  version: z.number().int(),
})
export type BalanceView = z.infer<typeof BalanceView>

/** What one source holds of a position that several share. Amounts as of a position. */
export const ShareView = z.object({
  id: z.string(),
  routeId: z.string(),
  source: z.enum(['WEBHOOK', 'MANUAL', 'FOLLOW']),
  followId: z.string().nullable(),
  /** What the follow copies. */
  strategyName: z.string().nullable(),
  /** The last characters of the webhook's address, where it is a webhook's that still stands. */
  webhookTail: z.string().nullable(),
  /** May differ from the position's, which is what all of them come to. */
  side: z.enum(['LONG', 'SHORT']),
  size: DecimalString,
  /** Of the size: what the exchange holds and guards. The rest stands against shares of the other side, and its stop and target are watched here. */
  atExchange: DecimalString,
  entryPrice: DecimalString.nullable(),
  unrealizedPnl: DecimalString.nullable(),
  stopLoss: DecimalString.nullable(),
  takeProfit: DecimalString.nullable(),
  protection: z.enum(['NONE', 'PROTECTING', 'PROTECTED', 'EMERGENCY']),
  openedAt: z.string().nullable(),
})
export type ShareView = z.infer<typeof ShareView>

/** size is base; prices quote per base; PnL and margin quote; unrealizedPnlPercent is percent of margin. */
export const PositionView = z.object({
  id: z.string(),
  accountId: z.string(),
  /** The follow that opened it; null: one’s own. */
  followId: z.string().nullable(),
  symbol: z.string(),
  marketId: z.string(),
  side: z.enum(['LONG', 'SHORT']),
  /** LONG or SHORT where both may stand beside each other (hedge mode). */
  positionSide: z.enum(['BOTH', 'LONG', 'SHORT']),
  size: DecimalString,
  entryPrice: DecimalString,
  markPrice: DecimalString.nullable(),
  leverage: z.number().int().nullable(),
  marginMode: z.string().nullable(),
  unrealizedPnl: DecimalString.nullable(),
  unrealizedPnlPercent: DecimalString.nullable(),
  liquidationPrice: DecimalString.nullable(),
  margin: DecimalString.nullable(),
  stopLoss: DecimalString.nullable(),
  takeProfit: DecimalString.nullable(),
  protection: z.enum(['NONE', 'PROTECTING', 'PROTECTED', 'EMERGENCY']),
  openedAt: z.string().nullable(),
  syncedAt: z.string(),
  version: z.number().int(),
  /** Whose it is, where the account's sources share symbols; then stop and target are those that all shares have, and protection the weakest. */
  shares: z.array(ShareView).optional(),
})
export type PositionView = z.infer<typeof PositionView>

export const OrderView = z.object({
  id: z.string(),
  accountId: z.string(),
  signalId: z.string().nullable(),
  symbol: z.string(),
  leg: z.string(),
  side: Side,
  type: z.string(),
  quantity: DecimalString.nullable(),
  filled: DecimalString,
  price: DecimalString.nullable(),
  triggerPrice: DecimalString.nullable(),
  averagePrice: DecimalString.nullable(),
  reduceOnly: z.boolean(),
  state: z.string(),
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
  clientOrderId: z.string(),
  exchangeOrderId: z.string().nullable(),
  createdAt: z.string(),
  submittedAt: z.string().nullable(),
  ackedAt: z.string().nullable(),
  filledAt: z.string().nullable(),
  protectedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  version: z.number().int(),
})
export type OrderView = z.infer<typeof OrderView>

export const listAccounts = defineRoute({
  method: 'GET',
  path: '/api/exchange/accounts',
  policy: 'user',
  summary: 'Exchange accounts of the signed-in user.',
  response: z.array(AccountView),
})

export const getBalance = defineRoute({
  method: 'GET',
  path: '/api/exchange/balance',
  policy: 'user',
  summary: 'Balance of one account, as last read from the exchange.',
  query: AccountQuery,
  response: BalanceView,
  errors: ['NO_ACCOUNT', 'ACCOUNT_NOT_READY'],
})

export const getPositions = defineRoute({
  method: 'GET',
  path: '/api/exchange/positions',
  policy: 'user',
  summary: 'Open positions of one account.',
  query: AccountQuery,
  response: z.array(PositionView),
  errors: ['NO_ACCOUNT'],
})

export const getEquityHistory = defineRoute({
  method: 'GET',
  path: '/api/exchange/equity',
  policy: 'user',
  summary: 'Equity snapshots of one account, oldest first.',
  query: AccountQuery.extend({ limit: z.coerce.number().int().min(1).max(2000).default(500) }),
  response: z.array(z.object({ at: z.string(), equity: DecimalString, walletBalance: DecimalString, netDeposits: DecimalString })),
})

export const listOrders = defineRoute({
  method: 'GET',
  path: '/api/exchange/orders',
  policy: 'user',
  summary: 'Orders, newest first; state=working lists what rests at the exchange.',
  query: AccountQuery.extend(PageQuery.shape).extend({ state: z.enum(['working', 'all']).default('all') }),
  response: z.array(OrderView),
})

/** A manual order is a signal like any other; the answer names it and the orders it became, as far as known within 5 s. */
export const Placed = z.object({
  signalId: z.string(),
  decision: z.string().nullable(),
  reason: z.string().nullable(),
  reasonText: z.string().nullable(),
  orders: z.array(OrderView),
})

export const placeOrder = defineRoute({
  method: 'POST',
  path: '/api/exchange/order',
  policy: 'user',
  summary: 'Place an order by hand: 200 when it reached the exchange, 202 with its id when that takes longer than 5 s.',
  body: z.strictObject({
    accountId: z.uuid().optional(),
    symbol: z.string().min(3).max(40),
    side: z.preprocess((v) => (typeof v === 'string' ? v.toLowerCase() : v), z.enum(['buy', 'sell', 'long', 'short'])),
    type: z.preprocess((v) => (typeof v === 'string' ? v.toLowerCase() : v), z.enum(['market', 'limit'])).default('market'),
    quantity: PositiveDecimalInput,
    price: PositiveDecimalInput.optional(),
    leverage: z.coerce.number().int().min(1).max(125).optional(),
    stopLoss: PositiveDecimalInput.optional(),
    takeProfit: PositiveDecimalInput.optional(),
    idempotencyKey: z.string().min(8).max(100).optional(),
  }),
  response: Placed,
  errors: ['NO_ACCOUNT', 'ACCOUNT_NOT_READY', 'MARKET_NOT_FOUND', 'ORDER_REFUSED'],
})

export const closePosition = defineRoute({
  method: 'POST',
  path: '/api/exchange/close-position',
  policy: 'user',
  summary: 'Close the whole position in a symbol at market; its working orders are cleared too.',
  body: z.strictObject({
    accountId: z.uuid().optional(),
    symbol: z.string().min(3).max(40),
    idempotencyKey: z.string().min(8).max(100).optional(),
  }),
  response: Placed,
  errors: ['NO_ACCOUNT', 'POSITION_NOT_FOUND', 'ORDER_REFUSED'],
})

export const cancelOrder = defineRoute({
  method: 'DELETE',
  path: '/api/exchange/orders/:id',
  policy: 'user',
  summary: 'Cancel a working order.',
  params: z.object({ id: z.uuid() }),
  response: OrderView,
  errors: ['ORDER_NOT_FOUND', 'CONFLICT'],
})
