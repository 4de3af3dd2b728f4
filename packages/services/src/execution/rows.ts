import type { OrderPlan, PositionPlan } from '@matic/domain'
import type { OrderLeg, OrderState, OrderType, PositionDirection, Side } from '@matic/contracts'

/** trade_order as execution reads it. Decimals are text. */
export interface OrderRow {
  id: string
  userId: string
  accountId: string
  routeId: string | null
  signalId: string | null
  decisionId: string | null
  cause: string
  leg: OrderLeg
  revision: number
  clientOrderId: string
  symbol: string
  side: Side
  positionSide: 'BOTH' | 'LONG' | 'SHORT'
  type: OrderType
  quantityBase: string | null
  reduceFraction: string | null
  price: string | null
  triggerPrice: string | null
  reduceOnly: boolean
  leverage: number | null
  marginMode: 'cross' | 'isolated' | null
  stopPrice: string | null
  targetPrice: string | null
  stopFraction: string | null
  targetFraction: string | null
  plan: OrderPlan | null
  /** Which of several targets; null for every other order. */
  level: number | null
  callbackPercent: string | null
  state: OrderState
  priority: number
  dependsOnId: string | null
  notBefore: Date | null
  expiresAt: Date | null
  tries: number
  reason: string | null
  cancelRequestedAt: Date | null
  exchangeOrderId: string | null
  filledBase: string
  averagePrice: string | null
  createdAt: Date
  submittedAt: Date | null
  /** Opens of many followers by one signal. */
  fanOutId: string | null
  isCanary: boolean
  version: number
  /** Its account's routes share symbols: it is one route's, and takes no more than that route's share. */
  nets?: boolean
}

export const ORDER_COLUMNS = `
  o.id, o.user_id AS "userId", o.account_id AS "accountId", o.route_id AS "routeId", o.signal_id AS "signalId",
  o.decision_id AS "decisionId", o.cause, o.leg, o.revision, o.client_order_id AS "clientOrderId", o.symbol, o.side,
  o.position_side AS "positionSide", o.type, o.quantity_base AS "quantityBase", o.reduce_fraction AS "reduceFraction",
  o.price, o.trigger_price AS "triggerPrice", o.reduce_only AS "reduceOnly", o.leverage, o.margin_mode AS "marginMode",
  o.stop_price AS "stopPrice", o.target_price AS "targetPrice", o.stop_fraction AS "stopFraction",
  o.target_fraction AS "targetFraction", o.plan, o.level, o.callback_percent AS "callbackPercent", o.state, o.priority, o.depends_on_id AS "dependsOnId", o.not_before AS "notBefore",
  o.expires_at AS "expiresAt", o.tries, o.reason, o.cancel_requested_at AS "cancelRequestedAt",
  o.exchange_order_id AS "exchangeOrderId", o.filled_base AS "filledBase", o.average_price AS "averagePrice",
  o.created_at AS "createdAt", o.submitted_at AS "submittedAt", o.fan_out_id AS "fanOutId", o.is_canary AS "isCanary", o.version,
  (SELECT na.shared_symbols = 'net' FROM account na WHERE na.id = o.account_id) AS nets`

/** A request whose outcome is not settled yet. */
export interface AttemptRow {
  id: string
  orderId: string
  accountId: string
  number: number
  clientOrderId: string
  signedAtMs: string
  state: 'SUBMITTING' | 'UNKNOWN'
  lookups: number
  negatives: number
  nextLookupAt: Date | null
  createdAt: Date
}

export const ATTEMPT_COLUMNS = `
  a.id, a.order_id AS "orderId", a.account_id AS "accountId", a.number, a.client_order_id AS "clientOrderId",
  a.signed_at_ms AS "signedAtMs", a.state, a.lookups, a.negatives, a.next_lookup_at AS "nextLookupAt", a.created_at AS "createdAt"`

export interface PositionRow {
  id: string
  userId: string
  accountId: string
  routeId: string | null
  symbol: string
  positionSide: 'BOTH' | 'LONG' | 'SHORT'
  epoch: number
  side: PositionDirection
  quantityBase: string
  entryPrice: string | null
  leverage: number | null
  marginMode: string | null
  protection: 'NONE' | 'PROTECTING' | 'PROTECTED' | 'EMERGENCY'
  stopPrice: string | null
  targetPrice: string | null
  plan: PositionPlan | null
  markPrice: string | null
  unprotectedSince: Date | null
  openedAt: Date | null
  closedAt: Date | null
  syncedAt: Date
  version: number
  /** Set where this is a route's share of a position: the position's id. */
  shareOf?: string
  /** Of a share, base: what of it stands at the exchange and is guarded there. The rest stands against shares on the other side. */
  restsBase?: string
}

