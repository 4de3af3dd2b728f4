import { percentToFraction, PRIORITY } from '@matic/contracts'
import type { PositionDirection } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { Intent } from '../intent/derive-intent.ts'
import { sizeOrder } from '../sizing/size-order.ts'
import { isSameSymbol, type DecisionMarket } from '../symbols/resolve-market.ts'
import { closeOrder, refuse } from './build.ts'
import type { Decision, DecisionInput, DecisionPosition, PlannedOrder } from './types.ts'

/** Taker fee kept free when margin is checked, as a fraction of notional. */
const FEE_FRACTION = '0.0005'

/** Open, add or reverse: every rule in turn, then the size, then the orders. */
export function planOpen(input: DecisionInput, market: DecisionMarket, position: DecisionPosition | undefined, intent: Intent): Decision {
  const stop = refusal(input, market, position, intent)
  if (stop !== undefined) return stop
  const direction = intent.direction ?? 'LONG'
  const { alert, settings, funds } = input
  if (funds === null) return refuse('BLOCKED', intent.kind, 'ACCOUNT_STALE', market.symbol, {})

  const priceText = alert.orderType === 'limit' ? alert.price : input.markOf(market.symbol)
  if (priceText === null) return refuse('BLOCKED', intent.kind, 'PRICE_UNKNOWN', market.symbol, { symbol: market.symbol })
  const price = alert.orderType === 'limit' ? onTick(new Decimal(priceText), market) : new Decimal(priceText)

  const { leverage, numbers: leverageNumbers } = chooseLeverage(input, market)
  const protection = planProtection(input, direction, price)
  if ('reason' in protection) return refuse('BLOCKED', intent.kind, protection.reason, market.symbol, protection.numbers)

  const sized = sizeOrder({
    mode: settings.sizingMode,
    askedBase: askedBase(intent, position),
    price,
    equity: new Decimal(funds.equity),
    equityFraction: percentToFraction(settings.equityPercent),
    fixedQuote: new Decimal(settings.fixedQuote),
    leverage,
    market,
  })
  const numbers = { ...leverageNumbers, ...sized.numbers, equityQuote: funds.equity, availableQuote: funds.available, ...protection.numbers }
  if (!sized.ok) return refuse('BLOCKED', intent.kind, sized.reason, market.symbol, numbers)
  if (settings.maxNotional !== null && sized.notionalQuote.gt(settings.maxNotional)) {
    return refuse('BLOCKED', intent.kind, 'MAX_NOTIONAL', market.symbol, { ...numbers, limitQuote: settings.maxNotional })
  }
  const freed = intent.kind === 'reverse' ? (position?.margin ?? '0') : '0'
  if (sized.marginQuote.add(sized.notionalQuote.mul(FEE_FRACTION)).gt(new Decimal(funds.available).add(freed))) {
    return refuse('BLOCKED', intent.kind, 'INSUFFICIENT_MARGIN', market.symbol, numbers)
  }

  const open: PlannedOrder = {
    ...closeOrder(input.signal.id, market.symbol, undefined),
    leg: 'open',
    side: direction === 'LONG' ? 'buy' : 'sell',
    type: alert.orderType,
    quantityBase: sized.quantityBase.toFixed(),
    price: alert.orderType === 'limit' ? price.toFixed() : null,
    reduceOnly: false,
    leverage,
    marginMode: settings.marginMode,
    ...protection.prices,
    priority: PRIORITY.open,
    afterClose: intent.kind === 'reverse',
    expiresAtMs: signalBornMs(input) + settings.maxSignalAgeSeconds * 1_000,
  }
  const orders = intent.kind === 'reverse' ? [closeOrder(input.signal.id, market.symbol, position), open] : [open]
  return { outcome: 'ORDERS', intent: intent.kind, reason: null, numbers, symbol: market.symbol, orders, cancelSymbols: intent.kind === 'reverse' ? [market.symbol] : [] }
}

