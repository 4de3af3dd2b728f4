import type { Alert, PositionDirection } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { deriveIntent, type HeldPosition, type Intent } from '../intent/derive-intent.ts'
import type { LeaderBook } from './types.ts'

/** What the leader does: which way, from which size, and by how much. Base quantities; null where it is not to be known. */
export interface LeaderMove {
  readonly intent: Intent
  readonly heldBase: Decimal | null
  /** What is opened or added. */
  readonly changeBase: Decimal | null
}

/** Reads the alert against the leader's own position: what the alert says of it, else what their account holds. */
export function leaderMove(alert: Alert, leader: LeaderBook, symbol: string): LeaderMove {
  const held = heldByLeader(alert, leader, symbol)
  const intent = deriveIntent(alert, held, { sizesCompare: alert.quantityUnit === 'base' })
  const ordered = leader.decision?.orders.find((order) => order.leg === 'open' && order.symbol === symbol)?.quantityBase
  const asked = alert.quantityUnit === 'base' ? intent.quantityBase : null
  return { intent, heldBase: held?.quantityBase ?? null, changeBase: ordered ? new Decimal(ordered) : asked }
}

function heldByLeader(alert: Alert, leader: LeaderBook, symbol: string): HeldPosition | null {
  const { previousMarketPosition: before, previousMarketPositionSize: size } = alert
  if (before === 'flat') return null
  if (before !== null && size !== null && new Decimal(size).gt(0)) return { side: sideOf(before), quantityBase: new Decimal(size) }
  return heldBy(leader, symbol, (routeId) => routeId === null || leader.routeId === null || routeId === leader.routeId)
}

interface Holders {
  readonly positions: LeaderBook['positions']
  readonly pendingOpens: LeaderBook['pendingOpens']
}

/** What is held of a market and on its way, of those routes. Base. */
export function heldBy(
  { positions, pendingOpens }: Holders,
  symbol: string,
  counts: (routeId: string | null) => boolean,
): HeldPosition | null {
  const signed = (isLong: boolean, base: string) => new Decimal(base).mul(isLong ? 1 : -1)
  const amounts = [
    ...positions.filter((one) => one.symbol === symbol && counts(one.routeId)).map((one) => signed(one.side === 'LONG', one.quantityBase)),
    ...pendingOpens.filter((one) => one.symbol === symbol && counts(one.routeId)).map((one) => signed(one.side === 'buy', one.openBase)),
  ]
  const total = amounts.reduce((sum, amount) => sum.add(amount), new Decimal(0))
  return total.isZero() ? null : { side: total.gt(0) ? 'LONG' : 'SHORT', quantityBase: total.abs() }
}

function sideOf(position: 'long' | 'short'): PositionDirection {
  return position === 'long' ? 'LONG' : 'SHORT'
}
