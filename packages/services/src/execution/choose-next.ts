import { isTerminal } from '@matic/contracts'
import type { Side } from '@matic/contracts'
import { reduceQuantity } from '@matic/domain'
import { Decimal } from 'decimal.js'
import type { LaneOrder, LaneView } from './lane-view.ts'
import type { PositionRow } from './rows.ts'
import { isClose, isFullClose, isProtection, isReducing, positionCause, waitsForOthers } from './rows.ts'
import type { Ending } from './veto.ts'
import { protectionIsStale, succeeded, vetoOrder } from './veto.ts'

/** An order to be sent now, with the side and quantity (base; null closes whatever is there) it goes out with. */
export interface ChosenOrder {
  readonly order: LaneOrder
  readonly side: Side
  readonly quantityBase: string | null
  /** Takes a share off others' on the other side: the exchange has less to reduce than that. */
  readonly crosses?: boolean
}

export type Step =
  | { readonly kind: 'send'; readonly orders: readonly ChosenOrder[] }
  /** Margin mode or leverage differ from what is known; set them first. */
  | {
      readonly kind: 'prepare'
      readonly order: LaneOrder
      readonly marginMode: 'cross' | 'isolated' | null
      readonly leverage: number | null
    }
  | { readonly kind: 'cancel'; readonly orders: readonly LaneOrder[] }
  /** The outcome of these orders is unknown and a lookup is due. */
  | { readonly kind: 'resolve'; readonly orders: readonly LaneOrder[] }
  /** Read the real positions before closing. */
  | { readonly kind: 'refresh'; readonly symbol: string; readonly positionSide: LaneOrder['positionSide'] }
  /** Read the whole account. */
  | { readonly kind: 'reconcile' }
  /** Ask an account that holds nothing, to our knowledge, whether that is so. Wallet: quote; `askedAtMs`: database ms. */
  | { readonly kind: 'look'; readonly walletBalance: string; readonly askedAtMs: number }
  | { readonly kind: 'wait'; readonly untilMs: number | null }

export interface Choice {
  readonly endings: readonly Ending[]
  readonly step: Step
}

/**
 * The lane's next step. Closes come first and wait for nothing but the truth about their own symbol; then unknown outcomes,
 * cancels and protection; opens go last and only while no outcome is unknown.
 */
export function chooseNext(view: LaneView): Choice {
  const endings: Ending[] = []
  const ready: LaneOrder[] = []
  for (const order of view.orders.toSorted(inLaneOrder)) {
    if (order.state !== 'READY') continue
    const ending = vetoOrder(view, order)
    if (ending) endings.push(ending)
    else ready.push(order)
  }
  if (view.account.keyStatus !== 'VALID' && view.account.keyStatus !== 'FROZEN') return { endings, step: { kind: 'wait', untilMs: null } }

  const step = closeStep(view, ready, endings) ?? resolveStep(view) ?? cancelStep(view) ?? protectStep(view, ready) ?? openStep(view, ready)
  return { endings, step: step ?? { kind: 'wait', untilMs: nextMoment(view) } }
}

