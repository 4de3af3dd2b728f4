import type { PositionDirection, ReasonCode } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { deriveIntent, type HeldPosition, type Intent } from '../intent/derive-intent.ts'
import { checkChain } from '../risk/check-open.ts'
import { askedBase } from '../sizing/asked-base.ts'
import { resolveMarket, type DecisionMarket } from '../symbols/resolve-market.ts'
import { closeOrder, closeOrders, refuse } from './build.ts'
import { hedgeScope } from './hedge-scope.ts'
import { mayClose, owns } from './ownership.ts'
import { shareMeant, shareScope } from './share-scope.ts'
import { planOpen } from './plan-open.ts'
import type { Decision, DecisionInput, DecisionPosition, PlannedOrder } from './types.ts'

/**
 * What one route does about a signal: orders, or a reason with its numbers. Pure: the same input gives the same decision.
 * Switches and limits stop opens; closes always pass.
 */
export function decide(input: DecisionInput): Decision {
  const decision = decideAsIfReal(asAsked(input))
  if (decision.outcome !== 'ORDERS' || input.signal.source !== 'TEST' || input.account.environment !== 'LIVE') return decision
  const numbers = { ...decision.numbers, plannedOrders: decision.orders.length }
  return { ...decision, outcome: 'BLOCKED', reason: 'TEST_ALERT_ON_LIVE', numbers, orders: [], cancelSymbols: [] }
}

/** An order by hand says its own size, however alerts are sized; what an alert says about stops, targets and age goes before the rules. */
function asAsked(input: DecisionInput): DecisionInput {
  const { alert, route } = input
  const { stopLossPercent, takeProfitPercent, targets, maxAgeSeconds } = alert
  const settings = { ...input.settings }
  if (route.sourceKind === 'MANUAL' && alert.quantity !== null) settings.sizingMode = 'alert'
  if (stopLossPercent !== null) Object.assign(settings, { stopMode: 'percent', stopLossPercent })
  if (takeProfitPercent !== null || targets.length > 0) Object.assign(settings, { takeProfitPercent, targets, atrTargetMultiplier: null })
  if (maxAgeSeconds !== null) settings.maxSignalAgeSeconds = Math.min(settings.maxSignalAgeSeconds, maxAgeSeconds)
  return { ...input, settings }
}

function decideAsIfReal(given: DecisionInput): Decision {
  if (given.alert.action === 'close-all') return closeAll(given)
  const resolved = resolveMarket(given.alert.ticker, given.markets)
  if (resolved === null && !given.account.certified)
    return refuse('BLOCKED', 'none', 'VENUE_NOT_CERTIFIED', null, { exchange: given.account.exchange })
  if (resolved === null)
    return refuse('BLOCKED', 'none', 'SYMBOL_UNKNOWN', null, { ticker: given.alert.ticker, exchange: given.account.exchange })
  const { market } = resolved
  if (shareMeant(given) !== given.route.id && given.account.sharedSymbols !== 'net')
    return refuse('SKIPPED', 'none', 'NOTHING_TO_CLOSE', market.symbol, { symbol: market.symbol })
  const input = shareScope(hedgeScope(given, market.symbol), market.symbol)

  const position = heldPosition(input, market)
  const intent = deriveIntent(input.alert, expected(input, market, position), {
    sizesCompare: input.settings.sizingMode === 'alert' && input.alert.quantityUnit === 'base',
  })
  switch (intent.kind) {
    case 'none':
    case 'protect':
      return refuse('SKIPPED', 'none', intent.reason ?? 'ALREADY_AT_TARGET', market.symbol, {
        symbol: market.symbol,
        side: intent.direction,
      })
    case 'cancel':
      return cancel(input, market)
    case 'close':
      return close(input, market, position)
    case 'reduce':
      return reduce(input, market, position, intent)
    case 'open':
    case 'add':
    case 'reverse':
      return planOpen(input, resolved, position, intent)
    case 'close-all':
      return closeAll(input)
  }
}

function cancel(input: DecisionInput, { symbol }: DecisionMarket): Decision {
  const working = input.pendingOpens.filter((open) => open.symbol === symbol && owns(input, open)).length
  if (working === 0) return refuse('SKIPPED', 'cancel', 'NOTHING_TO_CANCEL', symbol, { symbol })
  return { outcome: 'ORDERS', intent: 'cancel', reason: null, numbers: { working }, symbol, orders: [], cancelSymbols: [symbol] }
}

function close(input: DecisionInput, market: DecisionMarket, position: DecisionPosition | undefined): Decision {
  if (input.chain?.verdict === 'late') return refuse('SKIPPED', 'close', 'CHAIN_LATE', market.symbol, {})
  if (!mayClose(input, market.symbol)) return refuse('SKIPPED', 'close', 'NOTHING_TO_CLOSE', market.symbol, { symbol: market.symbol })
  return {
    outcome: 'ORDERS',
    intent: 'close',
    reason: null,
    numbers: { positionBase: new Decimal(position?.quantityBase ?? 0).toFixed() },
    symbol: market.symbol,
    orders: closeOrders(input, input.signal.id, market.symbol),
    cancelSymbols: [market.symbol],
  }
}