/** The first rule that stops an open. */
function refusal(input: DecisionInput, market: DecisionMarket, position: DecisionPosition | undefined, intent: Intent): Decision | undefined {
  const { settings, account, route } = input
  const block = (reason: Parameters<typeof refuse>[2], numbers: Decision['numbers'] = {}) => refuse('BLOCKED', intent.kind, reason, market.symbol, numbers)
  const manual = route.sourceKind === 'MANUAL'

  if (input.killSwitch) return block('KILL_SWITCH')
  if (!input.entitled) return block('NOT_ENTITLED')
  if (!settings.isEnabled && !manual) return block('BOT_DISABLED')
  if (!account.isActive || account.keyStatus !== 'VALID') return block('ACCOUNT_NOT_READY', { status: account.isActive ? account.keyStatus : 'switched off' })
  if (!account.certified) return block('VENUE_NOT_CERTIFIED', { exchange: account.exchange })

  const ageSeconds = Math.round((input.nowMs - signalBornMs(input)) / 1_000)
  if (ageSeconds > settings.maxSignalAgeSeconds) return block('SIGNAL_TOO_OLD', { ageSeconds, limitSeconds: settings.maxSignalAgeSeconds })
  if (market.status !== 'TRADING') return block('SYMBOL_HALTED', { symbol: market.symbol })
  const listed = (symbols: readonly string[]) => symbols.some((symbol) => isSameSymbol(symbol, market.symbol))
  if (settings.allowedSymbols.length > 0 && !listed(settings.allowedSymbols)) return block('SYMBOL_NOT_ALLOWED', { symbol: market.symbol })
  if (listed(settings.blacklistedSymbols)) return block('SYMBOL_BLACKLISTED', { symbol: market.symbol })

  const owners = [position, ...input.pendingOpens.filter((open) => open.symbol === market.symbol)].flatMap((holder) => (holder === undefined ? [] : [holder.routeId]))
  if (owners.some((owner) => owner !== null && owner !== route.id)) return block('SYMBOL_OWNED', { symbol: market.symbol })

  const busy = new Set([...input.positions.map((held) => held.symbol), ...input.pendingOpens.map((open) => open.symbol)])
  busy.delete(market.symbol)
  if (busy.size >= settings.maxPositions) return block('MAX_POSITIONS', { open: busy.size, limit: settings.maxPositions })
  return undefined
}

/** When the alert fired, where it says so and that is believable; else when it came in. Epoch ms. */
function signalBornMs({ alert, signal }: DecisionInput): number {
  return alert.alertAtMs === null ? signal.receivedAtMs : Math.min(alert.alertAtMs, signal.receivedAtMs)
}

/** With a target size only the difference to what is held is added. */
function askedBase(intent: Intent, position: DecisionPosition | undefined): Decimal | null {
  if (intent.targetBase === null) return intent.quantityBase
  return intent.kind === 'add' && position !== undefined ? intent.targetBase.sub(position.quantityBase) : intent.targetBase
}

function chooseLeverage({ alert, settings }: DecisionInput, market: DecisionMarket): { leverage: number; numbers: Decision['numbers'] } {
  const asked = alert.leverage === null ? settings.defaultLeverage : Math.max(1, Math.floor(Number(alert.leverage)))
  const leverage = Math.min(asked, settings.maxLeverage, market.maxLeverage)
  return { leverage, numbers: leverage < asked ? { note: 'LEVERAGE_CAPPED', asked, used: leverage } : {} }
}

type Protection =
  | { readonly prices: Pick<PlannedOrder, 'stopPrice' | 'targetPrice' | 'stopFraction' | 'targetFraction'>; readonly numbers: Decision['numbers'] }
  | { readonly reason: 'STOP_WRONG_SIDE' | 'TARGET_WRONG_SIDE'; readonly numbers: Decision['numbers'] }

/** Prices of the alert win; else percent of the entry price from the settings. */
function planProtection({ alert, settings }: DecisionInput, direction: PositionDirection, price: Decimal): Protection {
  const below = (text: string) => new Decimal(text).lt(price)
  const above = (text: string) => new Decimal(text).gt(price)
  const { stopLoss, takeProfit } = alert
  if (stopLoss !== null && !(direction === 'LONG' ? below(stopLoss) : above(stopLoss))) return { reason: 'STOP_WRONG_SIDE', numbers: { stopPrice: stopLoss, price: price.toFixed() } }
  if (takeProfit !== null && !(direction === 'LONG' ? above(takeProfit) : below(takeProfit))) return { reason: 'TARGET_WRONG_SIDE', numbers: { targetPrice: takeProfit, price: price.toFixed() } }

  const fraction = (given: string | null, percent: string | null) => (given !== null || percent === null ? null : percentToFraction(percent).toFixed())
  const prices = {
    stopPrice: stopLoss,
    targetPrice: takeProfit,
    stopFraction: fraction(stopLoss, settings.stopLossPercent),
    targetFraction: fraction(takeProfit, settings.takeProfitPercent),
  }
  return { prices, numbers: { ...prices } }
}

function onTick(price: Decimal, market: DecisionMarket): Decimal {
  return price.div(market.tickSize).round().mul(market.tickSize)
}