function closeStep(view: LaneView, ready: readonly LaneOrder[], endings: Ending[]): Step | undefined {
  // What the exchange can reduce goes first: it frees margin, and may be smaller than what opens.
  const closes = ready
    .filter((order) => isReducing(order) && !isProtection(order) && (isDue(view, order) || maySettle(view, order)) && dependencyMet(order))
    .toSorted((a, b) => Number(goesAgainst(view, a)) - Number(goesAgainst(view, b)))
  const resends = view.orders.filter((order) => isFullClose(order) && canResend(view, order))

  for (const order of [...closes, ...resends]) {
    if (isOpenedAgain(view, order)) {
      endings.push({ order, state: 'SUPERSEDED', reason: 'CLOSE_JOINED', numbers: {} })
      continue
    }
    const cancel = view.orders.find(
      (other) => other.symbol === order.symbol && other.leg === 'open' && isSameShare(order, other) && cancelIsDue(view, other),
    )
    if (cancel) return { kind: 'cancel', orders: [cancel] }

    if (settlesMs(view, order) > view.nowMs) continue
    const others = view.orders.filter(
      (other) => other.symbol === order.symbol && other.id !== order.id && isSameShare(order, other) && isUnresolved(other),
    )
    if (!isFullClose(order) && others.length > 0) continue
    const position = positionOf(view, order)
    if (!isFresh(view, order, position)) return { kind: 'refresh', symbol: order.symbol, positionSide: order.positionSide }

    const standsAgainst = position !== undefined && meetsOtherShares(view, position)
    if (
      position &&
      (view.triggered?.has(position.id) === true || (standsAgainst && !isSettled(view, position)) || isUnbooked(view, order, position))
    ) {
      // Something is still to be booked: how much is left of the share is known after that.
      const readMs = wholeOf(view, order)?.syncedAt.getTime() ?? 0
      if (readMs + view.timings.sweepMs / 4 < view.nowMs) return { kind: 'reconcile' }
      continue
    }
    const quantityBase = Decimal.min(position?.quantityBase ?? 0, (standsAgainst ? null : wholeOf(view, order)?.quantityBase) ?? Infinity)
    if (quantityBase.isZero() || !position) {
      if (order.state === 'READY' && others.every(isReducing))
        endings.push({ order, state: 'MOOT', reason: 'POSITION_ALREADY_CLOSED', numbers: {} })
      continue
    }
    const closingSide: Side = position.side === 'LONG' ? 'sell' : 'buy'
    const crosses = (base: Decimal) => standsAgainst && reducible(view, position).lt(base)
    const surplus = order.nets && guardOfShare(view, position)
    if (surplus) return { kind: 'cancel', orders: [surplus] }
    if (isClose(order)) {
      // What one order may not take is taken by the next revision.
      const most = view.markets.get(order.symbol)?.maxQuantity ?? null
      const reduces = waitsForOthers(order) ? reducible(view, position) : new Decimal(0)
      const sent = Decimal.min(quantityBase, most ?? Infinity, standsAgainst && reduces.gt(0) ? reduces : Infinity)
      return { kind: 'send', orders: [{ order, side: closingSide, quantityBase: sent.toFixed(), crosses: crosses(sent) }] }
    }

    const ending = (reason: 'POSITION_ALREADY_CLOSED' | 'SIZE_ZERO', numbers = {}) =>
      endings.push({ order, state: 'MOOT', reason, numbers })
    if (order.side !== closingSide) {
      ending('POSITION_ALREADY_CLOSED')
      continue
    }
    const market = view.markets.get(order.symbol)
    if (!market) continue
    const reduced = reduceQuantity({
      positionBase: quantityBase,
      quantityBase: order.reduceFraction === null && order.quantityBase !== null ? new Decimal(order.quantityBase) : null,
      fraction: order.reduceFraction === null ? null : new Decimal(order.reduceFraction),
      stepBase: new Decimal(market.stepSize),
      minQuantityBase: new Decimal(market.minQuantity),
    })
    if (reduced.gt(0))
      return { kind: 'send', orders: [{ order, side: closingSide, quantityBase: reduced.toFixed(), crosses: crosses(reduced) }] }
    ending('SIZE_ZERO', { stepSizeBase: market.stepSize })
  }
  return undefined
}

/** It waits for others to close, and the exchange can reduce for it now, or its source has begun anew. */
function maySettle(view: LaneView, order: LaneOrder): boolean {
  if (!waitsForOthers(order)) return false
  const share = positionOf(view, order)
  return share === undefined || !meetsOtherShares(view, share) || reducible(view, share).gt(0) || isOpenedAgain(view, order)
}

/** What waits to be closed is part of what its source opens now, and is closed with that. */
function isOpenedAgain(view: LaneView, order: LaneOrder): boolean {
  if (!waitsForOthers(order) || order.leg !== 'close') return false
  return view.orders.some(
    (other) =>
      other.leg === 'open' &&
      other.symbol === order.symbol &&
      other.positionSide === order.positionSide &&
      isSameShare(order, other) &&
      other.dependsOnId !== order.id &&
      other.cancelRequestedAt === null &&
      other.createdAt > order.createdAt,
  )
}

