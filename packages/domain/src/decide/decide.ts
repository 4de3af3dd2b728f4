import type { PositionDirection } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { deriveIntent, type HeldPosition, type Intent } from '../intent/derive-intent.ts'
import { resolveMarket, type DecisionMarket } from '../symbols/resolve-market.ts'
import { closeOrder, refuse } from './build.ts'
import { planOpen } from './plan-open.ts'
import type { Decision, DecisionInput, DecisionPosition, PlannedOrder } from './types.ts'

/**
 * What one route does about a signal: orders, or a reason with its numbers. Pure: the same input gives the same decision.
 * Switches and limits stop opens; closes always pass.
 */
export function decide(input: DecisionInput): Decision {
  if (input.alert.action === 'close-all') return closeAll(input)
  const resolved = resolveMarket(input.alert.ticker, input.markets, input.settings)
  if (!resolved.ok) return refuse('BLOCKED', 'none', resolved.reason, null, { ticker: input.alert.ticker, exchange: input.account.exchange })
  const { market } = resolved

  const position = heldPosition(input, market)
  const intent = deriveIntent(input.alert, expected(input, market, position))
  if (intent.kind === 'none') return refuse('SKIPPED', 'none', intent.reason ?? 'ALREADY_AT_TARGET', market.symbol, { side: intent.direction })
  if (testOnLive(input)) return refuse('BLOCKED', intent.kind, 'TEST_ALERT_ON_LIVE', market.symbol, {})
  switch (intent.kind) {
    case 'cancel':
      return { outcome: 'ORDERS', intent: 'cancel', reason: null, numbers: {}, symbol: market.symbol, orders: [], cancelSymbols: [market.symbol] }
    case 'close':
      return close(input, market, position)
    case 'reduce':
      return reduce(input, market, position, intent)
    case 'open':
    case 'add':
    case 'reverse':
      return planOpen(input, market, position, intent)
    case 'close-all':
      return closeAll(input)
  }
}

function close(input: DecisionInput, market: DecisionMarket, position: DecisionPosition | undefined): Decision {
  const opening = input.pendingOpens.some((open) => open.symbol === market.symbol && mayClose(input, open.routeId))
  const mine = position !== undefined && mayClose(input, position.routeId)
  if (!mine && !opening) return refuse('SKIPPED', 'close', 'NOTHING_TO_CLOSE', market.symbol, { symbol: market.symbol })
  return {
    outcome: 'ORDERS',
    intent: 'close',
    reason: null,
    numbers: { positionBase: position?.quantityBase ?? '0' },
    symbol: market.symbol,
    orders: [closeOrder(input.signal.id, market.symbol, position)],
    cancelSymbols: [market.symbol],
  }
}

function closeAll(input: DecisionInput): Decision {
  if (testOnLive(input)) return refuse('BLOCKED', 'close-all', 'TEST_ALERT_ON_LIVE', null, {})
  const held = input.positions.filter((position) => mayClose(input, position.routeId))
  const opening = input.pendingOpens.filter((open) => mayClose(input, open.routeId)).map((open) => open.symbol)
  const symbols = [...new Set([...held.map((position) => position.symbol), ...opening])]
  if (symbols.length === 0) return refuse('SKIPPED', 'close-all', 'NOTHING_TO_CLOSE', null, { symbol: '*' })
  return {
    outcome: 'ORDERS',
    intent: 'close-all',
    reason: null,
    numbers: { symbols: symbols.length },
    symbol: null,
    orders: symbols.map((symbol) => closeOrder(`${input.signal.id}:${symbol}`, symbol, held.find((position) => position.symbol === symbol))),
    cancelSymbols: symbols,
  }
}

function reduce(input: DecisionInput, market: DecisionMarket, position: DecisionPosition | undefined, intent: Intent): Decision {
  if (position === undefined || !mayClose(input, position.routeId)) {
    return refuse('SKIPPED', 'reduce', 'NOTHING_TO_REDUCE', market.symbol, { side: intent.direction })
  }
  const order: PlannedOrder = {
    ...closeOrder(input.signal.id, market.symbol, position),
    leg: 'reduce',
    quantityBase: intent.reduceFraction === null ? (intent.quantityBase?.toFixed() ?? null) : null,
    reduceFraction: intent.reduceFraction?.toFixed() ?? null,
  }
  if (order.quantityBase === null && order.reduceFraction === null) return refuse('BLOCKED', 'reduce', 'SIZE_ZERO', market.symbol, { stepSizeBase: market.stepSize })
  const numbers = { positionBase: position.quantityBase, reduceFraction: order.reduceFraction, quantityBase: order.quantityBase }
  return { outcome: 'ORDERS', intent: 'reduce', reason: null, numbers, symbol: market.symbol, orders: [order], cancelSymbols: [] }
}

/** A manual close takes all; every other source closes only what it opened. What nobody claims belongs to the owner's webhook. */
function mayClose({ route }: DecisionInput, ownerRouteId: string | null): boolean {
  return route.sourceKind === 'MANUAL' || ownerRouteId === null || ownerRouteId === route.id
}

function testOnLive({ signal, account }: DecisionInput): boolean {
  return signal.source === 'TEST' && account.environment === 'LIVE'
}

function heldPosition(input: DecisionInput, market: DecisionMarket): DecisionPosition | undefined {
  return input.positions.find((position) => position.symbol === market.symbol && new Decimal(position.quantityBase).gt(0))
}

/** What will be held once everything under way has filled: alerts that follow each other closely are read against that. */
function expected(input: DecisionInput, market: DecisionMarket, position: DecisionPosition | undefined): HeldPosition | null {
  const signed = (side: PositionDirection | 'buy' | 'sell', quantity: string) => new Decimal(quantity).mul(side === 'LONG' || side === 'buy' ? 1 : -1)
  const held = position === undefined ? new Decimal(0) : signed(position.side, position.quantityBase)
  const total = input.pendingOpens.filter((open) => open.symbol === market.symbol).reduce((sum, open) => sum.add(signed(open.side, open.openBase)), held)
  return total.isZero() ? null : { side: total.gt(0) ? 'LONG' : 'SHORT', quantityBase: total.abs() }
}
