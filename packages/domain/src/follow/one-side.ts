import type { Alert, PositionDirection } from '@matic/contracts'
import type { DecisionInput } from '../decide/types.ts'

/**
 * The account as an alert about one side of a hedged leader finds it: what this follow holds of the other side is none of its business.
 * @param input with the alert as it is to be carried out
 * @returns null where the account nets both sides and holds the other one for this follow
 */
export function oneSide(input: DecisionInput, symbol: string): DecisionInput | null {
  const side = sideOf(input.alert)
  if (!input.alert.hedged || side === null) return input
  const isOther = (holder: { symbol: string; routeId: string | null }, held: PositionDirection) =>
    holder.symbol === symbol && holder.routeId === input.route.id && held !== side
  const positions = input.positions.filter((position) => !isOther(position, position.side))
  const pendingOpens = input.pendingOpens.filter((open) => !isOther(open, open.side === 'buy' ? 'LONG' : 'SHORT'))
  if (input.account.positionMode === 'HEDGE') return { ...input, positions, pendingOpens }
  return positions.length === input.positions.length && pendingOpens.length === input.pendingOpens.length ? input : null
}

function sideOf({ action, marketPosition }: Alert): PositionDirection | null {
  if (action === 'close-long' || marketPosition === 'long') return 'LONG'
  return action === 'close-short' || marketPosition === 'short' ? 'SHORT' : null
}