export const POSITION_COLUMNS = `
  p.id, p.user_id AS "userId", p.account_id AS "accountId", p.route_id AS "routeId", p.symbol,
  p.position_side AS "positionSide", p.epoch, p.side, p.quantity_base AS "quantityBase", p.entry_price AS "entryPrice",
  p.leverage, p.margin_mode AS "marginMode", p.protection, p.stop_price AS "stopPrice", p.target_price AS "targetPrice",
  p.plan, p.mark_price AS "markPrice",
  p.unprotected_since AS "unprotectedSince", p.opened_at AS "openedAt", p.closed_at AS "closedAt", p.synced_at AS "syncedAt", p.version`

const ofWhole = (column: string) =>
  `(SELECT w.${column} FROM position w WHERE w.account_id = p.account_id AND w.symbol = p.symbol AND w.position_side = p.position_side)`

/** Shares `p` (position_share) as positions. */
export const SHARE_COLUMNS = `
  p.id, p.user_id AS "userId", p.account_id AS "accountId", p.route_id AS "routeId", p.symbol, p.position_side AS "positionSide", p.epoch,
  CASE WHEN p.quantity_base < 0 THEN 'SHORT' ELSE 'LONG' END AS side, abs(p.quantity_base) AS "quantityBase", p.entry_price AS "entryPrice",
  ${ofWhole('leverage')} AS leverage, ${ofWhole('margin_mode')} AS "marginMode", p.protection, p.stop_price AS "stopPrice",
  p.target_price AS "targetPrice", p.plan, ${ofWhole('mark_price')} AS "markPrice", p.unprotected_since AS "unprotectedSince",
  p.opened_at AS "openedAt", NULL::timestamptz AS "closedAt", coalesce(${ofWhole('synced_at')}, 'epoch') AS "syncedAt", p.version,
  coalesce(${ofWhole('id')}, p.id) AS "shareOf", ${restsAtExchange('p')} AS "restsBase"`

/**
 * Base of a share (alias of position_share) that the exchange holds and guards: all of it, unless others stand on the other side. Then only what all of them come to is at the exchange, which the shares of that side guard,
 * the one with the nearest stop first; what is too small to be an order is not.
 */
export function restsAtExchange(share: string): string {
  const others = (what: string, which: string) => `(SELECT ${what} FROM position_share q
    WHERE q.account_id = ${share}.account_id AND q.symbol = ${share}.symbol AND q.position_side = ${share}.position_side AND q.id <> ${share}.id AND ${which})`
  const net = `(${share}.quantity_base + ${others('coalesce(sum(q.quantity_base), 0)', 'true')})`
  const far = (one: string) => `coalesce(-sign(${one}.quantity_base) * ${one}.stop_price, 'Infinity')`
  return `CASE WHEN NOT EXISTS ${others('1', `sign(q.quantity_base) = -sign(${share}.quantity_base)`)} THEN abs(${share}.quantity_base)
    WHEN sign(${net}) <> sign(${share}.quantity_base) THEN 0
    ELSE (SELECT CASE WHEN own.base < m.min_quantity THEN 0 ELSE own.base END
            FROM account ra JOIN market m ON m.exchange = ra.exchange AND m.symbol = ${share}.symbol, (SELECT greatest(0, least(abs(${share}.quantity_base), abs(${net}) - ${others('coalesce(sum(abs(q.quantity_base)), 0)', `sign(q.quantity_base) = sign(${share}.quantity_base) AND (${far('q')}, q.id) < (${far(share)}, ${share}.id)`)})) AS base) AS own
           WHERE ra.id = ${share}.account_id) END`
}

/** Closes all of a position, or of a share, at market. */
export function isClose(order: OrderRow): boolean {
  return (order.leg === 'close' || order.leg === 'emergency') && order.type === 'market'
}

/** Closes whatever is there, at market: doing it twice does no more than once. Not so for a share, where the rest is somebody else's. */
export function isFullClose(order: OrderRow): boolean {
  return isClose(order) && order.nets !== true
}

/** A close that the exchange finds too small for as long as it would have to open for it: it waits until others have closed. */
export function waitsForOthers(order: OrderRow): boolean {
  return isClose(order) && order.state === 'READY' && order.reason === 'CLOSE_WAITS'
}

/** Makes a position smaller, never larger. */
export function isReducing(order: OrderRow): boolean {
  return order.leg !== 'open'
}

export function isProtection(order: Pick<OrderRow, 'leg'>): boolean {
  return order.leg === 'stop' || order.leg === 'target' || order.leg === 'trailing'
}

export function isTrigger(order: OrderRow): boolean {
  return order.type === 'stop-market' || order.type === 'take-profit-market' || order.type === 'trailing-stop-market'
}

/** Identity of one life of a position, as protection orders name it. */
export function positionCause(position: { id: string; epoch: number }): string {
  return `position:${position.id}:${position.epoch}`
}