function closeAll(input: DecisionInput): Decision {
  const held = input.positions.filter((position) => owns(input, position))
  const opening = input.pendingOpens.filter((open) => owns(input, open))
  const symbols = [...new Set([...held, ...opening].map((holder) => holder.symbol))]
  if (symbols.length === 0) return refuse('SKIPPED', 'close-all', 'NOTHING_TO_CLOSE', null, { symbol: 'any market' })
  return {
    outcome: 'ORDERS',
    intent: 'close-all',
    reason: null,
    numbers: { symbols: symbols.length },
    symbol: null,
    orders: symbols.flatMap((symbol) => closeOrders(input, `${input.signal.id}:${symbol}`, symbol)),
    cancelSymbols: symbols,
  }
}

function reduce(input: DecisionInput, market: DecisionMarket, position: DecisionPosition | undefined, intent: Intent): Decision {
  const outOfOrder = checkChain(input)
  if (outOfOrder !== undefined) return refuse('BLOCKED', 'reduce', outOfOrder.reason, market.symbol, outOfOrder.numbers)
  if (position === undefined || !owns(input, position)) {
    return refuse('SKIPPED', 'reduce', 'NOTHING_TO_REDUCE', market.symbol, { symbol: market.symbol, side: intent.direction })
  }
  const quantityBase = reducedBase(input, market, position, intent)
  if (typeof quantityBase === 'string') return refuse('BLOCKED', 'reduce', quantityBase, market.symbol, { symbol: market.symbol })
  const order: PlannedOrder = {
    ...closeOrder(input.signal.id, market.symbol, position),
    ...(shareMeant(input) !== input.route.id && { routeId: shareMeant(input) }),
    leg: 'reduce',
    quantityBase: intent.reduceFraction === null ? (quantityBase?.toFixed() ?? null) : null,
    reduceFraction: intent.reduceFraction?.toFixed() ?? null,
  }
  if (order.reduceFraction === null && !quantityBase?.gt(0))
    return refuse('BLOCKED', 'reduce', 'SIZE_ZERO', market.symbol, { stepSizeBase: market.stepSize })
  const numbers = {
    positionBase: new Decimal(position.quantityBase).toFixed(),
    reduceFraction: order.reduceFraction,
    quantityBase: order.quantityBase,
  }
  return { outcome: 'ORDERS', intent: 'reduce', reason: null, numbers, symbol: market.symbol, orders: [order], cancelSymbols: [] }
}

/** What a reduction takes off, base, whatever unit the alert counts in; a reason where the unit needs what is not known. */
function reducedBase(
  { alert, funds, markOf }: DecisionInput,
  market: DecisionMarket,
  position: DecisionPosition,
  { quantityBase: quantity }: Intent,
): Decimal | null | ReasonCode {
  if (quantity === null || alert.quantityUnit === 'base') return quantity
  const price = markOf(market.symbol)
  if (price === null) return 'PRICE_UNKNOWN'
  if (funds === null) return 'ACCOUNT_STALE'
  const heldBase = new Decimal(position.quantityBase)
  const base = askedBase({
    quantity,
    unit: alert.quantityUnit,
    price: new Decimal(price),
    equity: new Decimal(funds.equity),
    leverage: Number(alert.leverage ?? 1),
    heldBase,
    stopDistance: null,
    market,
  })
  if (base === null) return 'STOP_REQUIRED'
  const step = new Decimal(market.stepSize)
  return Decimal.min(heldBase, base).div(step).floor().mul(step)
}

function heldPosition(input: DecisionInput, market: DecisionMarket): DecisionPosition | undefined {
  return input.positions.find((position) => position.symbol === market.symbol && new Decimal(position.quantityBase).gt(0))
}

/** What will be held once everything under way has filled: alerts that follow each other closely are read against that. */
function expected(input: DecisionInput, market: DecisionMarket, position: DecisionPosition | undefined): HeldPosition | null {
  const signed = (side: PositionDirection | 'buy' | 'sell', quantity: string) =>
    new Decimal(quantity).mul(side === 'LONG' || side === 'buy' ? 1 : -1)
  const held = position === undefined ? new Decimal(0) : signed(position.side, position.quantityBase)
  const total = input.pendingOpens
    .filter((open) => open.symbol === market.symbol)
    .reduce((sum, open) => sum.add(signed(open.side, open.openBase)), held)
  return total.isZero() ? null : { side: total.gt(0) ? 'LONG' : 'SHORT', quantityBase: total.abs() }
}
