import { BLANK_ALERT, type Alert, type LeftLeg, type PositionDirection, type TrailingStop } from '@matic/contracts'
import { Decimal } from 'decimal.js'

/** Prices quote per base; null is none. */
export interface ProtectionLegs {
  readonly stopPrice: string | null
  readonly targetPrice: string | null
}

/** With the trailing stop that would take all of the position; null for none. */
export interface RestingLegs extends ProtectionLegs {
  readonly trailing: TrailingStop | null
}

/** An order that rests at an exchange, as far as it can be a stop or target. */
export interface RestingTrigger {
  readonly symbol: string
  readonly side: 'buy' | 'sell'
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly type: string
  readonly quantityBase: string | null
  readonly triggerPrice: string | null
  /** Of a trailing stop; its triggerPrice is where it begins. */
  readonly callbackPercent?: string | null
  readonly reduceOnly: boolean
  readonly closePosition: boolean
}

export interface GuardedPosition {
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly side: PositionDirection
  readonly quantityBase: string
}

/**
 * What would leave nothing of a position, whoever placed it: the price at which the stops that are met first have taken all of it between them, and the
 * same of its targets.
 */
export function restingLegs(position: GuardedPosition, orders: readonly RestingTrigger[]): RestingLegs {
  const flatAt = (type: LegType) => flatPrice(position, nearestFirst(position, orders, type))
  return { stopPrice: flatAt('stop-market'), targetPrice: flatAt('take-profit-market'), trailing: wholeTrailing(position, orders) }
}

/** Which kinds rest there that followers do not get: what they do when they are met is copied, they themselves are not. */
export function leftLegs(position: GuardedPosition, orders: readonly RestingTrigger[]): LeftLeg[] {
  const trails = trailingOf(position, orders).length > 0 && wholeTrailing(position, orders) === null
  const isPartial = (['stop-market', 'take-profit-market'] as const).some((type) => {
    const own = nearestFirst(position, orders, type)
    const flat = flatPrice(position, own)
    // What is met only after all of it is gone takes nothing.
    return own.some((order) => !takesAll(position, order) && (flat === null || beforeOf(position, order, flat, type)))
  })
  return [...(trails ? (['trailing'] as const) : []), ...(isPartial ? (['partial'] as const) : [])]
}

type LegType = 'stop-market' | 'take-profit-market'
type Priced = RestingTrigger & { readonly triggerPrice: string }

/** Of a long, stops are met from above and targets from below; of a short the other way round. */
const fromAbove = ({ side }: GuardedPosition, type: LegType): boolean => (side === 'LONG') === (type === 'stop-market')

function nearestFirst(position: GuardedPosition, orders: readonly RestingTrigger[], type: LegType): Priced[] {
  const isOne = (order: RestingTrigger): order is Priced => order.type === type && order.triggerPrice !== null && takesOff(position, order)
  const sign = fromAbove(position, type) ? -1 : 1
  return orders.filter(isOne).toSorted((a, b) => sign * new Decimal(a.triggerPrice).cmp(b.triggerPrice))
}

function flatPrice(position: GuardedPosition, nearest: readonly Priced[]): string | null {
  let taken = new Decimal(0)
  for (const order of nearest) {
    taken = taken.add(order.quantityBase ?? 0)
    if (takesAll(position, order) || taken.gte(position.quantityBase)) return new Decimal(order.triggerPrice).toFixed()
  }
  return null
}

function beforeOf(position: GuardedPosition, { triggerPrice }: Priced, flat: string, type: LegType): boolean {
  return fromAbove(position, type) ? new Decimal(triggerPrice).gt(flat) : new Decimal(triggerPrice).lt(flat)
}

function trailingOf(position: GuardedPosition, orders: readonly RestingTrigger[]): RestingTrigger[] {
  return orders.filter((order) => order.type === 'trailing-stop-market' && takesOff(position, order))
}

/** Several that take all of it between them are as the widest, from where the last of them begins: it never takes more than they would. */
function wholeTrailing(position: GuardedPosition, orders: readonly RestingTrigger[]): TrailingStop | null {
  const own = trailingOf(position, orders)
  const percents = own.flatMap(({ callbackPercent }) => (callbackPercent ? [new Decimal(callbackPercent)] : []))
  const takenBase = own.reduce((sum, { quantityBase }) => sum.add(quantityBase ?? 0), new Decimal(0))
  if (own.length === 0 || percents.length < own.length || takenBase.lt(position.quantityBase)) return null
  const begins = own.flatMap(({ triggerPrice }) => (triggerPrice === null ? [] : [new Decimal(triggerPrice)]))
  const last = begins.length === 0 ? null : position.side === 'LONG' ? Decimal.max(...begins) : Decimal.min(...begins)
  return { percent: Decimal.max(...percents).toFixed(), activationPrice: last?.toFixed() ?? null }
}

function takesOff({ symbol, positionSide, side }: GuardedPosition, order: RestingTrigger): boolean {
  return (
    order.symbol === symbol &&
    order.positionSide === positionSide &&
    (order.side === 'sell') === (side === 'LONG') &&
    (order.closePosition || order.reduceOnly || positionSide !== 'BOTH')
  )
}

const takesAll = ({ quantityBase }: GuardedPosition, order: RestingTrigger): boolean =>
  order.closePosition || new Decimal(order.quantityBase ?? 0).gte(quantityBase)

const sameNumber = (one: string | null, other: string | null): boolean =>
  one === other || (one !== null && other !== null && new Decimal(one).eq(other))

/** What of it is news: a stop that is gone is none, for nobody is to lose theirs by it, nor between a stop and its successor. */
export function movedLegs(before: ProtectionLegs, now: ProtectionLegs): Alert['protection'] {
  const stop = now.stopPrice === null || sameNumber(before.stopPrice, now.stopPrice) ? null : { price: now.stopPrice }
  const target = sameNumber(before.targetPrice, now.targetPrice) ? null : { price: now.targetPrice }
  return stop === null && target === null ? null : { stop, target }
}

/** Whether it is another one, or gone. One that takes only a part since the position grew is the same still: nobody is to lose theirs by that. */
export function movedTrailing(
  position: GuardedPosition,
  before: TrailingStop | null,
  orders: readonly RestingTrigger[],
): { readonly to: TrailingStop | null } | null {
  const now = wholeTrailing(position, orders)
  if (now === null) return before === null || trailingOf(position, orders).length > 0 ? null : { to: null }
  return before !== null && sameNumber(before.percent, now.percent) && sameNumber(before.activationPrice, now.activationPrice)
    ? null
    : { to: now }
}

interface Protected {
  readonly symbol: string
  readonly side: PositionDirection
  readonly entryPrice: string | null
  /** The one account whose position it is. */
  readonly accountId: string | null
  readonly atMs: number
  readonly idempotencyKey: string | null
}

/** The change as an alert says it: nothing is bought or sold. */
export function protectionAlert(protection: NonNullable<Alert['protection']>, position: Protected): Alert {
  return {
    ...BLANK_ALERT,
    dialect: 'protection',
    ticker: position.symbol,
    action: 'protect',
    marketPosition: position.side === 'LONG' ? 'long' : 'short',
    signalPrice: position.entryPrice,
    accountId: position.accountId,
    protection,
    idempotencyKey: position.idempotencyKey,
    alertAtMs: position.atMs,
  }
}
