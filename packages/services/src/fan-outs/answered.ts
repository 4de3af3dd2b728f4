/** Refusals that say something of the one account and nothing of all the others. */
const OWN_FAULT = ['KEY_INVALID', 'REJECTED_MARGIN', 'REJECTED_POSITION_MODE', 'REJECTED_LEVERAGE', 'CLOCK_SKEW']

/** SQL: the exchange took this open. */
export function isAccepted(order: string): string {
  return `${order}.acked_at IS NOT NULL`
}

/** SQL: the exchange refused this open, for a reason that others may meet too. */
export function isRefused(order: string): string {
  return `(${order}.state = 'REJECTED' AND ${order}.acked_at IS NULL AND ${order}.submitted_at IS NOT NULL AND NOT ${order}.reason = ANY('{${OWN_FAULT.join(',')}}'))`
}
