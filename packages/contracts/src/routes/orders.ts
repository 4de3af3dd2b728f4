import { z } from 'zod'
import { defineRoute, PageQuery } from '../http.ts'
import { DecimalString, PositiveDecimalInput, Side } from '../units.ts'
import { OrderView, Placed, placeOrder } from './exchange.ts'
import { TradeFilter } from './trades.ts'

const Id = z.object({ id: z.uuid() })

const OrderFilter = TradeFilter.omit({ side: true }).extend({ side: Side.optional() })

/** `slippagePercent`: how much worse than the price it was sized at, in percent; below zero is better. */
export const OrderRow = OrderView.extend({
  accountLabel: z.string(),
  fee: DecimalString.nullable(),
  feeCurrency: z.string().nullable(),
  slippagePercent: DecimalString.nullable(),
})
export type OrderRow = z.infer<typeof OrderRow>

export const listOrderRows = defineRoute({
  method: 'GET',
  path: '/api/orders',
  policy: 'user',
  summary: 'Orders that are not over, newest first: open rest as they are, conditional wait for a price.',
  query: OrderFilter.extend(PageQuery.shape).extend({ kind: z.enum(['open', 'conditional', 'all']).default('all') }),
  response: z.array(OrderRow),
})

export const listOrderHistory = defineRoute({
  method: 'GET',
  path: '/api/orders/history',
  policy: 'user',
  summary: 'Orders that are over, newest first.',
  query: OrderFilter.extend(PageQuery.shape),
  response: z.array(OrderRow),
})

export const exportOrderHistory = defineRoute({
  method: 'GET',
  path: '/api/orders/history/export',
  policy: 'user',
  produces: 'csv',
  summary: 'The same orders as CSV (RFC 4180), oldest first, at most 100,000.',
  query: OrderFilter,
  response: z.string(),
})

export const FillView = z.object({
  tradeId: z.string(),
  side: Side,
  quantity: DecimalString,
  price: DecimalString,
  fee: DecimalString,
  feeCurrency: z.string(),
  at: z.string(),
})
export type FillView = z.infer<typeof FillView>

export const AttemptView = z.object({
  number: z.number().int(),
  state: z.string(),
  answerCode: z.string().nullable(),
  answerText: z.string().nullable(),
  createdAt: z.string(),
  resolvedAt: z.string().nullable(),
})
export type AttemptView = z.infer<typeof AttemptView>

export const OrderDetails = OrderRow.extend({ fills: z.array(FillView), attempts: z.array(AttemptView) })
export type OrderDetails = z.infer<typeof OrderDetails>

export const getOrder = defineRoute({
  method: 'GET',
  path: '/api/orders/:id',
  policy: 'user',
  summary: 'One order with its fills and every request made for it.',
  params: Id,
  response: OrderDetails,
  errors: ['ORDER_NOT_FOUND'],
})

export const createOrder = defineRoute({
  method: 'POST',
  path: '/api/orders',
  policy: 'user',
  summary: 'Place an order by hand, as POST /api/exchange/order does.',
  body: placeOrder.body,
  response: Placed,
  errors: placeOrder.errors,
})

export const replaceOrder = defineRoute({
  method: 'PUT',
  path: '/api/orders/:id',
  policy: 'user',
  summary:
    'Change a working order: a stop or target moves its trigger price; a limit order is cancelled and what it had left is placed anew. The answer holds the order in force then.',
  params: Id,
  body: z
    .strictObject({
      price: PositiveDecimalInput.optional(),
      quantity: PositiveDecimalInput.optional(),
      triggerPrice: PositiveDecimalInput.optional(),
    })
    .refine((body) => Object.values(body).some((value) => value !== undefined), 'Name what is to change'),
  response: OrderView,
  errors: ['ORDER_NOT_FOUND', 'CONFLICT', 'ORDER_REFUSED', 'VALIDATION_FAILED'],
})

export const removeOrder = defineRoute({
  method: 'DELETE',
  path: '/api/orders/:id',
  policy: 'user',
  summary: 'Cancel a working order.',
  params: Id,
  response: OrderView,
  errors: ['ORDER_NOT_FOUND', 'CONFLICT'],
})
