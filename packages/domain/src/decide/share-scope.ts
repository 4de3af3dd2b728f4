import type { PositionDirection } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { Objection } from '../risk/check-open.ts'
import { openedBy } from './hedge-scope.ts'
import type { DecisionInput, DecisionPosition, PendingOpen } from './types.ts'

/**
 * Where routes share symbols, the position that an alert is read against is its own route's share. A close by hand, and a cancel, mean
 * everybody's. What is left out still takes its margin.
 */
export function shareScope(input: DecisionInput, symbol: string): DecisionInput {
  if (input.account.sharedSymbols !== 'net' || takesAll(input)) return input
  const isOthers = (holder: DecisionPosition | PendingOpen) => holder.symbol === symbol && holder.routeId !== input.route.id
  const aside = input.pendingOpens.filter(isOthers)
  const takenQuote = aside.reduce((sum, { reservedQuote }) => sum.add(reservedQuote), new Decimal(0))
  return {
    ...input,
    positions: input.positions.filter((position) => !isOthers(position)),
    pendingOpens: input.pendingOpens.filter((open) => !isOthers(open)),
    othersHere: [...input.positions.filter(isOthers), ...aside],
    funds: input.funds && { ...input.funds, available: new Decimal(input.funds.available).sub(takenQuote).toFixed() },
  }
}

/** By hand, and of the whole position. */
export function takesAll({ route, alert }: Pick<DecisionInput, 'route' | 'alert'>): boolean {
  if (route.sourceKind !== 'MANUAL') return false
  const { action } = alert
  return alert.marketPosition === 'flat' || action === 'close' || action === 'close-long' || action === 'close-short' || action === 'cancel'
}

/** In one-way mode the exchange would take the one share off the other. */
export function meetsOpposite(
  { account, othersHere = [] }: DecisionInput,
  symbol: string,
  direction: PositionDirection,
): Objection | undefined {
  if (account.positionMode === 'HEDGE') return undefined
  const sideOf = (holder: DecisionPosition | PendingOpen) => ('openBase' in holder ? openedBy(holder.side) : holder.side)
  const other = othersHere.find((holder) => sideOf(holder) !== direction)
  return (
    other && { reason: 'SYMBOL_OPPOSITE', numbers: { symbol, owner: other.owner ?? 'another source', side: sideOf(other).toLowerCase() } }
  )
}
