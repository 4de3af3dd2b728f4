import type { OrderKind, Turns } from '@matic/exchange/port'
import { closeOf } from './admit.ts'
import type { Step } from './choose-next.ts'
import type { ExecutionContext } from './context.ts'
import type { LaneOrder, LaneView } from './lane-view.ts'
import { isProtection, isReducing } from './rows.ts'

/** Requests of a whole reading, more or less: positions and their settings, two lists of orders, balance, fills, income. */
export const WHOLE_READING = 7
/** Positions and their settings. */
export const POSITIONS = 2
/** It is taken off and looked up afterwards. */
const CANCEL = 2

/** What a step asks of the exchange besides orders. */
interface Need {
  readonly kind: OrderKind
  readonly requests: number
  /** They wait where there is no room for it, and their lane is anybody's meanwhile. */
  readonly orders: readonly LaneOrder[]
  /** One more is kept under this name. */
  readonly keptFor?: string
}

export type StepAdmission =
  | { readonly isAdmitted: true; readonly turns?: Turns | undefined }
  /** Database ms. */
  | { readonly isAdmitted: false; readonly orders: readonly LaneOrder[]; readonly untilMs: number }

/** Takes turns for what a step asks out of what the address may, so that no lane is held while it waits for them. Closes and their readings go first. */
export function admitStep(ctx: ExecutionContext, view: LaneView, step: Step): StepAdmission {
  const budget = ctx.exchanges.get(view.account.exchange)?.budget
  if (budget === undefined) return { isAdmitted: true }
  const need = needOf(view, step)
  if (need === undefined || need.orders.length === 0) return { isAdmitted: true }

  const { kind, requests, orders, keptFor } = need
  const count = requests + (keptFor === undefined ? 0 : 1)
  const turns = budget.takeTurns(kind, count, view.account.id)
  if (turns === undefined) return { isAdmitted: false, orders, untilMs: view.nowMs + budget.queue(kind, view.account.id, count) }
  if (keptFor !== undefined) turns.keep(keptFor)
  return { isAdmitted: true, turns }
}

/** Nothing where somebody waits for it, or the order that needs it is on its way already. */
function needOf(view: LaneView, step: Step): Need | undefined {
  const ready = view.orders.filter((order) => order.state === 'READY' && (order.notBefore?.getTime() ?? 0) <= view.nowMs)
  const closes = ready.filter((order) => isReducing(order) && !isProtection(order))
  switch (step.kind) {
    case 'prepare':
      return { kind: 'open', requests: Number(step.marginMode !== null) + Number(step.leverage !== null), orders: [step.order] }
    case 'reconcile':
      if (closes.length > 0) return { kind: 'urgent', requests: WHOLE_READING, orders: closes }
      return { kind: 'ready', requests: WHOLE_READING, orders: ready.filter(({ leg }) => leg === 'open') }
    case 'look':
      return { kind: 'ready', requests: 1, orders: ready.filter(({ leg }) => leg === 'open') }
    case 'refresh': {
      const orders = closes.filter(({ symbol, positionSide }) => symbol === step.symbol && positionSide === step.positionSide)
      const [first] = orders
      return first && { kind: 'urgent', requests: POSITIONS, orders, keptFor: closeOf(first) }
    }
    case 'cancel':
      return step.orders.every(isLeftOver) ? { kind: 'guard', requests: CANCEL * step.orders.length, orders: step.orders } : undefined
    default:
      return undefined
  }
}

/** A stop or target whose position is gone. */
function isLeftOver(order: LaneOrder): boolean {
  return isProtection(order) && (order.cancelRequestedAt === null || order.reason === 'CANCELED_SIBLING')
}
