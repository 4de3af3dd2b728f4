import type { Db } from '@matic/db'
import { Decimal } from 'decimal.js'
import type { Breach } from './options.ts'
import type { SentAlert } from './sender.ts'
import { isOpen, type VenueOrder, type VenuePosition, type Witness } from './witness.ts'

export interface Verdict {
  lost: Breach[]
  doubled: Breach[]
  orphaned: Breach[]
  unexplained: Breach[]
  orders: number
  opensAccepted: number
  opensProtected: number
  reasons: Record<string, number>
}

interface OrderRow {
  id: string
  account_id: string
  signal_id: string | null
  symbol: string
  side: string
  leg: string
  cause: string
  revision: number
  client_order_id: string
  state: string
  reason: string | null
  reduce_only: boolean
  quantity_base: string | null
  filled_base: string
  protected_at: Date | null
}

interface PositionRow {
  account_id: string
  market_id: string
  side: string
  quantity_base: string
  protection: string
}

/** Compares what we believe with what the exchange remembers, once everything is quiet. */
export async function judge({ db, witness, sent }: { db: Db; witness: Witness; sent: readonly SentAlert[] }): Promise<Verdict> {
  const [orders, attempts, positions, signals, gaps, venueOrders, venuePositions] = await Promise.all([
    db.query<OrderRow>(
      `SELECT id, account_id, signal_id, symbol, side, leg, cause, revision, client_order_id, state, reason, reduce_only, quantity_base, filled_base, protected_at
         FROM trade_order`,
    ),
    db.query<{ client_order_id: string; order_id: string }>('SELECT client_order_id, order_id FROM attempt'),
    db.query<PositionRow>(
      `SELECT p.account_id, m.market_id, p.side, p.quantity_base, p.protection
         FROM position p JOIN market m ON m.exchange = 'PAPER' AND m.symbol = p.symbol WHERE p.quantity_base > 0`,
    ),
    // What carries out a held alert repeats its body; there is one of those too.
    db.query<{ id: string; body: string; state: string }>(
      `SELECT id, CASE source WHEN 'RELEASE' THEN 'release of ' || (alert ->> 'originId') ELSE convert_from(raw_body, 'UTF8') END AS body, state FROM signal`,
    ),
    db.query<{ id: string }>(
      `SELECT s.id FROM signal s JOIN route r ON r.source_id = s.source_id AND r.source_kind = 'WEBHOOK'
         LEFT JOIN decision d ON d.signal_id = s.id AND d.route_id = r.id WHERE d.id IS NULL`,
    ),
    witness.orders(),
    witness.positions(),
  ])

  const opens = orders.filter((order) => order.leg === 'open')
  return {
    lost: [
      ...missingSignals(sent, signals),
      ...gaps.map(({ id }) => ({ oracle: 'decision', detail: `signal ${id} has no decision` })),
      ...signals
        .filter((signal) => signal.state !== 'DISPATCHED')
        .map((signal) => ({ oracle: 'dispatch', detail: `signal ${signal.id} is ${signal.state}` })),
      ...unfinished(orders),
      ...positionDifferences(positions, venuePositions),
    ],
    doubled: [...doubledSignals(signals), ...doubledLegs(orders), ...doubledAtExchange(orders, attempts, venueOrders)],
    orphaned: [...orphanedProtection(venueOrders, venuePositions), ...unprotectedPositions(venueOrders, venuePositions)],
    unexplained: [
      ...venueOrders
        .filter((order) => !isExchangesOwn(order) && !attempts.some((attempt) => attempt.client_order_id === order.clientOrderId))
        .map((order) => ({ oracle: 'write-ahead', detail: `the exchange holds ${describe(order)} that no attempt announced` })),
      ...orders
        .filter(
          (order) =>
            ['REJECTED', 'EXPIRED', 'BLOCKED', 'SUPERSEDED', 'MOOT', 'DEAD', 'CANCELED'].includes(order.state) && order.reason === null,
        )
        .map((order) => ({ oracle: 'reason', detail: `${order.leg} order ${order.id} ended ${order.state} without a reason` })),
    ],
    orders: orders.length,
    opensAccepted: opens.length,
    opensProtected: opens.filter((order) => order.state === 'FILLED' && order.protected_at !== null).length,
    reasons: countBy(
      orders.filter((order) => order.state !== 'FILLED'),
      (order) => `${order.leg} ${order.state} ${order.reason ?? '-'}`,
    ),
  }
}

/** Every alert that got a 2xx stands in the database. */
function missingSignals(sent: readonly SentAlert[], signals: readonly { body: string }[]): Breach[] {
  const stored = new Set(signals.map((signal) => signal.body))
  return sent
    .filter((entry) => entry.accepted && !stored.has(entry.alert.body))
    .map((entry) => ({ oracle: 'ingest', detail: `alert ${entry.alert.mark} was answered 2xx and is not stored` }))
}