/** Where routes share symbols only a route's own orders say anything about its share. */
function isSameShare(order: LaneOrder, other: LaneOrder): boolean {
  return order.nets !== true || order.routeId === other.routeId
}

/** Others hold the other side of the market, where the exchange knows only what they all come to. */
function meetsOtherShares(view: LaneView, share: PositionRow): boolean {
  if (view.wholes === undefined || share.shareOf === undefined || share.positionSide !== 'BOTH') return false
  return view.positions.some((other) => other.symbol === share.symbol && other.side !== share.side && Number(other.quantityBase) > 0)
}

function signedBase({ side, quantityBase }: PositionRow): Decimal {
  return new Decimal(quantityBase).mul(side === 'LONG' ? 1 : -1)
}

/** A close of a share on the other side than what the exchange holds. */
function goesAgainst(view: LaneView, order: LaneOrder): boolean {
  const share = order.nets === true ? positionOf(view, order) : undefined
  return share !== undefined && meetsOtherShares(view, share) && reducible(view, share).isZero()
}

/** The shares come to what the exchange holds. */
function isSettled(view: LaneView, share: PositionRow): boolean {
  const isOfIt = (other: PositionRow) => other.symbol === share.symbol && other.positionSide === share.positionSide
  const sum = view.positions.filter(isOfIt).reduce((total, other) => total.add(signedBase(other)), new Decimal(0))
  const whole = view.wholes?.find(isOfIt)
  return sum.eq(whole === undefined ? 0 : signedBase(whole))
}

/** The share is there and nothing at the exchange: what took it, such as its stop, is looked for at once instead of in the next round, for a while. */
function isUnbooked(view: LaneView, order: LaneOrder, share: PositionRow): boolean {
  if (share.shareOf === undefined || Number(share.quantityBase) === 0 || Number(wholeOf(view, order)?.quantityBase ?? 0) > 0) return false
  return order.createdAt.getTime() + view.timings.protectionLimitMs > view.nowMs
}

/** What an order that only reduces could take off for this share, base. */
function reducible(view: LaneView, share: PositionRow): Decimal {
  const whole = view.wholes?.find((other) => other.symbol === share.symbol && other.positionSide === share.positionSide)
  return whole === undefined || whole.side !== share.side ? new Decimal(0) : new Decimal(whole.quantityBase)
}

/** The position itself, where what is looked at is a share of it. */
function wholeOf(view: LaneView, order: LaneOrder): PositionRow | undefined {
  return view.wholes?.find((whole) => whole.symbol === order.symbol && whole.positionSide === order.positionSide)
}

/**
 * A stop or target that rests for a share which is being closed, while others hold the same: were it hit after the close it would take what
 * is theirs, so it goes first.
 */
function guardOfShare(view: LaneView, share: PositionRow): LaneOrder | undefined {
  const isShared = view.positions.some(
    (other) =>
      other.id !== share.id && other.symbol === share.symbol && other.positionSide === share.positionSide && Number(other.quantityBase) > 0,
  )
  if (!isShared) return undefined
  return view.orders.find(
    (order) =>
      isProtection(order) &&
      order.cause === positionCause(share) &&
      (order.state === 'ACKED' || order.state === 'PARTIAL') &&
      isDue(view, order),
  )
}

/**
 * A full reduce-only close is idempotent in effect, and so is a trigger that closes whatever is there (its twin is refused as a duplicate):
 * neither need wait for the verdict on its last attempt, only until that one can no longer be accepted.
 */
function canResend(view: LaneView, order: LaneOrder): boolean {
  if (!isUnresolved(order) || !(isFullClose(order) || closesWhatIsThere(order))) return false
  const sentMs = Math.max(...view.attempts.filter((attempt) => attempt.orderId === order.id).map((attempt) => attempt.createdAt.getTime()))
  return sentMs + view.timings.closeResendAfterMs <= view.nowMs
}

