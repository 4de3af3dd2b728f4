import { z } from 'zod'
import { defineRoute } from '../http.ts'
import { DecimalInput, PositiveDecimalInput } from '../units.ts'
import { OrderView, Placed, PositionView } from './exchange.ts'
import { TradeView } from './trades.ts'

const Id = z.object({ id: z.uuid() })
const idempotencyKey = z.string().min(8).max(100).optional()

export const listPositions = defineRoute({
  method: 'GET',
  path: '/api/positions',
  policy: 'user',
  summary: 'Open positions of one account or of all.',
  query: z.object({ accountId: z.uuid().optional() }),
  response: z.array(PositionView),
  errors: ['NO_ACCOUNT'],
})

export const PositionDetails = PositionView.extend({
  /** What rests at the exchange for it. */
  protectionOrders: z.array(OrderView),
  /** Its trade so far; null until the fill is booked. */
  trade: TradeView.nullable(),
})
export type PositionDetails = z.infer<typeof PositionDetails>

export const getPosition = defineRoute({
  method: 'GET',
  path: '/api/positions/:id',
  policy: 'user',
  summary: 'One open position, with its stop and target orders and its trade so far.',
  params: Id,
  response: PositionDetails,
  errors: ['POSITION_NOT_FOUND'],
})

/** A fraction of what is there when it is sent: 0.25 is a quarter. */
const Fraction = DecimalInput.refine((text) => Number(text) > 0 && Number(text) <= 1, 'Must be above 0 and at most 1')

export const closePositionById = defineRoute({
  method: 'POST',
  path: '/api/positions/:id/close',
  policy: 'user',
  summary:
    'Close a position at market, or a fraction of it; closing all clears its working orders too. Where several sources share it, all of it is everybody’s and a fraction is of the share of your own hand; with `shareId` both are of that share alone, whoever’s it is. 409 while that share is being closed already.',
  params: Id,
  body: z.strictObject({ fraction: Fraction.default('1'), shareId: z.uuid().optional(), idempotencyKey }).optional(),
  response: Placed,
  errors: ['POSITION_NOT_FOUND', 'ORDER_REFUSED', 'CONFLICT'],
})

export const reversePosition = defineRoute({
  method: 'POST',
  path: '/api/positions/:id/reverse',
  policy: 'user',
  summary: 'Close a position and open the same size, or `quantity`, on the other side. Done whole or not at all.',
  params: Id,
  body: z
    .strictObject({
      quantity: PositiveDecimalInput.optional(),
      stopLoss: PositiveDecimalInput.optional(),
      takeProfit: PositiveDecimalInput.optional(),
      idempotencyKey,
    })
    .optional(),
  response: Placed,
  errors: ['POSITION_NOT_FOUND', 'ORDER_REFUSED', 'ACCOUNT_NOT_READY'],
})

export const setProtection = defineRoute({
  method: 'PUT',
  path: '/api/positions/:id/tp-sl',
  policy: 'user',
  summary:
    'Move, add or (null) take away the stop and the target. A stop that moves is replaced new before old. Where several sources share the position, of the share that `shareId` names, or of all. 202 while the exchange is still at it.',
  params: Id,
  body: z
    .strictObject({
      stopLoss: PositiveDecimalInput.nullable().optional(),
      takeProfit: PositiveDecimalInput.nullable().optional(),
      shareId: z.uuid().optional(),
    })
    .refine((body) => body.stopLoss !== undefined || body.takeProfit !== undefined, 'Name a stop or a target'),
  response: PositionView,
  errors: ['POSITION_NOT_FOUND', 'ORDER_REFUSED', 'CONFLICT'],
})

export const changeMargin = defineRoute({
  method: 'PUT',
  path: '/api/positions/:id/margin',
  policy: 'user',
  summary: 'Add margin to an isolated position, or (below zero) take some back. Amount in quote currency.',
  params: Id,
  body: z.strictObject({
    amount: DecimalInput.refine((text) => Number(text) !== 0, 'Must not be zero'),
    idempotencyKey,
  }),
  response: PositionView,
  errors: ['POSITION_NOT_FOUND', 'ORDER_REFUSED', 'CONFLICT', 'EXCHANGE_UNAVAILABLE'],
})
