/** Why the exchange does not do what it was asked. Wire dialects turn these into their own codes. */
export type RefusalKind =
  | 'ACCOUNT_UNKNOWN'
  | 'SYMBOL_UNKNOWN'
  | 'QUANTITY_NOT_POSITIVE'
  | 'QUANTITY_BELOW_MINIMUM'
  | 'QUANTITY_ABOVE_MAXIMUM'
  | 'QUANTITY_PRECISION'
  | 'PRICE_NOT_POSITIVE'
  | 'PRICE_PRECISION'
  | 'PRICE_BELOW_MINIMUM'
  | 'PRICE_ABOVE_MAXIMUM'
  | 'PRICE_OFF_TICK'
  | 'PRICE_TOO_HIGH'
  | 'PRICE_TOO_LOW'
  | 'PRICE_NOT_REACHABLE'
  | 'TRIGGER_PRICE_NOT_POSITIVE'
  | 'NOTIONAL_BELOW_MINIMUM'
  | 'CLIENT_ID_TAKEN'
  | 'CLIENT_ALGO_ID_TAKEN'
  | 'POSITION_SIDE_MISMATCH'
  | 'REDUCE_ONLY_REJECTED'
  | 'REDUCE_ONLY_COVERED'
  | 'MARGIN_INSUFFICIENT'
  | 'POSITION_ABOVE_LEVERAGE_LIMIT'
  | 'WOULD_TRIGGER'
  | 'CLOSE_POSITION_EXISTS'
  | 'ACTIVATION_PRICE_INVALID'
  | 'CALLBACK_RATE_INVALID'
  | 'GTE_NEEDS_POSITION'
  | 'WOULD_TAKE'
  | 'TOO_MANY_ORDERS'
  | 'TOO_MANY_ALGOS'
  | 'ORDER_UNKNOWN'
  | 'ORDER_GONE'
  | 'NOTHING_TO_MODIFY'
  | 'MODIFY_NOT_LIMIT'
  | 'LEVERAGE_INVALID'
  | 'LEVERAGE_NEEDS_MARGIN'
  | 'LEVERAGE_LOCKED'
  | 'MARGIN_TYPE_UNCHANGED'
  | 'MARGIN_TYPE_HAS_ORDERS'
  | 'MARGIN_TYPE_HAS_POSITION'
  | 'POSITION_MODE_UNCHANGED'
  | 'POSITION_MODE_HAS_ORDERS'
  | 'POSITION_MODE_HAS_POSITION'
  | 'MARGIN_ADD_NEEDS_POSITION'
  | 'MARGIN_ADD_NEEDS_ISOLATED'
  | 'CROSS_BALANCE_INSUFFICIENT'
  | 'ISOLATED_BALANCE_INSUFFICIENT'
  | 'MARGIN_AMOUNT_INVALID'

export class Refusal extends Error {
  readonly kind: RefusalKind
  /** The number the refusal is about, decimal text. */
  readonly detail: string

  constructor(kind: RefusalKind, detail = '') {
    super(detail === '' ? kind : `${kind} ${detail}`)
    this.kind = kind
    this.detail = detail
  }
}