/** A share of the position could be taken twice. */
function closesWhatIsThere(order: LaneOrder): boolean {
  return isProtection(order) && order.leg !== 'trailing' && order.level === null && order.nets !== true
}

/** Read recently, and after everything on this symbol whose outcome is unknown had time to happen; very recently while an open there still fills. */
function isFresh(view: LaneView, order: LaneOrder, position: PositionRow | undefined): boolean {
  if (!position) return false
  const syncedMs = position.syncedAt.getTime()
  const filling = view.orders.some(
    (other) => other.symbol === order.symbol && other.leg === 'open' && (other.state === 'ACKED' || other.state === 'PARTIAL'),
  )
  if (filling && syncedMs + view.timings.sweepMs / 4 < view.nowMs) return false
  return syncedMs + 2 * view.timings.reconcileBusyMs >= view.nowMs && syncedMs >= settlesMs(view, order)
}

/** When the last request on this symbol whose outcome is unknown has most likely happened or not. */
function settlesMs(view: LaneView, order: LaneOrder): number {
  const onSymbol = new Set(view.orders.filter((other) => other.symbol === order.symbol).map((other) => other.id))
  const sent = view.attempts.filter((attempt) => onSymbol.has(attempt.orderId)).map((attempt) => attempt.createdAt.getTime())
  return sent.length === 0 ? 0 : Math.max(...sent) + (view.timings.lookupDelaysMs[0] ?? 0)
}

function resolveStep(view: LaneView): Step | undefined {
  const due = new Set(
    view.attempts
      .filter((attempt) => !attempt.nextLookupAt || attempt.nextLookupAt.getTime() <= view.nowMs)
      .map((attempt) => attempt.orderId),
  )
  const orders = view.orders.filter((order) => due.has(order.id))
  return orders.length > 0 ? { kind: 'resolve', orders } : undefined
}

function cancelStep(view: LaneView): Step | undefined {
  const orders = view.orders.filter((order) => cancelIsDue(view, order))
  return orders.length > 0 ? { kind: 'cancel', orders } : undefined
}

/** Somebody asked for it, or it is a stop or target whose position is gone. */
function cancelIsDue(view: LaneView, order: LaneOrder): boolean {
  if (order.state !== 'ACKED' && order.state !== 'PARTIAL') return false
  if (!isDue(view, order)) return false
  return order.cancelRequestedAt !== null || (isProtection(order) && protectionIsStale(view, order))
}

/** Stop and target of one position leave together. */
function protectStep(view: LaneView, ready: readonly LaneOrder[]): Step | undefined {
  const resends = view.orders.filter((order) => isProtection(order) && canResend(view, order) && !protectionIsStale(view, order))
  const due = [...ready.filter((order) => isProtection(order) && isDue(view, order) && !hasEarlierRevision(view, order)), ...resends]
  const first = due[0]
  if (!first) return undefined
  const orders = due
    .filter((order) => order.cause === first.cause)
    .map((order) => ({ order, side: order.side, quantityBase: order.quantityBase }))
  return { kind: 'send', orders }
}

/** Two that close the whole position do not rest side by side; one with a quantity may stand in while they change places. */
function hasEarlierRevision(view: LaneView, order: LaneOrder): boolean {
  const whole = ({ quantityBase }: LaneOrder) => quantityBase === null
  return view.orders.some(
    (other) => other.cause === order.cause && other.leg === order.leg && other.revision < order.revision && whole(other) && whole(order),
  )
}

