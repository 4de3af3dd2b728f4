import { percentToFraction, PRIORITY } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { Intent } from '../intent/derive-intent.ts'
import { checkOpen, signalBornMs } from '../risk/check-open.ts'
import { checkSize } from '../risk/check-size.ts'
import { checkSlippage } from '../risk/check-slippage.ts'
import { planProtection } from '../risk/plan-protection.ts'
import { chooseLeverage } from '../sizing/choose-leverage.ts'
import { sizeOrder } from '../sizing/size-order.ts'
import type { DecisionMarket, Resolved } from '../symbols/resolve-market.ts'
import { closeOrder, closeOrders, refuse } from './build.ts'
import { mayClose } from './ownership.ts'
import { meetsOpposite } from './share-scope.ts'
import type { Decision, DecisionInput, DecisionPosition, PlannedOrder } from './types.ts'

/**
 * Open, add or reverse. A reversal that may not open still closes: the sender has left that side. Not so for an order by hand, which is done
 * whole or not at all, nor for one that a later close has overtaken or that came too late.
 */
export function planOpen(input: DecisionInput, resolved: Resolved, position: DecisionPosition | undefined, intent: Intent): Decision {
  const planned = openOrRefuse(input, resolved, position, intent)
  if (planned.outcome === 'ORDERS' || intent.kind !== 'reverse') return planned
  if (
    input.route.sourceKind === 'MANUAL' ||
    planned.reason === 'SUPERSEDED' ||
    planned.reason === 'CHAIN_LATE' ||
    !mayClose(input, resolved.market.symbol)
  )
    return planned
  const { symbol } = resolved.market
  return { ...planned, outcome: 'ORDERS', orders: turnedAround(input, symbol, intent), cancelSymbols: [symbol] }
}

/** Every rule in turn, then the size, then the orders. */
function openOrRefuse(input: DecisionInput, resolved: Resolved, position: DecisionPosition | undefined, intent: Intent): Decision {
  const { market } = resolved
  const { alert, settings, funds } = input
  const no = (reason: NonNullable<Decision['reason']>, numbers: Decision['numbers']) =>
    refuse('BLOCKED', intent.kind, reason, market.symbol, numbers)
  const objection = checkOpen(input, resolved)
  if (objection !== undefined) return no(objection.reason, objection.numbers)
  if (funds === null) return no('ACCOUNT_STALE', {})
  const price = referencePrice(input, market, intent)
  if (price === null) return no('PRICE_UNKNOWN', { symbol: market.symbol })

  const direction = intent.direction ?? 'LONG'
  if (alert.orderType === 'market') {
    const { signalPrice } = alert
    const slipped = checkSlippage({ direction, signalPrice, price, limitPercent: settings.maxSlippagePercent })
    if (slipped !== undefined) return no(slipped.reason, slipped.numbers)
  }
  const protection = planProtection(input, { direction, price, market })
  if ('reason' in protection) return no(protection.reason, protection.numbers)
  const against = meetsOpposite(input, market.symbol, { direction, hasPlan: protection.orders.plan !== null })
  if (against !== undefined) return no(against.reason, against.numbers)
  const { leverage, numbers: leverageNumbers } = chooseLeverage({
    asked: alert.leverage,
    standard: settings.defaultLeverage,
    caps: [settings.maxLeverage, market.maxLeverage],
  })
  const sized = sizeOrder({
    mode: settings.sizingMode,
    asked: intent.quantityBase,
    askedUnit: alert.quantityUnit,
    heldBase: new Decimal(position?.quantityBase ?? 0),
    price,
    equity: new Decimal(funds.equity),
    equityFraction: percentToFraction(settings.equityPercent),
    fixedQuote: new Decimal(settings.fixedQuote),
    fixedBase: settings.fixedQuantity === null ? null : new Decimal(settings.fixedQuantity),
    riskFraction: percentToFraction(settings.riskPerTrade),
    stopDistance: protection.stopDistance,
    leverage,
    market,
  })
  const availableQuote = usableMargin(input, funds.available, { symbol: market.symbol, position, intent })
  const numbers = {
    ...leverageNumbers,
    ...sized.numbers,
    equityQuote: new Decimal(funds.equity).toFixed(),
    availableQuote: availableQuote.toFixed(),
    ...protection.numbers,
  }
  if (!sized.ok) return no(sized.reason, numbers)
  const tooMuch = checkSize({ ...sized, maxNotionalQuote: settings.maxNotional, availableQuote })
  if (tooMuch !== undefined) return no(tooMuch.reason, { ...numbers, ...tooMuch.numbers })

  const reverses = intent.kind === 'reverse'
  const open: PlannedOrder = {
    ...closeOrder(input.signal.id, market.symbol, undefined),
    leg: 'open',
    side: direction === 'LONG' ? 'buy' : 'sell',
    positionSide: input.account.positionMode === 'HEDGE' ? direction : 'BOTH',
    type: alert.orderType,
    quantityBase: sized.quantityBase.toFixed(),
    price: alert.orderType === 'limit' ? price.toFixed() : null,
    reduceOnly: false,
    leverage,
    marginMode: settings.marginMode,
    ...protection.orders,
    priority: PRIORITY.open,
    afterClose: reverses,
    expiresAtMs: signalBornMs(input) + settings.maxSignalAgeSeconds * 1_000,
  }
  const orders = reverses ? [...turnedAround(input, market.symbol, intent), open] : [open]
  return {
    outcome: 'ORDERS',
    intent: intent.kind,
    reason: null,
    numbers,
    symbol: market.symbol,
    orders,
    cancelSymbols: reverses ? [market.symbol] : [],
  }
}

/** What a reversal leaves: the one order that closes it. */
function turnedAround(input: DecisionInput, symbol: string, { direction }: Intent): PlannedOrder[] {
  return closeOrders(input, input.signal.id, symbol)
    .filter(({ positionSide }) => positionSide !== direction)
    .slice(0, 1)
}

/** The limit price on its tick, never worse than asked; else the mark. Quote per base, above zero. */
function referencePrice({ alert, markOf }: DecisionInput, market: DecisionMarket, { direction }: Intent): Decimal | null {
  const text = alert.orderType === 'limit' ? alert.price : markOf(market.symbol)
  if (text === null) return null
  const rounding = direction === 'LONG' ? Decimal.ROUND_DOWN : Decimal.ROUND_UP
  const price =
    alert.orderType === 'limit'
      ? new Decimal(text).div(market.tickSize).toDecimalPlaces(0, rounding).mul(market.tickSize)
      : new Decimal(text)
  return price.gt(0) ? price : null
}

interface MarginUse {
  readonly symbol: string
  readonly position: DecisionPosition | undefined
  readonly intent: Intent
}

/** What the exchange says is available, less what opens under way will take, plus what a reversal frees. Quote. */
function usableMargin({ pendingOpens }: DecisionInput, available: string, { symbol, position, intent }: MarginUse): Decimal {
  const reverses = intent.kind === 'reverse'
  const reserved = pendingOpens.filter((open) => !reverses || open.symbol !== symbol).map((open) => new Decimal(open.reservedQuote))
  const freed = new Decimal((reverses ? position?.margin : null) ?? 0)
  return reserved.reduce((rest, amount) => rest.sub(amount), new Decimal(available).add(freed))
}
