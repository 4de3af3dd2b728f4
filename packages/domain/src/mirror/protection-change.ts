import { BLANK_ALERT, type Alert, type LeftLeg, type PositionDirection } from '@matic/contracts'
import { Decimal } from 'decimal.js'

/** Prices quote per base; null is none. */
export interface ProtectionLegs {
  readonly stopPrice: string | null
  readonly targetPrice: string | null
}

/** An order that rests at an exchange, as far as it can be a stop or target. */
export interface RestingTrigger {
  readonly symbol: string
  readonly side: 'buy' | 'sell'
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly type: string
  readonly quantityBase: string | null
  readonly triggerPrice: string | null
  readonly reduceOnly: boolean
  readonly closePosition: boolean
}

export interface GuardedPosition {
  readonly symbol: string
  readonly positionSide: 'BOTH' | 'LONG' | 'SHORT'
  readonly side: PositionDirection
  readonly quantityBase: string
}

/** The stop and the target that would take all of a position, whoever placed them: of several, those that the price meets first. */
export function restingLegs(position: GuardedPosition, orders: readonly RestingTrigger[]): ProtectionLegs {
  const { side } = position
  const closing = orders.filter((order) => takesOff(position, order) && takesAll(position, order))
  const pricesOf = (type: string) =>
    closing.flatMap((order) => (order.type === type && order.triggerPrice !== null ? [new Decimal(order.triggerPrice)] : []))
  const stops = pricesOf('stop-market')
  const targets = pricesOf('take-profit-market')
  const nearest = (prices: readonly Decimal[], fromBelow: boolean) =>
    prices.length === 0 ? null : (fromBelow ? Decimal.max(...prices) : Decimal.min(...prices)).toFixed()
  return { stopPrice: nearest(stops, side === 'LONG'), targetPrice: nearest(targets, side === 'SHORT') }
}

/** Which kinds rest there that followers do not get: what they do when they are met is copied, they themselves are not. */
export function leftLegs(position: GuardedPosition, orders: readonly RestingTrigger[]): LeftLeg[] {
  const own = orders.filter((order) => takesOff(position, order))
  const trails = own.some(({ type }) => type === 'trailing-stop-market')
  const isPartial = own.some((order) => (order.type === 'stop-market' || order.type === 'take-profit-market') && !takesAll(position, order))
  return [...(trails ? (['trailing'] as const) : []), ...(isPartial ? (['partial'] as const) : [])]
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

/** What of it is news: a stop that is gone is none, for nobody is to lose theirs by it, nor between a stop and its successor. */
export function movedLegs(before: ProtectionLegs, now: ProtectionLegs): Alert['protection'] {
  const same = (one: string | null, other: string | null) => one === other || (one !== null && other !== null && new Decimal(one).eq(other))
  const stop = now.stopPrice === null || same(before.stopPrice, now.stopPrice) ? null : { price: now.stopPrice }
  const target = same(before.targetPrice, now.targetPrice) ? null : { price: now.targetPrice }
  return stop === null && target === null ? null : { stop, target }
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
