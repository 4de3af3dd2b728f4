import type { FollowSettings } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import { decide } from '../decide/decide.ts'
import type { Decision, DecisionInput } from '../decide/types.ts'
import { FEE_FRACTION } from '../risk/check-size.ts'
import type { DecisionMarket } from '../symbols/resolve-market.ts'

export interface Fitting {
  readonly input: DecisionInput
  readonly market: DecisionMarket
  readonly settings: FollowSettings
}

/**
 * Decides the order; where only its size is in the way, once more with the size that the follower's policies allow: as large as the largest
 * order or the margin, as small as the market takes. Never larger than asked but by rounding up to the market's minimum.
 */
export function fitOrder(fitting: Fitting): Decision {
  const capped = decide(fitting.input)
  const first = capped.reason === 'MAX_NOTIONAL' ? again(fitting, capped, largest(fitting, capped), 'CAPPED') : capped
  if (first.reason === 'INSUFFICIENT_MARGIN' && fitting.settings.notEnoughBalance === 'shrink')
    return again(fitting, first, affordable(first), 'SHRUNK')
  if ((first.reason === 'BELOW_MINIMUM' || first.reason === 'SIZE_ZERO') && fitting.settings.belowMinimum === 'round-up')
    return again(fitting, first, smallest(fitting, first), 'ROUNDED_UP')
  return first
}

/**
 * The order of what is asked for and what gathered before it; as long as that is too small for the market, it gathers. What rounding to the step takes
 * off an order waits as well, so that orders and what waits are together what was asked for.
 * @returns the decision, and what waits from now on, base
 */
export function fitGathered(fitting: Fitting, gathered: Decimal): { decision: Decision; kept: Decimal } {
  const alone = decide(fitting.input)
  const asked = number(alone.numbers['wantedBase'])
  if (asked === null || !isSized(alone)) return { decision: fitOrder(fitting), kept: gathered }
  const whole = asked.add(gathered)
  const together = gathered.isZero() ? alone : again(fitting, alone, whole, 'GATHERED')
  // What limits do not let through together waits; this one copy goes its own way.
  if (!isSized(together)) return { decision: fitOrder(fitting), kept: gathered }
  const before = gathered.isZero() ? {} : { gatheredBeforeBase: gathered.toFixed() }
  const ordered = together.orders.find(({ leg }) => leg === 'open')?.quantityBase
  if (ordered !== undefined && ordered !== null) {
    const kept = whole.sub(ordered)
    return { decision: { ...together, numbers: { ...together.numbers, ...before, gatheredBase: kept.toFixed() } }, kept }
  }
  const needed = smallestBase(fitting.market, number(together.numbers['price']))
  const numbers = {
    ...together.numbers,
    ...before,
    symbol: fitting.market.symbol,
    askedBase: asked.toFixed(),
    gatheredBase: whole.toFixed(),
    neededBase: needed?.toFixed() ?? null,
  }
  // A reversal closes what there is, however small the other side is to be.
  const outcome = together.orders.length > 0 ? 'ORDERS' : 'SKIPPED'
  return { decision: { ...together, outcome, reason: 'GATHERING', numbers }, kept: whole }
}

/** Only its size is in the way of an opening, or nothing. */
function isSized({ reason, orders }: Decision): boolean {
  return reason === 'BELOW_MINIMUM' || reason === 'SIZE_ZERO' || orders.some(({ leg }) => leg === 'open')
}

/** A size that does not help leaves the refusal as it was: its numbers are those of what was asked for. */
function again({ input }: Fitting, refused: Decision, quantity: Decimal | null, fitted: string): Decision {
  if (quantity === null || quantity.lte(0)) return refused
  const quantityText = quantity.toDecimalPlaces(18, Decimal.ROUND_DOWN).toFixed()
  const decision = decide({ ...input, alert: { ...input.alert, quantity: quantityText, quantityUnit: 'base' } })
  const wantedBase = refused.numbers['wantedBase'] ?? null
  // Made smaller twice: what was asked for at first, and what the cap left of it.
  const asked =
    refused.numbers['fitted'] === 'CAPPED'
      ? { askedBase: refused.numbers['askedBase'] ?? null, cappedBase: wantedBase }
      : { askedBase: wantedBase }
  return { ...decision, numbers: { ...decision.numbers, fitted, ...asked } }
}

/** The limit of the follow is one to be made use of; that of the account's own rules is one that stops. */
function largest({ settings }: Fitting, { numbers }: Decision): Decimal | null {
  const limit = number(numbers['limitQuote'])
  const price = number(numbers['price'])
  if (settings.maxOrderQuote === null || limit === null || price === null || !limit.eq(settings.maxOrderQuote)) return null
  return limit.div(price)
}

function affordable({ numbers }: Decision): Decimal | null {
  const [available, price, leverage] = [numbers['availableQuote'], numbers['price'], numbers['leverage']].map(number)
  if (!available?.gt(0) || !price || !leverage) return null
  return available.div(price.mul(new Decimal(1).div(leverage).add(FEE_FRACTION)))
}

/** Null where the smallest order is worth more than the follower lets it be rounded up to. */
function smallest({ market, settings }: Fitting, { numbers }: Decision): Decimal | null {
  const price = number(numbers['price'])
  const whole = smallestBase(market, price)
  if (price === null || whole === null) return null
  const caps = [settings.roundUpMaxQuote, ...(settings.maxOrderQuote === null ? [] : [settings.maxOrderQuote])]
  return caps.every((cap) => whole.mul(price).lte(cap)) ? whole : null
}

function smallestBase(market: DecisionMarket, price: Decimal | null): Decimal | null {
  if (price === null) return null
  const step = new Decimal(market.stepSize)
  return Decimal.max(market.minQuantity, new Decimal(market.minNotional).div(price), step).div(step).ceil().mul(step)
}

function number(value: Decision['numbers'][string] | undefined): Decimal | null {
  return typeof value === 'string' || typeof value === 'number' ? new Decimal(value) : null
}
