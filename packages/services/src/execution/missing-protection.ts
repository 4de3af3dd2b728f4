import type { ReasonCode, ReasonNumbers } from '@matic/contracts'
import { isTerminal } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { OrderLeg } from '@matic/contracts'
import type { Timings } from '@matic/platform'
import type { OrderRow, PositionRow } from './rows.ts'

/** Any order of this life of the position, over or not. */
export interface EpochOrder extends OrderRow {
  endedAt: Date | null
}

export type ProtectionNeed =
  /** Make this order. */
  | {
      readonly kind: 'place'
      readonly leg: Extract<OrderLeg, 'stop' | 'target' | 'emergency' | 'close'>
      readonly revision: number
      readonly triggerPrice: string | null
      /** Base; null closes whatever is there. */
      readonly quantityBase: string | null
      readonly notBeforeMs: number | null
      readonly reason: ReasonCode | null
      readonly numbers: ReasonNumbers
    }
  /** Its price is not the wanted one any more. */
  | { readonly kind: 'replace'; readonly order: EpochOrder }
  /** The exchange will not have this leg, or the owner keeps removing it. */
  | { readonly kind: 'give-up'; readonly leg: 'stop' | 'target' }

const RESTORES_PER_HOUR = 3
const REFUSALS_OF_TARGET = 3
const REFUSALS_OF_STAND_IN = 2

/**
 * What a position's protection still lacks. Decided from the state alone, so that whoever looks next finishes what a dead
 * worker began. A stop that would trigger at once, or that is missing for too long, becomes a close at market.
 */
export function missingProtection(input: {
  position: PositionRow
  orders: readonly EpochOrder[]
  nowMs: number
  timings: Timings
}): ProtectionNeed[] {
  const { position, nowMs, timings } = input
  if (new Decimal(position.quantityBase).isZero()) return []
  if (position.protection === 'EMERGENCY') return closeNeeds(input, 'emergency', null)

  const stop = stopFate(input)
  if (stop) return closeNeeds(input, 'emergency', stop)
  const limitMs = position.unprotectedSince && position.unprotectedSince.getTime() + timings.protectionLimitMs
  if (position.stopPrice !== null && limitMs && limitMs <= nowMs) {
    return closeNeeds(input, 'emergency', { reason: 'PROTECTION_LATE_CLOSED', numbers: { limitSeconds: timings.protectionLimitMs / 1000 } })
  }
  return [...stopNeeds(input), ...targetNeeds(input)]
}

interface Input {
  position: PositionRow
  orders: readonly EpochOrder[]
  nowMs: number
  timings: Timings
}

interface Cause {
  reason: ReasonCode
  numbers: ReasonNumbers
}

function stopFate({ position, orders }: Input): Cause | undefined {
  const last = latest(orders, 'stop')
  if (position.stopPrice === null || last?.reason !== 'REJECTED_WOULD_TRIGGER') return undefined
  return samePrice(last.triggerPrice, position.stopPrice) ? { reason: 'STOP_IMPOSSIBLE_CLOSED', numbers: {} } : undefined
}

/**
 * A stop that moves is never away: the exchange takes one stop for the whole position, so that one with a quantity stands in at the new
 * price first, then the old one goes, its successor comes, and the one that stood in goes last.
 */
function stopNeeds(input: Input): ProtectionNeed[] {
  const { position, orders } = input
  const live = orders.filter((order) => order.leg === 'stop' && !isTerminal(order.state))
  const whole = live.find((order) => order.quantityBase === null)
  if (position.stopPrice === null) return replaceAll(live)
  const asWanted = (order: EpochOrder) => samePrice(order.triggerPrice, position.stopPrice)
  if (!whole) return placeNeeds(input, 'stop', position.stopPrice)
  if (asWanted(whole))
    return isResting(whole) && whole.cancelRequestedAt === null ? replaceAll(live.filter((order) => order !== whole)) : []
  if (whole.cancelRequestedAt !== null) return []
  if (whole.state === 'READY') return replaceAll([whole])
  if (!isResting(whole)) return []

  const standIns = orders.filter((order) => order.leg === 'stop' && order.quantityBase !== null && asWanted(order))
  const standIn = standIns.find((order) => !isTerminal(order.state))
  if (standIn) return isResting(standIn) ? replaceAll([whole]) : []
  if (standIns.filter((order) => order.state === 'REJECTED').length >= REFUSALS_OF_STAND_IN) return replaceAll([whole])
  return placeNeeds(input, 'stop', position.stopPrice, position.quantityBase)
}

