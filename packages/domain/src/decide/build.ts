import { PRIORITY } from '@matic/contracts'
import type { IntentKind, ReasonCode } from '@matic/contracts'
import { openedBy } from './hedge-scope.ts'
import { owns } from './ownership.ts'
import type { Decision, DecisionInput, DecisionPosition, PendingOpen, PlannedOrder } from './types.ts'

/** Takes off whatever is there when it is sent; the side is settled then. */
export function closeOrder(cause: string, symbol: string, position: DecisionPosition | undefined): PlannedOrder {
  return {
    cause,
    leg: 'close',
    symbol,
    side: position?.side === 'SHORT' ? 'buy' : 'sell',
    positionSide: position?.positionSide ?? 'BOTH',
    type: 'market',
    quantityBase: null,
    reduceFraction: null,
    price: null,
    reduceOnly: true,
    leverage: null,
    marginMode: null,
    stopPrice: null,
    targetPrice: null,
    stopFraction: null,
    targetFraction: null,
    plan: null,
    priority: PRIORITY.close,
    afterClose: false,
    expiresAtMs: null,
  }
}

/** One order for what this source holds or opens of a market; where its sides stand beside each other, one for each. */
export function closeOrders(input: DecisionInput, cause: string, symbol: string): PlannedOrder[] {
  const held = input.positions.filter((position) => position.symbol === symbol && owns(input, position))
  const pending = input.pendingOpens.filter((open) => open.symbol === symbol && owns(input, open))
  if (input.account.sharedSymbols === 'net') return closesOfShares(cause, symbol, input.account.positionMode, [...held, ...pending])
  if (input.account.positionMode === 'ONE_WAY') return [closeOrder(cause, symbol, held[0])]
  const opening = pending.map((open) => openedBy(open.side))
  const sides = new Set([...held.map(({ side }) => side), ...opening])
  return [...sides].toSorted().map((positionSide) => {
    const position = held.find(({ side }) => side === positionSide)
    return { ...closeOrder(`${cause}:${positionSide}`, symbol, position), side: positionSide === 'SHORT' ? 'buy' : 'sell', positionSide }
  })
}

/** Where routes share symbols every share has a close of its own, which takes no more than that. */
function closesOfShares(
  cause: string,
  symbol: string,
  positionMode: DecisionInput['account']['positionMode'],
  holders: readonly (DecisionPosition | PendingOpen)[],
): PlannedOrder[] {
  const shares = new Map<string, PlannedOrder>()
  for (const holder of holders) {
    const side = 'openBase' in holder ? openedBy(holder.side) : holder.side
    const positionSide = positionMode === 'HEDGE' ? side : 'BOTH'
    const id = `${cause}:${holder.routeId}:${positionSide}`
    if (holder.routeId === null || shares.has(id)) continue
    const order = closeOrder(id, symbol, undefined)
    shares.set(id, { ...order, routeId: holder.routeId, side: side === 'SHORT' ? 'buy' : 'sell', positionSide })
  }
  return [...shares.values()]
}

export function refuse(
  outcome: 'SKIPPED' | 'BLOCKED',
  intent: IntentKind,
  reason: ReasonCode,
  symbol: string | null,
  numbers: Decision['numbers'],
): Decision {
  return { outcome, intent, reason, numbers, symbol, orders: [], cancelSymbols: [] }
}