function openStep(view: LaneView, ready: readonly LaneOrder[]): Step | undefined {
  if (view.attempts.length > 0 || !view.clockUsable || view.opensPausedUntilMs > view.nowMs) return undefined
  const closing = new Set(
    view.orders.filter((other) => isReducing(other) && !isProtection(other) && !waitsForOthers(other)).map((other) => other.symbol),
  )
  const order = ready.find(
    (candidate) =>
      candidate.leg === 'open' &&
      isDue(view, candidate) &&
      dependencyMet(candidate) &&
      !closing.has(candidate.symbol) &&
      !meetsOtherSide(view, candidate),
  )
  if (!order) return undefined
  if (view.account.syncedAtMs === null || view.account.syncedAtMs < view.trustReadingsSinceMs) return readingBeforeOpening(view)

  // Both are the market's, whichever side is held.
  const rows = (view.wholes ?? view.positions).filter((position) => position.symbol === order.symbol)
  const isOpen = rows.some((position) => Number(position.quantityBase) > 0)
  const marginMode = !isOpen && order.marginMode && rows.every((row) => row.marginMode !== order.marginMode) ? order.marginMode : null
  const leverage = order.leverage !== null && rows.every((row) => row.leverage !== order.leverage) ? order.leverage : null
  if (marginMode || leverage !== null) return { kind: 'prepare', order, marginMode, leverage }
  return { kind: 'send', orders: [{ order, side: order.side, quantityBase: order.quantityBase }] }
}

/** One request where nothing is held and nothing rests: whatever else is there shows in the wallet or in the margin in use. */
function readingBeforeOpening(view: LaneView): Step {
  const { walletBalance } = view.account
  const holdsNothing =
    view.orders.every((order) => order.state === 'READY') &&
    [...view.positions, ...(view.wholes ?? [])].every((position) => Number(position.quantityBase) === 0)
  return holdsNothing && walletBalance !== null ? { kind: 'look', walletBalance, askedAtMs: view.nowMs } : { kind: 'reconcile' }
}

/** The second half of a reversal, and what it turns around is still there. */
function meetsOtherSide(view: LaneView, order: LaneOrder): boolean {
  const position = positionOf(view, order)
  if (order.dependsOnId === null || !position || Number(position.quantityBase) === 0) return false
  return position.side !== (order.side === 'buy' ? 'LONG' : 'SHORT')
}

function isDue(view: LaneView, order: LaneOrder): boolean {
  return order.notBefore === null || order.notBefore.getTime() <= view.nowMs
}

function dependencyMet(order: LaneOrder): boolean {
  return (
    order.dependsOnId === null || (order.dependsOnState !== null && isTerminal(order.dependsOnState) && succeeded(order.dependsOnState))
  )
}

function isUnresolved(order: LaneOrder): boolean {
  return order.state === 'SUBMITTING' || order.state === 'UNKNOWN'
}

function positionOf(view: LaneView, order: LaneOrder): PositionRow | undefined {
  const isMeant = (position: PositionRow) => position.symbol === order.symbol && position.positionSide === order.positionSide
  if (!order.nets) return view.positions.find(isMeant)
  const whole = view.wholes?.find(isMeant)
  return view.positions.find((share) => isMeant(share) && share.routeId === order.routeId) ?? (whole && { ...whole, quantityBase: '0' })
}

function inLaneOrder(a: LaneOrder, b: LaneOrder): number {
  return a.priority - b.priority || a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1)
}

/** When something that is only waiting for time comes due; null when nothing is. */
function nextMoment(view: LaneView): number | null {
  const moments = [
    ...view.orders.flatMap((order) => (order.notBefore && !isTerminal(order.state) ? [order.notBefore.getTime()] : [])),
    ...view.orders.flatMap((order) => (order.expiresAt && order.state === 'READY' ? [order.expiresAt.getTime()] : [])),
    ...view.attempts.flatMap((attempt) => (attempt.nextLookupAt ? [attempt.nextLookupAt.getTime()] : [])),
    ...view.attempts.map((attempt) => attempt.createdAt.getTime() + view.timings.closeResendAfterMs),
    ...view.orders.filter((order) => isReducing(order) && order.state === 'READY').map((order) => settlesMs(view, order)),
    ...(view.opensPausedUntilMs > view.nowMs ? [view.opensPausedUntilMs] : []),
  ].filter((moment) => moment > view.nowMs)
  return moments.length > 0 ? Math.min(...moments) : null
}
