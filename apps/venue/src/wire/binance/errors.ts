import type { RefusalKind } from '../../engine/refusal.ts'
import { Refusal } from '../../engine/refusal.ts'

/** An answer that is no success: HTTP status and the body `{ code, msg }`. */
export class WireError extends Error {
  readonly status: number
  readonly code: number

  constructor(code: number, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

export const missing = (name: string) => new WireError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`)
export const notRequired = (name: string) => new WireError(-1106, `Parameter '${name}' sent when not required.`)
export const invalidValue = (name: string) => new WireError(-1130, `Data sent for parameter '${name}' is not valid.`)
export const invalidSymbol = () => new WireError(-1121, 'Invalid symbol.')

type Text = string | ((detail: string) => string)

const refusals: Readonly<Record<RefusalKind, readonly [code: number, message: Text]>> = {
  ACCOUNT_UNKNOWN: [-2015, 'Invalid API-key, IP, or permissions for action'],
  SYMBOL_UNKNOWN: [-1121, 'Invalid symbol.'],
  QUANTITY_NOT_POSITIVE: [-4003, 'Quantity less than or equal to zero.'],
  QUANTITY_BELOW_MINIMUM: [-4004, 'Quantity less than min quantity.'],
  QUANTITY_ABOVE_MAXIMUM: [-4005, 'Quantity greater than max quantity.'],
  QUANTITY_PRECISION: [-1111, 'Precision is over the maximum defined for this asset.'],
  PRICE_NOT_POSITIVE: [-4001, 'Price less than 0.'],
  PRICE_PRECISION: [-1111, 'Precision is over the maximum defined for this asset.'],
  PRICE_BELOW_MINIMUM: [-4013, (detail) => `Price less than min price ${detail}.`],
  PRICE_ABOVE_MAXIMUM: [-4002, 'Price greater than max price.'],
  PRICE_OFF_TICK: [-4014, 'Price not increased by tick size.'],
  PRICE_TOO_HIGH: [-4016, (detail) => `Limit price can't be higher than ${detail}.`],
  PRICE_TOO_LOW: [-4024, (detail) => `Limit price can't be lower than ${detail}.`],
  PRICE_NOT_REACHABLE: [-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."],
  TRIGGER_PRICE_NOT_POSITIVE: [-4006, 'Stop price less than or equal to zero.'],
  NOTIONAL_BELOW_MINIMUM: [-4164, (detail) => `Order's notional must be no smaller than ${detail} (unless you choose reduce only).`],
  CLIENT_ID_TAKEN: [-4116, 'ClientOrderId is duplicated.'],
  CLIENT_ALGO_ID_TAKEN: [-20132, 'Client algo id is duplicated.'],
  POSITION_SIDE_MISMATCH: [-4061, "Order's position side does not match user's setting."],
  REDUCE_ONLY_REJECTED: [-2022, 'ReduceOnly Order is rejected.'],
  REDUCE_ONLY_COVERED: [-4118, 'ReduceOnly Order Failed. Please check your existing position and open orders.'],
  MARGIN_INSUFFICIENT: [-2019, 'Margin is insufficient.'],
  POSITION_ABOVE_LEVERAGE_LIMIT: [-2027, 'Exceeded the maximum allowable position at current leverage.'],
  WOULD_TRIGGER: [-2021, 'Order would immediately trigger.'],
  CLOSE_POSITION_EXISTS: [-4130, 'An open stop or take profit order with GTE and closePosition in the direction is existing.'],
  ACTIVATION_PRICE_INVALID: [-4135, 'Invalid activation price'],
  CALLBACK_RATE_INVALID: [-2007, 'Invalid callBack rate'],
  GTE_NEEDS_POSITION: [
    -4509,
    'Time in Force (TIF) GTE can only be used with open positions or open orders. Please ensure that positions or orders are available.',
  ],
  WOULD_TAKE: [
    -5022,
    'Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history.',
  ],
  TOO_MANY_ORDERS: [-2025, 'Reach max open order limit.'],
  TOO_MANY_ALGOS: [-4045, 'Reach max stop order limit.'],
  ORDER_UNKNOWN: [-2013, 'Order does not exist.'],
  ORDER_GONE: [-2011, 'Unknown order sent.'],
  NOTHING_TO_MODIFY: [-5027, 'No need to modify the order.'],
  MODIFY_NOT_LIMIT: [-5024, 'Only limit order is supported.'],
  LEVERAGE_INVALID: [-4028, (detail) => `Leverage ${detail} is not valid`],
  LEVERAGE_NEEDS_MARGIN: [-2028, 'Leverage is smaller than permitted: insufficient margin balance.'],
  LEVERAGE_LOCKED: [-4161, 'Leverage reduction is not supported in Isolated Margin Mode with open positions.'],
  MARGIN_TYPE_UNCHANGED: [-4046, 'No need to change margin type.'],
  MARGIN_TYPE_HAS_ORDERS: [-4047, 'Margin type cannot be changed if there exists open orders.'],
  MARGIN_TYPE_HAS_POSITION: [-4048, 'Margin type cannot be changed if there exists position.'],
  POSITION_MODE_UNCHANGED: [-4059, 'No need to change position side.'],
  POSITION_MODE_HAS_ORDERS: [-4067, 'Position side cannot be changed if there exists open orders.'],
  POSITION_MODE_HAS_POSITION: [-4068, 'Position side cannot be changed if there exists position.'],
  MARGIN_ADD_NEEDS_POSITION: [-4054, 'Cannot add position margin: position is 0.'],
  MARGIN_ADD_NEEDS_ISOLATED: [-4049, 'Add margin only support for isolated position.'],
  CROSS_BALANCE_INSUFFICIENT: [-4050, 'Cross balance insufficient.'],
  ISOLATED_BALANCE_INSUFFICIENT: [-4051, 'Isolated balance insufficient.'],
  MARGIN_AMOUNT_INVALID: [-4055, 'Amount must be positive.'],
}

export function toWireError(error: unknown): WireError | undefined {
  if (error instanceof WireError) return error
  if (!(error instanceof Refusal)) return undefined
  const [code, message] = refusals[error.kind]
  return new WireError(code, typeof message === 'string' ? message : message(error.detail))
}
