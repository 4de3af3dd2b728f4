import { isTerminal } from '@matic/contracts'
import { Decimal } from 'decimal.js'
import type { EpochOrder, ProtectionInput, ProtectionNeed } from './missing-protection.ts'
import { isLive, isSettling, latest, PLAIN, replaceAll, restoreAtMs, samePrice } from './protection-steps.ts'

/**
 * The stop or target of a share: orders that together are as large as it is, never larger, for what they took beyond it would be somebody
 * else's. So what is too much or at another price goes before anything new comes, and what is missing is added. What stands against shares on the other
 * side is not at the exchange, and is watched instead (`watchShares`).
 */
export function shareNeeds(input: ProtectionInput, leg: 'stop' | 'target', triggerPrice: string): ProtectionNeed[] {
  const { position, market } = input
  const orders = input.orders.filter((order) => order.leg === leg)
  const live = orders.filter(isLive)
  const wrong = live.filter((order) => !samePrice(order.triggerPrice, triggerPrice))
  if (wrong.length > 0) return replaceAll(wrong)
  if (market === undefined || isSettling(input, orders)) return []
  const restsBase = new Decimal(position.restsBase ?? position.quantityBase)
  const surplus = surplusOf(live, restsBase)
  if (surplus.length > 0) return replaceAll(surplus)

  const missing = restsBase.sub(coveredBy(live)).div(market.stepSize).floor().mul(market.stepSize)
  if (missing.lte(0)) return []
  if (missing.lt(market.minQuantity)) return replaceAll(live)
  const notBeforeMs = restoreAtMs(input, orders)
  if (notBeforeMs === 'never') return [{ kind: 'give-up', leg }]
  return [{ ...PLAIN, leg, revision: (latest(orders, leg)?.revision ?? 0) + 1, triggerPrice, quantityBase: missing.toFixed(), notBeforeMs }]
}

/** The smallest of these orders that have to go so that the rest are no larger than the share. */
export function surplusOf(live: readonly EpochOrder[], shareBase: Decimal): EpochOrder[] {
  const going: EpochOrder[] = []
  let covered = coveredBy(live)
  for (const order of live.toSorted((a, b) => new Decimal(a.quantityBase ?? 0).cmp(b.quantityBase ?? 0))) {
    if (covered.lte(shareBase)) break
    going.push(order)
    covered = covered.sub(order.quantityBase ?? 0)
  }
  return going
}

export function coveredBy(live: readonly EpochOrder[]): Decimal {
  return live.reduce((sum, { quantityBase }) => sum.add(quantityBase ?? 0), new Decimal(0))
}

/** A close of this share is on its way: until it is done, or late, its stop and target stay away from what others hold. */
export function isBeingClosed(
  { position, nowMs, timings }: ProtectionInput,
  all: readonly {
    leg: string
    routeId: string | null
    symbol: string
    positionSide: string
    state: EpochOrder['state']
    createdAt: Date
  }[],
): boolean {
  return all.some(
    (order) =>
      (order.leg === 'close' || order.leg === 'reduce' || order.leg === 'emergency') &&
      order.routeId === position.routeId &&
      order.symbol === position.symbol &&
      order.positionSide === position.positionSide &&
      !isTerminal(order.state) &&
      order.createdAt.getTime() + timings.protectionAlarmMs > nowMs,
  )
}
