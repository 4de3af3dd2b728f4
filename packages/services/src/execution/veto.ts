import type { OrderState, ReasonCode, ReasonNumbers } from '@matic/contracts'
import { isTerminal } from '@matic/contracts'
import { checkLosses } from '@matic/domain'
import type { LaneOrder, LaneView } from './lane-view.ts'
import { isProtection, isReducing, positionCause } from './rows.ts'

/** How an order ends without being sent. */
export interface Ending {
  readonly order: LaneOrder
  readonly state: OrderState
  readonly reason: ReasonCode
  readonly numbers: ReasonNumbers
}

const TRIES = 60
/** A close is worth more patience, yet not endless: then a person must look. */
const TRIES_OF_CLOSE = 200

/** Last look before an order is sent: why it must not be, if so. READY orders only. Closes pass almost everything. */
export function vetoOrder(view: LaneView, order: LaneOrder): Ending | undefined {
  const end = (state: OrderState, reason: ReasonCode, numbers: ReasonNumbers = {}): Ending => ({ order, state, reason, numbers })

  if (order.cancelRequestedAt) return end('CANCELED', cancelReason(order))
  if (view.account.keyStatus === 'INVALID') {
    return end(isReducing(order) ? 'REJECTED' : 'BLOCKED', 'KEY_INVALID', { code: 'key status' })
  }
  if (order.tries >= (isReducing(order) && !isProtection(order) ? TRIES_OF_CLOSE : TRIES))
    return end('DEAD', 'DEAD', { tries: order.tries, text: 'see its attempts' })
  if (isProtection(order)) return protectionIsStale(view, order) ? end('CANCELED', 'CANCELED_SIBLING') : undefined
  if (order.dependsOnState && isTerminal(order.dependsOnState) && !succeeded(order.dependsOnState)) {
    return end('BLOCKED', 'DEPENDENCY_FAILED', { dependency: order.dependsOnState })
  }
  if (isReducing(order)) return undefined
  return vetoOpen(view, order, end)
}

type End = (state: OrderState, reason: ReasonCode, numbers?: ReasonNumbers) => Ending

function vetoOpen(view: LaneView, order: LaneOrder, end: End): Ending | undefined {
  const { account } = view
  if (view.killSwitch) return end('BLOCKED', 'KILL_SWITCH')
  if (!view.entitled) return end('BLOCKED', 'NOT_ENTITLED')
  if (account.keyStatus === 'FROZEN') return end('BLOCKED', 'ACCOUNT_NOT_READY', { status: 'its key has rights it must not have' })
  if (!account.isActive) return end('BLOCKED', 'ACCOUNT_NOT_READY', { status: 'switched off' })
  if (!account.certified) return end('BLOCKED', 'VENUE_NOT_CERTIFIED', { exchange: account.exchange })
  if (order.stopped) return end('BLOCKED', order.stopped.reason, order.stopped.numbers)
  if (order.overtaken) return end('SUPERSEDED', 'SUPERSEDED', { symbol: order.symbol })
  if (order.expiresAt && order.expiresAt.getTime() <= view.nowMs) return end('EXPIRED', 'EXPIRED_TTL', ages(view, order, order.expiresAt))
  if (view.markets.get(order.symbol)?.active === false) return end('BLOCKED', 'SYMBOL_HALTED', { symbol: order.symbol })

  const others = busySymbols(view)
  others.delete(order.symbol)
  const { maxPositions } = view.rules
  if (others.size >= maxPositions) return end('BLOCKED', 'MAX_POSITIONS', { open: others.size, limit: maxPositions })
  const broken = checkLosses(view.rules, view.result)
  return broken && end('BLOCKED', broken.reason, broken.numbers)
}

function ages(view: LaneView, order: LaneOrder, expiresAt: Date): ReasonNumbers {
  const seconds = (ms: number) => Math.round(ms / 100) / 10
  const bornMs = order.createdAt.getTime()
  return { ageSeconds: seconds(view.nowMs - bornMs), limitSeconds: seconds(expiresAt.getTime() - bornMs) }
}

/** Symbols open, or about to be. */
function busySymbols(view: LaneView): Set<string> {
  const symbols = new Set<string>()
  for (const position of view.positions) if (Number(position.quantityBase) > 0) symbols.add(position.symbol)
  for (const order of view.orders) if (order.leg === 'open' && order.state !== 'READY') symbols.add(order.symbol)
  return symbols
}

/** Its position is flat, or lives another life. */
export function protectionIsStale(view: LaneView, order: LaneOrder): boolean {
  return !view.positions.some((position) => Number(position.quantityBase) > 0 && positionCause(position) === order.cause)
}

export function cancelReason(order: { reason: string | null; cancelRequestedAt: Date | null }): ReasonCode {
  if (order.reason === 'CANCELED_BY_FLAT' || order.reason === 'CANCELED_REPLACED' || order.reason === 'CANCELED_SIBLING')
    return order.reason
  return order.cancelRequestedAt ? 'CANCELED_BY_USER' : 'CANCELED_BY_EXCHANGE'
}

export function succeeded(state: OrderState): boolean {
  return state === 'FILLED' || state === 'MOOT'
}