/** Some stop of this life rests and is not on its way out. */
export function stopRests(orders: readonly EpochOrder[]): boolean {
  return orders.some((order) => order.leg === 'stop' && isResting(order) && order.cancelRequestedAt === null)
}

function replaceAll(orders: readonly EpochOrder[]): ProtectionNeed[] {
  return orders.filter((order) => order.cancelRequestedAt === null).map((order) => ({ kind: 'replace', order }))
}

function isResting(order: EpochOrder): boolean {
  return order.state === 'ACKED' || order.state === 'PARTIAL'
}

/** A target that would trigger at once has been reached: the position closes at market. */
function targetNeeds(input: Input): ProtectionNeed[] {
  const { position, orders } = input
  const last = latest(orders, 'target')
  if (position.targetPrice !== null && last?.reason === 'REJECTED_WOULD_TRIGGER' && samePrice(last.triggerPrice, position.targetPrice)) {
    return closeNeeds(input, 'close', null)
  }
  const refusals = orders.filter((order) => order.leg === 'target' && order.state === 'REJECTED').length
  if (position.targetPrice !== null && refusals >= REFUSALS_OF_TARGET) return [{ kind: 'give-up', leg: 'target' }]
  if (last && !isTerminal(last.state)) return samePrice(last.triggerPrice, position.targetPrice) ? [] : replaceAll([last])
  return position.targetPrice === null ? [] : placeNeeds(input, 'target', position.targetPrice)
}

/** The next revision, in time; or the leg is given up. */
function placeNeeds(
  { orders, nowMs, timings }: Input,
  leg: 'stop' | 'target',
  triggerPrice: string,
  quantityBase: string | null = null,
): ProtectionNeed[] {
  const last = latest(orders, leg)
  const removed = orders.filter(
    (order) =>
      order.leg === leg &&
      order.state === 'CANCELED' &&
      order.reason === 'CANCELED_BY_EXCHANGE' &&
      (order.endedAt?.getTime() ?? 0) > nowMs - 3_600_000,
  )
  if (removed.length > RESTORES_PER_HOUR) return [{ kind: 'give-up', leg }]

  const endedMs = last?.endedAt?.getTime() ?? 0
  const waitMs =
    last === undefined
      ? 0
      : last.state === 'FILLED'
        ? timings.replicaLagMs
        : last.state === 'REJECTED'
          ? (timings.sweepMs / 4) * 2 ** Math.min(last.revision, 4)
          : 0
  const notBeforeMs = endedMs + waitMs > nowMs ? endedMs + waitMs : null
  return [{ kind: 'place', leg, revision: (last?.revision ?? 0) + 1, triggerPrice, quantityBase, notBeforeMs, reason: null, numbers: {} }]
}

/** Keeps closing until the position is flat, ever more slowly. */
function closeNeeds({ orders, nowMs, timings }: Input, leg: 'emergency' | 'close', cause: Cause | null): ProtectionNeed[] {
  const last = latest(orders, leg)
  if (last && !isTerminal(last.state)) return []
  const waitMs = last ? Math.min((timings.sweepMs / 4) * 2 ** last.revision, 30 * timings.sweepMs) : 0
  const endedMs = last?.endedAt?.getTime() ?? 0
  const notBeforeMs = endedMs + waitMs > nowMs ? endedMs + waitMs : null
  return [
    {
      kind: 'place',
      leg,
      revision: (last?.revision ?? 0) + 1,
      triggerPrice: null,
      quantityBase: null,
      notBeforeMs,
      reason: cause?.reason ?? null,
      numbers: cause?.numbers ?? {},
    },
  ]
}

function latest(orders: readonly EpochOrder[], leg: OrderLeg): EpochOrder | undefined {
  return orders.filter((order) => order.leg === leg).toSorted((a, b) => b.revision - a.revision)[0]
}

function samePrice(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && new Decimal(a).eq(b)
}
