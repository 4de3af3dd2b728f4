import { BLANK_ALERT, type Alert, type PositionDirection } from '@matic/contracts'
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
  const { symbol, positionSide, side, quantityBase } = position
  const closes = (order: RestingTrigger) =>
    order.symbol === symbol &&
    order.positionSide === positionSide &&
    (order.side === 'sell') === (side === 'LONG') &&
    (order.closePosition || ((order.reduceOnly || positionSide !== 'BOTH') && new Decimal(order.quantityBase ?? 0).gte(quantityBase)))
  const pricesOf = (type: string) =>
    orders.flatMap((order) =>
      order.type === type && order.triggerPrice !== null && closes(order) ? [new Decimal(order.triggerPrice)] : [],
    )
  const stops = pricesOf('stop-market')
  const targets = pricesOf('take-profit-market')
  const nearest = (prices: readonly Decimal[], fromBelow: boolean) =>
    prices.length === 0 ? null : (fromBelow ? Decimal.max(...prices) : Decimal.min(...prices)).toFixed()
  return { stopPrice: nearest(stops, side === 'LONG'), targetPrice: nearest(targets, side === 'SHORT') }
}

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
