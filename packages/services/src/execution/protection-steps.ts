import { isTerminal, type OrderLeg } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { EpochOrder, ProtectionInput, ProtectionNeed } from './missing-protection.ts'

/** What every order of a position starts from. */
export const PLAIN = {
  kind: 'place',
  triggerPrice: null,
  quantityBase: null,
  level: null,
  callbackPercent: null,
  notBeforeMs: null,
  reason: null,
  numbers: {},
} as const satisfies Partial<ProtectionNeed>

const RESTORES_PER_HOUR = 3

/** When the next of these orders may be made, null at once; never, when the owner keeps removing it. */
export function restoreAtMs({ nowMs, timings }: ProtectionInput, orders: readonly EpochOrder[]): number | null | 'never' {
  const last = newest(orders)
  const removed = orders.filter(
    (order) => order.state === 'CANCELED' && order.reason === 'CANCELED_BY_EXCHANGE' && (order.endedAt?.getTime() ?? 0) > nowMs - 3_600_000,
  )
  if (removed.length > RESTORES_PER_HOUR) return 'never'

  const endedMs = last?.endedAt?.getTime() ?? 0
  const waitMs =
    last === undefined
      ? 0
      : last.state === 'FILLED'
        ? timings.replicaLagMs
        : last.state === 'REJECTED'
          ? (timings.sweepMs / 4) * 2 ** Math.min(last.revision, 4)
          : 0
  return endedMs + waitMs > nowMs ? endedMs + waitMs : null
}

export function replaceAll(orders: readonly EpochOrder[]): ProtectionNeed[] {
  return orders.filter((order) => order.cancelRequestedAt === null).map((order) => ({ kind: 'replace', order }))
}

/** One of them has just filled: what is held is not sure to be known yet. */
export function isSettling({ nowMs, timings }: ProtectionInput, orders: readonly EpochOrder[]): boolean {
  return orders.some((order) => order.state === 'FILLED' && (order.endedAt?.getTime() ?? 0) + timings.replicaLagMs > nowMs)
}

export function isResting(order: EpochOrder): boolean {
  return order.state === 'ACKED' || order.state === 'PARTIAL'
}

export function isLive(order: EpochOrder): boolean {
  return !isTerminal(order.state)
}

export function latest(orders: readonly EpochOrder[], leg: OrderLeg): EpochOrder | undefined {
  return newest(orders.filter((order) => order.leg === leg))
}

export function newest(orders: readonly EpochOrder[]): EpochOrder | undefined {
  return orders.toSorted((a, b) => b.revision - a.revision)[0]
}

export function samePrice(a: string | null, b: string | null): boolean {
  return a !== null && b !== null && new Decimal(a).eq(b)
}
