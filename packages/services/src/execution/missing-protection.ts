import type { ReasonCode, ReasonNumbers } from '@matic/contracts'
import { isTerminal } from '@matic/contracts'
import type { OrderLeg } from '@matic/contracts'
import type { MarketInfo } from '@matic/exchange/port'
import type { Timings } from '@matic/platform'
import { Decimal } from 'decimal.js'
import { levelNeeds, trailingNeeds } from './missing-extras.ts'
import { shareNeeds } from './share-protection.ts'
import { isResting, latest, PLAIN, replaceAll, restoreAtMs, samePrice } from './protection-steps.ts'
import type { OrderRow, PositionRow } from './rows.ts'

/** Any order of this life of the position, over or not. */
export interface EpochOrder extends OrderRow {
  endedAt: Date | null
}

export interface ProtectionInput {
  readonly position: PositionRow
  readonly orders: readonly EpochOrder[]
  /** Unknown: several targets and trailing wait. */
  readonly market?: Pick<MarketInfo, 'stepSize' | 'minQuantity'> | undefined
  readonly nowMs: number
  readonly timings: Timings
}

export type ProtectionNeed =
  /** Make this order. */
  | {
      readonly kind: 'place'
      readonly leg: Extract<OrderLeg, 'stop' | 'target' | 'trailing' | 'emergency' | 'close' | 'reduce'>
      readonly revision: number
      readonly triggerPrice: string | null
      /** Base; null closes whatever is there. */
      readonly quantityBase: string | null
      /** Which of several targets. */
      readonly level: number | null
      readonly callbackPercent: string | null
      readonly notBeforeMs: number | null
      readonly reason: ReasonCode | null
      readonly numbers: ReasonNumbers
    }
  /** Its price is not the wanted one any more. */
  | { readonly kind: 'replace'; readonly order: EpochOrder }
  /** The exchange will not have this leg, or the owner keeps removing it. */
  | { readonly kind: 'give-up'; readonly leg: 'stop' | 'target' | 'trailing' }

const REFUSALS_OF_TARGET = 3
const REFUSALS_OF_STAND_IN = 2

/**
 * What a position's protection still lacks. Decided from the state alone, so that whoever looks next finishes what a dead
 * worker began. A stop that would trigger at once, or that is missing for too long, becomes a close at market.
 */
export function missingProtection(all: ProtectionInput): ProtectionNeed[] {
  const { position, nowMs, timings } = all
  const input = { ...all, orders: all.orders.filter(({ level }) => level === null) }
  if (new Decimal(position.quantityBase).isZero()) return []
  if (position.protection === 'EMERGENCY') return closeNeeds(input, 'emergency', null)

  const stop = stopFate(input)
  if (stop) return closeNeeds(input, 'emergency', stop)
  const limitMs = position.unprotectedSince && position.unprotectedSince.getTime() + timings.protectionLimitMs
  if (position.stopPrice !== null && limitMs && limitMs <= nowMs) {
    return closeNeeds(input, 'emergency', { reason: 'PROTECTION_LATE_CLOSED', numbers: { limitSeconds: timings.protectionLimitMs / 1000 } })
  }
  const targets = targetNeeds(input)
  if (targets.some((need) => need.kind === 'place' && need.leg === 'close')) return [...stopNeeds(input), ...targets]
  return [...stopNeeds(input), ...numbered(all.orders, [...targets, ...levelNeeds(all)]), ...trailingNeeds(all)]
}

/** Targets of all levels share one row of revisions: each gets the next. */
function numbered(orders: readonly EpochOrder[], needs: readonly ProtectionNeed[]): ProtectionNeed[] {
  let highest = Math.max(0, ...orders.filter(({ leg }) => leg === 'target').map(({ revision }) => revision))
  return needs.map((need) => (need.kind === 'place' && need.leg === 'target' ? { ...need, revision: (highest += 1) } : need))
}

type Input = ProtectionInput

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
  if (position.shareOf !== undefined) return shareNeeds(input, 'stop', position.stopPrice)
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

/** A target that would trigger at once has been reached: the position closes at market. */
function targetNeeds(input: Input): ProtectionNeed[] {
  const { position, orders } = input
  const last = latest(orders, 'target')
  if (position.targetPrice !== null && last?.reason === 'REJECTED_WOULD_TRIGGER' && samePrice(last.triggerPrice, position.targetPrice)) {
    return closeNeeds(input, 'close', null)
  }
  const refusals = orders.filter((order) => order.leg === 'target' && order.state === 'REJECTED').length
  if (position.targetPrice !== null && refusals >= REFUSALS_OF_TARGET) return [{ kind: 'give-up', leg: 'target' }]
  if (position.shareOf !== undefined && position.targetPrice !== null) return shareNeeds(input, 'target', position.targetPrice)
  if (last && !isTerminal(last.state)) return samePrice(last.triggerPrice, position.targetPrice) ? [] : replaceAll([last])
  return position.targetPrice === null ? [] : placeNeeds(input, 'target', position.targetPrice)
}

/** The next revision, in time; or the leg is given up. */
function placeNeeds(input: Input, leg: 'stop' | 'target', triggerPrice: string, quantityBase: string | null = null): ProtectionNeed[] {
  const last = latest(input.orders, leg)
  const notBeforeMs = restoreAtMs(
    input,
    input.orders.filter((order) => order.leg === leg),
  )
  if (notBeforeMs === 'never') return [{ kind: 'give-up', leg }]
  return [{ ...PLAIN, leg, revision: (last?.revision ?? 0) + 1, triggerPrice, quantityBase, notBeforeMs }]
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
      ...PLAIN,
      leg,
      revision: (last?.revision ?? 0) + 1,
      notBeforeMs,
      reason: cause?.reason ?? null,
      numbers: cause?.numbers ?? {},
    },
  ]
}
