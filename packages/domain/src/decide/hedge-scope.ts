import type { Alert, PositionDirection, Side } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { owns } from './ownership.ts'
import type { DecisionInput, DecisionPosition } from './types.ts'

/** The side of a hedged account that an order of this side opens. */
export function openedBy(side: Side): PositionDirection {
  return side === 'buy' ? 'LONG' : 'SHORT'
}

/**
 * What an alert is read against where long and short of a market stand beside each other: what its own source holds, and whatever else stands
 * on the side it names. An order by hand means that side alone, a close by hand both. What is left out still takes its margin.
 */
export function hedgeScope(input: DecisionInput, symbol: string): DecisionInput {
  if (input.account.positionMode === 'ONE_WAY') return input
  const named = sideNamed(input.alert)
  const left = sideLeft(input.alert)
  const isManual = input.route.sourceKind === 'MANUAL'
  const counts = (holder: { symbol: string; routeId: string | null }, side: PositionDirection): boolean => {
    if (holder.symbol !== symbol || side === named) return true
    return isManual ? named === null || side === left : owns(input, holder)
  }

  const aside = input.pendingOpens.filter((open) => !counts(open, openedBy(open.side)))
  const takenQuote = aside.reduce((sum, { reservedQuote }) => sum.add(reservedQuote), new Decimal(0))
  const rank = ({ side, routeId }: DecisionPosition) => (side === left ? 0 : routeId === input.route.id ? 1 : 2)
  return {
    ...input,
    positions: input.positions.filter((position) => counts(position, position.side)).toSorted((a, b) => rank(a) - rank(b)),
    pendingOpens: input.pendingOpens.filter((open) => !aside.includes(open)),
    funds: input.funds && { ...input.funds, available: new Decimal(input.funds.available).sub(takenQuote).toFixed() },
  }
}

/** The side that the sender turns away from. */
function sideLeft({ marketPosition, previousMarketPosition }: Alert): PositionDirection | null {
  if (marketPosition === 'short' && previousMarketPosition === 'long') return 'LONG'
  return marketPosition === 'long' && previousMarketPosition === 'short' ? 'SHORT' : null
}

function sideNamed({ action, marketPosition }: Alert): PositionDirection | null {
  if (action === 'close-long') return 'LONG'
  if (action === 'close-short') return 'SHORT'
  if (marketPosition !== null) return marketPosition === 'flat' ? null : marketPosition === 'long' ? 'LONG' : 'SHORT'
  return action === 'buy' || action === 'sell' ? openedBy(action) : null
}
