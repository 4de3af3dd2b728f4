import { percentToFraction } from '@matic/contracts'
import type { PositionDirection, ReasonNumbers, TrailingStop } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { DecisionInput, PlannedOrder } from '../decide/types.ts'
import type { OrderPlan } from '../protection/plan.ts'
import { protectionPrices } from '../protection/prices.ts'
import type { DecisionMarket } from '../symbols/resolve-market.ts'
import type { Objection } from './check-open.ts'

type Orders = Pick<PlannedOrder, 'stopPrice' | 'targetPrice' | 'stopFraction' | 'targetFraction' | 'plan'>

export interface ProtectionPlan {
  readonly orders: Orders
  /** From the reference price to the stop, quote per base; null without a stop. */
  readonly stopDistance: Decimal | null
  readonly numbers: ReasonNumbers
}

interface Asked {
  readonly direction: PositionDirection
  /** Reference for the entry, quote per base. */
  readonly price: Decimal
  readonly market: Pick<DecisionMarket, 'symbol' | 'tickSize'>
}

type Input = Pick<DecisionInput, 'alert' | 'settings' | 'account' | 'rangeOf'>

/**
 * Stop, targets, break-even and trailing: what the alert says wins, else what the rules say, as fractions of the entry price.
 * @returns an objection where a price is on the wrong side, or where the rules ask for something that is not to be had
 */
export function planProtection(input: Input, asked: Asked): ProtectionPlan | Objection {
  const { alert, settings, account } = input
  const { direction, price, market } = asked
  const { stopLoss, takeProfit } = alert
  const against = (text: string | Decimal) => (direction === 'LONG' ? price.gt(text) : price.lt(text))
  const along = (text: string) => (direction === 'LONG' ? price.lt(text) : price.gt(text))
  if (stopLoss !== null && !against(stopLoss)) return no('STOP_WRONG_SIDE', { stopPrice: stopLoss, price: price.toFixed() })
  if (takeProfit !== null && !along(takeProfit)) return no('TARGET_WRONG_SIDE', { targetPrice: takeProfit, price: price.toFixed() })
  if (settings.trailingStop && account.trailing !== 'percent') return no('TRAILING_UNSUPPORTED', { exchange: account.exchange })

  const byRange = settings.stopMode === 'atr' && (stopLoss === null || (takeProfit === null && settings.atrTargetMultiplier !== null))
  const range = byRange ? input.rangeOf(market.symbol, settings.atrInterval, settings.atrPeriod) : null
  if (byRange && range === null) return no('RANGE_UNKNOWN', { symbol: market.symbol })
  const ofRange = (multiplier: string) => fractionOf(new Decimal(range ?? 0).mul(multiplier).div(price))

  const stopFraction =
    stopLoss !== null ? null : settings.stopMode === 'atr' ? ofRange(settings.atrMultiplier) : fraction(settings.stopLossPercent)
  if (stopFraction !== null) {
    const { stopPrice } = protectionPrices({
      side: direction,
      entryPrice: price,
      tickSize: new Decimal(market.tickSize),
      wish: { stopPrice: null, targetPrice: null, stopFraction: new Decimal(stopFraction), targetFraction: null },
    })
    const stopPercent = new Decimal(stopFraction).mul(100).toDecimalPlaces(4).toFixed()
    if (stopPrice === null || !against(stopPrice)) return no('STOP_IMPOSSIBLE', { stopPercent, price: price.toFixed() })
  }
  const targets = takeProfit === null ? planTargets(input, range === null ? null : ofRange) : { last: null, before: [] }
  const plan = planRest(settings, targets.before, trailsFor(input))
  const orders = { stopPrice: stopLoss, targetPrice: takeProfit, stopFraction, targetFraction: targets.last, plan }
  return {
    orders,
    stopDistance: stopLoss !== null ? price.sub(stopLoss).abs() : stopFraction === null ? null : price.mul(stopFraction),
    numbers: {
      stopPrice: stopLoss,
      targetPrice: takeProfit,
      stopFraction,
      targetFraction: targets.last,
      ...(range === null ? {} : { rangeQuote: new Decimal(range).toFixed() }),
      ...(targets.before.length === 0 ? {} : { targets: targets.before.length + (targets.last === null ? 0 : 1) }),
      ...(plan?.trailing ? { trailingPercent: plan.trailing.percent } : {}),
    },
  }
}

interface PlannedTargets {
  /** Closes whatever is left. */
  readonly last: string | null
  readonly before: OrderPlan['targets']
}

/** Where several targets take the whole position, the last one closes what is left: it cannot leave a crumb. */
function planTargets({ settings }: Input, ofRange: ((multiplier: string) => string) | null): PlannedTargets {
  const several = settings.targets.map(({ percent, share }) => ({
    fraction: percentToFraction(percent).toFixed(),
    share: percentToFraction(share).toFixed(),
  }))
  const last = several.at(-1)
  if (last !== undefined) {
    const whole = several.reduce((sum, { share }) => sum.add(share), new Decimal(0)).gte(1)
    return whole ? { last: last.fraction, before: several.slice(0, -1) } : { last: null, before: several }
  }
  if (settings.atrTargetMultiplier !== null && ofRange !== null) return { last: ofRange(settings.atrTargetMultiplier), before: [] }
  return { last: fraction(settings.takeProfitPercent), before: [] }
}

/** A leader's, where the account can hold it: shares of a market that several sources trade are netted, which nothing can trail. */
function trailsFor({ alert, account }: Pick<Input, 'alert' | 'account'>): TrailingStop | null {
  return account.trailing === 'percent' && account.sharedSymbols !== 'net' ? alert.trailing : null
}

function planRest(settings: Input['settings'], targets: OrderPlan['targets'], copied: TrailingStop | null): OrderPlan | null {
  const { breakEvenAfterTarget, breakEvenPercent, trailingPercent, trailingActivationPercent } = settings
  const afterTarget = breakEvenAfterTarget !== null && breakEvenAfterTarget <= targets.length ? breakEvenAfterTarget : null
  const breakEven = afterTarget === null && breakEvenPercent === null ? null : { afterTarget, fraction: fraction(breakEvenPercent) }
  const own = settings.trailingStop
    ? { percent: new Decimal(trailingPercent).toFixed(), activationFraction: fraction(trailingActivationPercent) }
    : null
  const trailing = copied === null ? own : { ...copied, activationFraction: null }
  return targets.length === 0 && breakEven === null && trailing === null ? null : { targets, breakEven, trailing }
}

function fraction(percent: string | null): string | null {
  return percent === null ? null : percentToFraction(percent).toFixed()
}

/** As the database keeps it. */
function fractionOf(value: Decimal): string {
  return value.toDecimalPlaces(18, Decimal.ROUND_DOWN).toFixed()
}

function no(reason: Objection['reason'], numbers: ReasonNumbers): Objection {
  return { reason, numbers }
}
