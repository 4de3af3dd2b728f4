import { targetQuantities, type PositionPlan } from '@matic/domain'
import { Decimal } from 'decimal.js'
import { coveredBy, surplusOf } from './share-protection.ts'
import type { EpochOrder, ProtectionInput, ProtectionNeed } from './missing-protection.ts'
import { isLive, isResting, isSettling, latest, newest, PLAIN, replaceAll, restoreAtMs, samePrice } from './protection-steps.ts'

const REFUSALS = 3

/** Levels of several targets that have done their work, by the exchange or at market where they were reached too early. */
export function levelsTaken(orders: readonly EpochOrder[]): ReadonlySet<number> {
  return new Set(
    orders.flatMap(({ leg, level, state }) =>
      level !== null && ((leg === 'target' && state === 'FILLED') || (leg === 'reduce' && (state === 'FILLED' || state === 'MOOT')))
        ? [level]
        : [],
    ),
  )
}

/**
 * Several targets: each rests with the quantity that its share is of what is held now, and is made anew when that changes. One that has been
 * reached before it could rest is taken at market.
 */
export function levelNeeds(input: ProtectionInput): ProtectionNeed[] {
  const { position, market } = input
  const orders = input.orders.filter(({ level }) => level !== null)
  const targets = (position.plan?.targets ?? []).map((target, index) => ({ ...target, level: index + 1 }))
  const unwanted = replaceAll(
    orders.filter((order) => isLive(order) && order.leg === 'target' && !targets.some(({ level }) => level === order.level)),
  )
  if (targets.length === 0 || market === undefined || isSettling(input, orders)) return unwanted

  const taken = levelsTaken(orders)
  const open = targets.filter(({ level }) => !taken.has(level))
  const quantities = targetQuantities({
    positionBase: new Decimal(position.quantityBase),
    open,
    sharesOfAll: targets.reduce((sum, { share }) => sum.add(share), new Decimal(0)),
    stepBase: new Decimal(market.stepSize),
    minQuantityBase: new Decimal(market.minQuantity),
  })
  return [
    ...unwanted,
    ...open.flatMap((target) =>
      oneLevel(
        input,
        orders.filter(({ level }) => level === target.level),
        { ...target, quantityBase: quantities.get(target.level) },
      ),
    ),
  ]
}

interface WantedLevel {
  readonly level: number
  readonly price: string
  /** Base; undefined where the share is too small to be sold. */
  readonly quantityBase: Decimal | undefined
}

function oneLevel(input: ProtectionInput, orders: readonly EpochOrder[], { level, price, quantityBase }: WantedLevel): ProtectionNeed[] {
  const live = orders.filter(isLive)
  const resting = live.find(({ leg }) => leg === 'target')
  if (resting) {
    const asWanted = quantityBase !== undefined && quantityBase.eq(resting.quantityBase ?? 0) && samePrice(resting.triggerPrice, price)
    return asWanted || !(isResting(resting) || resting.state === 'READY') ? [] : replaceAll([resting])
  }
  if (live.length > 0 || quantityBase === undefined) return []

  const targets = orders.filter(({ leg }) => leg === 'target')
  const last = newest(targets)
  if (last?.reason === 'REJECTED_WOULD_TRIGGER' && samePrice(last.triggerPrice, price)) {
    const revision = Math.max(0, ...input.orders.filter(({ leg }) => leg === 'reduce').map((order) => order.revision)) + 1
    return [{ ...PLAIN, leg: 'reduce', level, revision, quantityBase: quantityBase.toFixed() }]
  }
  if (targets.filter(({ state }) => state === 'REJECTED').length >= REFUSALS) return []
  const notBeforeMs = restoreAtMs(input, targets)
  if (notBeforeMs === 'never') return []
  return [{ ...PLAIN, leg: 'target', level, revision: 1, triggerPrice: price, quantityBase: quantityBase.toFixed(), notBeforeMs }]
}

/**
 * The trailing stop, kept by the exchange. It is not made anew while it is the wanted one, for it would forget how far the price had come: a position
 * that grows gets another one for the rest, and one that shrinks keeps what it has, which can only ever reduce. Where another is wanted, that rests before the
 * former goes; of a share, after.
 */
export function trailingNeeds(input: ProtectionInput): ProtectionNeed[] {
  const { position, market } = input
  const orders = input.orders.filter(({ leg }) => leg === 'trailing')
  const live = orders.filter(isLive)
  const trailing = position.plan?.trailing ?? null
  if (trailing === null) return replaceAll(live)
  if (market === undefined || isSettling(input, orders)) return []
  if (orders.filter((order) => order.state === 'REJECTED' && trailsAs(order, trailing)).length >= REFUSALS)
    return [{ kind: 'give-up', leg: 'trailing' }]
  const wanted = live.filter((order) => trailsAs(order, trailing))
  const former = live.filter((order) => !wanted.includes(order))
  if (position.shareOf !== undefined && former.length > 0) return replaceAll(former)

  // What a share's takes beyond it would be somebody else's.
  const surplus = position.shareOf === undefined ? [] : surplusOf(live, new Decimal(position.quantityBase))
  if (surplus.length > 0) return replaceAll(surplus)
  const missing = new Decimal(position.quantityBase).sub(coveredBy(wanted)).div(market.stepSize).floor().mul(market.stepSize)
  if (missing.lte(0) || missing.lt(market.minQuantity)) return wanted.length > 0 && wanted.every(isResting) ? replaceAll(former) : []
  const notBeforeMs = restoreAtMs(input, orders)
  if (notBeforeMs === 'never') return [{ kind: 'give-up', leg: 'trailing' }]
  return [
    {
      ...PLAIN,
      leg: 'trailing',
      revision: (latest(orders, 'trailing')?.revision ?? 0) + 1,
      triggerPrice: activationPrice(position, trailing.activationPrice),
      quantityBase: missing.toFixed(),
      callbackPercent: trailing.percent,
      notBeforeMs,
    },
  ]
}

/** One that has begun already is as good as one that is to begin later. */
function trailsAs(
  { callbackPercent, triggerPrice }: EpochOrder,
  { percent, activationPrice: from }: NonNullable<PositionPlan['trailing']>,
): boolean {
  return samePrice(callbackPercent, percent) && (triggerPrice === null || samePrice(triggerPrice, from))
}

/** Where the price has gone beyond it already, it trails at once: the exchange would refuse it. */
function activationPrice({ side, markPrice }: ProtectionInput['position'], price: string | null): string | null {
  if (price === null || markPrice === null) return price
  const reached = side === 'LONG' ? new Decimal(markPrice).gte(price) : new Decimal(markPrice).lte(price)
  return reached ? null : price
}