/** Each body of the run is unique, so that two signals with one body are one alert taken twice. */
function doubledSignals(signals: readonly { body: string }[]): Breach[] {
  const counts = countBy(signals, (signal) => signal.body)
  return Object.entries(counts)
    .filter(([, count]) => count > 1)
    .map(([body, count]) => ({ oracle: 'deduplication', detail: `${count} signals from one alert: ${body}` }))
}

function doubledLegs(orders: readonly OrderRow[]): Breach[] {
  const counts = countBy(orders, (order) => [order.account_id, order.cause, order.leg, order.revision].join(' '))
  return Object.entries(counts)
    .filter(([, count]) => count > 1)
    .map(([key, count]) => ({ oracle: 'order key', detail: `${count} orders for ${key}` }))
}

/** One accepted order per order of ours; a full close may be sent again, for it can only bring the position to zero. */
function doubledAtExchange(
  orders: readonly OrderRow[],
  attempts: readonly { client_order_id: string; order_id: string }[],
  venueOrders: readonly VenueOrder[],
): Breach[] {
  const orderOf = new Map(attempts.map((attempt) => [attempt.client_order_id, attempt.order_id]))
  const byId = new Map(orders.map((order) => [order.id, order]))
  const accepted = new Map<string, VenueOrder[]>()
  for (const venueOrder of venueOrders) {
    const orderId = orderOf.get(venueOrder.clientOrderId)
    if (orderId !== undefined) accepted.set(orderId, [...(accepted.get(orderId) ?? []), venueOrder])
  }

  return [...accepted].flatMap(([orderId, twins]) => {
    const order = byId.get(orderId)
    const executed = twins.filter((twin) => new Decimal(twin.executedQty).gt(0) || isOpen(twin))
    const mayRepeat = order !== undefined && (order.leg === 'close' || order.leg === 'emergency')
    const breaches: Breach[] = []
    if (executed.length > 1 && !(mayRepeat && executed.every((twin) => twin.reduceOnly))) {
      breaches.push({ oracle: 'exchange', detail: `${executed.length} orders at the exchange for ${order?.leg ?? 'an'} order ${orderId}` })
    }
    if (mayRepeat && twins.some((twin) => !twin.reduceOnly && !twin.closePosition)) {
      breaches.push({ oracle: 'reduce-only', detail: `close ${orderId} could have turned the position` })
    }
    return breaches
  })
}

function unfinished(orders: readonly OrderRow[]): Breach[] {
  return orders
    .filter((order) => ['READY', 'SUBMITTING', 'UNKNOWN'].includes(order.state))
    .map((order) => ({ oracle: 'quiet', detail: `${order.leg} order ${order.id} is still ${order.state}` }))
}

function positionDifferences(ours: readonly PositionRow[], theirs: readonly VenuePosition[]): Breach[] {
  const believed = new Map(
    ours.map((row) => [`${row.account_id} ${row.market_id}`, new Decimal(row.quantity_base).mul(row.side === 'SHORT' ? -1 : 1)]),
  )
  const real = new Map(theirs.map((position) => [`${position.ref} ${position.symbol}`, new Decimal(position.positionAmt)]))
  return [...new Set([...believed.keys(), ...real.keys()])].flatMap((key) => {
    const a = believed.get(key) ?? new Decimal(0)
    const b = real.get(key) ?? new Decimal(0)
    return a.eq(b) ? [] : [{ oracle: 'position', detail: `${key}: we believe ${a.toFixed()}, the exchange holds ${b.toFixed()}` }]
  })
}

/** Resting reduce-only or trigger orders whose position is gone. */
function orphanedProtection(orders: readonly VenueOrder[], positions: readonly VenuePosition[]): Breach[] {
  const held = new Set(positions.map((position) => `${position.ref} ${position.symbol}`))
  return orders
    .filter((order) => isOpen(order) && (order.closePosition || order.reduceOnly) && !held.has(`${order.ref} ${order.symbol}`))
    .map((order) => ({ oracle: 'orphan', detail: `${describe(order)} rests without a position` }))
}

function unprotectedPositions(orders: readonly VenueOrder[], positions: readonly VenuePosition[]): Breach[] {
  return positions.flatMap((position) => {
    const mine = orders.filter(
      (order) => isOpen(order) && order.closePosition && order.ref === position.ref && order.symbol === position.symbol,
    )
    const stops = mine.filter((order) => order.type.startsWith('STOP')).length
    const targets = mine.filter((order) => order.type.startsWith('TAKE_PROFIT')).length
    return stops === 1 && targets === 1
      ? []
      : [{ oracle: 'protection', detail: `${position.ref} ${position.symbol} has ${stops} stops and ${targets} targets` }]
  })
}

/** Liquidations and the market orders that triggered protection becomes carry ids of the exchange's own. */
function isExchangesOwn(order: VenueOrder): boolean {
  return order.clientOrderId === '' || /^(autoclose-|adl_autoclose|algo-)/.test(order.clientOrderId)
}

function describe(order: VenueOrder): string {
  return `${order.type} ${order.side} ${order.symbol} (${order.clientOrderId}, ${order.status})`
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1
  return counts
}
