import type { QuantityUnit, ReasonCode, ReasonNumbers, SizingMode } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { DecisionMarket } from '../symbols/resolve-market.ts'
import { askedBase } from './asked-base.ts'

export interface SizeInput {
  readonly mode: SizingMode
  /** What the alert asks for, in `askedUnit`; null where it says nothing. */
  readonly asked: Decimal | null
  readonly askedUnit: QuantityUnit
  /** What is held of the market, base. */
  readonly heldBase: Decimal
  /** Quote per base, above zero. */
  readonly price: Decimal
  /** Quote. */
  readonly equity: Decimal
  /** Margin as a fraction of equity (0.1 is 10 %). */
  readonly equityFraction: Decimal
  /** Notional in quote, for fixed-quote. */
  readonly fixedQuote: Decimal
  /** Base, for fixed-quantity; null is none. */
  readonly fixedBase: Decimal | null
  /** What the stop may cost as a fraction of equity, for risk-per-trade. Fees and slippage come on top. */
  readonly riskFraction: Decimal
  /** From the price to the stop, quote per base; null without a stop. */
  readonly stopDistance: Decimal | null
  readonly leverage: number
  readonly market: Pick<DecisionMarket, 'stepSize' | 'minQuantity' | 'maxQuantity' | 'minNotional' | 'contractSize'>
}

export type Sized =
  | {
      readonly ok: true
      readonly quantityBase: Decimal
      readonly notionalQuote: Decimal
      readonly marginQuote: Decimal
      readonly numbers: ReasonNumbers
    }
  | { readonly ok: false; readonly reason: ReasonCode; readonly numbers: ReasonNumbers }

/**
 * Base quantity of an opening order, floored to the market's step.
 * @returns `STOP_REQUIRED`, `SIZE_ZERO`, `BELOW_MINIMUM` or `ABOVE_MAXIMUM` with the numbers where the market would not take it
 */
export function sizeOrder(input: SizeInput): Sized {
  const { market, price, leverage } = input
  const wanted = wantedBase(input)
  if (wanted === null) return { ok: false, reason: 'STOP_REQUIRED', numbers: { sizingMode: input.mode, price: price.toFixed() } }
  const step = new Decimal(market.stepSize)
  const quantityBase = wanted.div(step).floor().mul(step)
  const notionalQuote = quantityBase.mul(price)
  const marginQuote = notionalQuote.div(leverage)
  const numbers: ReasonNumbers = {
    sizingMode: input.mode,
    price: price.toFixed(),
    ...(input.mode === 'alert' && input.asked !== null && input.askedUnit !== 'base'
      ? { asked: input.asked.toFixed(), askedUnit: input.askedUnit }
      : {}),
    ...riskNumbers(input),
    wantedBase: wanted.toDecimalPlaces(18).toFixed(),
    quantityBase: quantityBase.toFixed(),
    notionalQuote: notionalQuote.toDecimalPlaces(8).toFixed(),
    marginQuote: marginQuote.toDecimalPlaces(8).toFixed(),
    leverage,
    stepSizeBase: step.toFixed(),
    minQuantityBase: new Decimal(market.minQuantity).toFixed(),
    maxQuantityBase: market.maxQuantity === null ? null : new Decimal(market.maxQuantity).toFixed(),
    minNotionalQuote: new Decimal(market.minNotional).toFixed(),
  }
  if (quantityBase.lte(0)) return { ok: false, reason: 'SIZE_ZERO', numbers }
  if (quantityBase.lt(market.minQuantity) || notionalQuote.lt(market.minNotional)) return { ok: false, reason: 'BELOW_MINIMUM', numbers }
  if (market.maxQuantity !== null && quantityBase.gt(market.maxQuantity)) return { ok: false, reason: 'ABOVE_MAXIMUM', numbers }
  return { ok: true, quantityBase, notionalQuote, marginQuote, numbers }
}

/** What the mode asks for, base, before anything is rounded; null where it has nothing to go by. */
function wantedBase(input: SizeInput): Decimal | null {
  const { mode, asked, price, fixedQuote, fixedBase, stopDistance } = input
  switch (mode) {
    case 'alert':
      return asked === null ? ofEquity(input) : askedBase({ ...input, quantity: asked, unit: input.askedUnit })
    case 'fixed-quantity':
      return fixedBase ?? new Decimal(0)
    case 'fixed-quote':
      return fixedQuote.div(price)
    case 'percent-of-equity':
      return ofEquity(input)
    case 'risk-per-trade':
      return stopDistance === null || stopDistance.lte(0) ? null : riskQuote(input).div(stopDistance)
  }
}

function ofEquity({ price, equity, equityFraction, leverage }: SizeInput): Decimal {
  return Decimal.max(0, equity).mul(equityFraction).mul(leverage).div(price)
}

function riskQuote({ equity, riskFraction }: SizeInput): Decimal {
  return Decimal.max(0, equity).mul(riskFraction)
}

function riskNumbers(input: SizeInput): ReasonNumbers {
  if (input.mode !== 'risk-per-trade' || input.stopDistance === null) return {}
  return { riskQuote: riskQuote(input).toDecimalPlaces(8).toFixed(), stopDistance: input.stopDistance.toDecimalPlaces(8).toFixed() }
}
