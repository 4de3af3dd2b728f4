export const ORDER_STATES = [
  'READY',
  'SUBMITTING',
  'UNKNOWN',
  'ACKED',
  'PARTIAL',
  'FILLED',
  'CANCELED',
  'REJECTED',
  'EXPIRED',
  'BLOCKED',
  'SUPERSEDED',
  'MOOT',
  'DEAD',
] as const
export type OrderState = (typeof ORDER_STATES)[number]

/** Resting at the exchange. */
export const WORKING_STATES = ['ACKED', 'PARTIAL'] as const satisfies readonly OrderState[]
/** The lane still owes this order something before it may go on to the next. */
export const UNRESOLVED_STATES = ['SUBMITTING', 'UNKNOWN'] as const satisfies readonly OrderState[]
export const TERMINAL_STATES = [
  'FILLED',
  'CANCELED',
  'REJECTED',
  'EXPIRED',
  'BLOCKED',
  'SUPERSEDED',
  'MOOT',
  'DEAD',
] as const satisfies readonly OrderState[]

export function isTerminal(state: OrderState): boolean {
  return (TERMINAL_STATES as readonly OrderState[]).includes(state)
}

export const ORDER_LEGS = ['close', 'reduce', 'open', 'stop', 'target', 'trailing', 'emergency'] as const
export type OrderLeg = (typeof ORDER_LEGS)[number]

export const ORDER_TYPES = ['market', 'limit', 'stop-market', 'take-profit-market', 'trailing-stop-market'] as const
export type OrderType = (typeof ORDER_TYPES)[number]

/** Lower goes first. */
export const PRIORITY = { close: 0, protection: 1, open: 2 } as const
