import type { ReasonNumbers } from '@matic/contracts'
import type { LaneOrder } from './lane-view.ts'

interface Refusals {
  readonly accepted: number
  readonly refused: number
}

export interface StopsRow {
  /** It waits for the canary of its fan-out, until then at the latest. */
  readonly heldUntil: Date | null
  readonly halted: (Refusals & { readonly limit: number }) | null
  readonly breaker: (Refusals & { readonly scope: string; readonly until: string }) | null
}

/** What keeps an open of many from being sent: its canary, or a breaker of its strategy or its venue. */
export function stopColumns(order: string, fanOut: string): string {
  const isReadyOpen = `${order}.leg = 'open' AND ${order}.state = 'READY'`
  return `CASE WHEN ${isHeld(order, fanOut)} THEN ${fanOut}.hold_until END AS "heldUntil",
    CASE WHEN ${isReadyOpen} AND ${fanOut}.state = 'HALTED' THEN
      json_build_object('accepted', ${fanOut}.accepted, 'refused', ${fanOut}.refused, 'limit', ${fanOut}.reject_percent) END AS halted,
    CASE WHEN ${isReadyOpen} AND EXISTS (SELECT 1 FROM breaker WHERE open_until > clock_timestamp()) THEN
      (SELECT json_build_object('scope', b.scope, 'accepted', b.accepted, 'refused', b.refused, 'until', b.open_until) FROM breaker b
        WHERE b.open_until > clock_timestamp()
          AND (b.scope = (SELECT 'venue:' || c.exchange FROM account c WHERE c.id = ${order}.account_id)
               OR b.scope = (SELECT 'strategy:' || f.strategy_id FROM route r JOIN follow f ON f.id = r.follow_id WHERE r.id = ${order}.route_id))
        ORDER BY b.open_until DESC LIMIT 1) END AS breaker`
}

/** Not sent before its canary is answered. */
export function isHeld(order: string, fanOut: string): string {
  return `coalesce(NOT ${order}.is_canary AND ${fanOut}.state = 'HELD' AND ${fanOut}.hold_until > clock_timestamp(), false)`
}

export function stoppedBy({ halted, breaker }: Pick<StopsRow, 'halted' | 'breaker'>): LaneOrder['stopped'] {
  if (halted !== null)
    return { reason: 'CANARY_HALTED', numbers: { ...counted(halted), percent: percentOf(halted), limitPercent: halted.limit } }
  if (breaker === null) return null
  const where = breaker.scope.startsWith('venue:') ? 'at this exchange' : 'of this strategy'
  return { reason: 'BREAKER_OPEN', numbers: { ...counted(breaker), where, until: new Date(breaker.until).toISOString() } }
}

function counted({ accepted, refused }: Refusals): ReasonNumbers {
  return { refused, answered: accepted + refused }
}

function percentOf({ accepted, refused }: Refusals): number {
  return Math.round((100 * refused) / Math.max(1, accepted + refused))
}
