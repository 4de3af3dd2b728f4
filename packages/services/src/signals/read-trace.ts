import {
  Alert,
  AppError,
  type HoldView,
  type RejectedTrace,
  type SignalTrace,
  type Timeline,
  type Trace,
  type TracedRoute,
} from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { buildTimeline } from '@matic/domain'
import { sentenceFor, tidyNumbers } from '../trading/orders.ts'
import { holdColumn } from './hold-column.ts'
import { bodyView } from './body-view.ts'
import { takeOut, withoutSecrets } from './hide-secrets.ts'
import { knownSecrets } from './known-secrets.ts'
import { decisionsOf, deliveriesOf, ownOrders, protectionOf, withRequests, type DecisionRow } from './trace-rows.ts'

interface SignalRow {
  id: string
  source: SignalTrace['source']
  ticker: string
  state: string
  receivedAt: Date
  committedAt: Date
  dispatchedAt: Date | null
  requestId: string | null
  rawBody: Buffer
  alert: unknown
  hold: HoldView | null
}

interface Asked {
  readonly userId: string
  /** Of a signal, or of a rejected delivery. */
  readonly id: string
}

/** Everything that is known of one line of the signal log. @throws AppError NOT_FOUND, for somebody else's as well */
export async function readTrace({ db, input }: { db: Queryable; input: Asked }): Promise<Trace> {
  const trace = (await traceSignal(db, input)) ?? (await traceRejected(db, input))
  if (trace === undefined) throw new AppError('NOT_FOUND', 'There is no such signal')
  return trace
}

async function traceSignal(db: Queryable, { userId, id }: Asked): Promise<SignalTrace | undefined> {
  const [row] = await db.query<SignalRow>(
    `SELECT id, source, ticker, state, received_at AS "receivedAt", committed_at AS "committedAt", dispatched_at AS "dispatchedAt", request_id AS "requestId",
            raw_body AS "rawBody", alert, ${holdColumn('signal')}
       FROM signal WHERE user_id = $1 AND id = $2`,
    [userId, id],
  )
  if (!row) return undefined
  const of = { userId, signalId: id }
  const [decisions, orders, deliveries, isKnown] = await Promise.all([
    decisionsOf(db, of),
    ownOrders(db, of),
    deliveriesOf(db, of),
    knownSecrets({ db, input: { userId } }),
  ])
  const routes = await Promise.all(
    decisions.map((decision) =>
      traceRoute(
        db,
        userId,
        row,
        decision,
        orders.filter((order) => order.accountId === decision.accountId),
      ),
    ),
  )
  const { secrets, ...body } = bodyView(row.rawBody, isKnown)
  return {
    kind: 'signal',
    id,
    source: row.source,
    ticker: row.ticker,
    state: row.state,
    receivedAt: row.receivedAt.toISOString(),
    requestId: row.requestId,
    body,
    alert: withoutSecrets(Alert.parse(row.alert), secrets),
    hold: row.hold,
    deliveries,
    routes,
    timeline: commonTimeline(row, decisions[0]),
  }
}

async function traceRoute(
  db: Queryable,
  userId: string,
  signal: SignalRow,
  row: DecisionRow,
  orders: Awaited<ReturnType<typeof ownOrders>>,
): Promise<TracedRoute> {
  const { routeId, accountId, label, exchange, environment, decidedAt, ...decision } = row
  const own = orders.map(({ decisionId: _decisionId, ...order }) => order)
  const opens = own.filter(({ leg, filledAt }) => leg === 'open' && filledAt !== null)
  const [open] = opens
  const guards = open === undefined ? [] : await protectionOf(db, { userId, open })
  const [traced, protection] = await Promise.all([withRequests(db, userId, own), withRequests(db, userId, guards)])
  return {
    routeId,
    account: { id: accountId, label, exchange, environment },
    decision: {
      ...decision,
      accountId,
      numbers: tidyNumbers(decision.numbers),
      reasonText: sentenceFor(decision.reason, decision.numbers),
      decidedAt: decidedAt.toISOString(),
    },
    orders: traced,
    protection,
    timeline: routeTimeline(signal, row, own),
  }
}

function commonTimeline(signal: SignalRow, decision: DecisionRow | undefined): Timeline {
  return buildTimeline({
    received: signal.receivedAt.getTime(),
    committed: signal.committedAt.getTime(),
    decided: decision?.decidedAt.getTime(),
    queued: signal.dispatchedAt?.getTime(),
  })
}

interface OrderTimes {
  readonly createdAt: string
  readonly submittedAt: string | null
  readonly ackedAt: string | null
  readonly filledAt: string | null
  readonly protectedAt: string | null
  readonly endedAt: string | null
}

/** An order is created as its decision's transaction begins: that is when a worker took the signal up. */
function routeTimeline(signal: SignalRow, decision: DecisionRow, orders: readonly OrderTimes[]): Timeline {
  const first = (times: readonly (string | null)[]) => known(times)[0]
  const over = orders.length > 0 && orders.every(({ endedAt, filledAt }) => endedAt !== null && filledAt === null)
  return buildTimeline({
    received: signal.receivedAt.getTime(),
    committed: signal.committedAt.getTime(),
    dispatched: first(orders.map(({ createdAt }) => createdAt)),
    decided: decision.decidedAt.getTime(),
    queued: signal.dispatchedAt?.getTime(),
    sent: first(orders.map(({ submittedAt }) => submittedAt)),
    acknowledged: first(orders.map(({ ackedAt }) => ackedAt)),
    filled: first(orders.map(({ filledAt }) => filledAt)),
    protected: first(orders.map(({ protectedAt }) => protectedAt)),
    ended: over ? known(orders.map(({ endedAt }) => endedAt)).at(-1) : undefined,
  })
}

function known(times: readonly (string | null)[]): number[] {
  return times.flatMap((at) => (at === null ? [] : [Date.parse(at)])).toSorted((a, b) => a - b)
}

interface RejectedRow {
  receivedAt: Date
  statusCode: number
  errorCode: string | null
  details: Record<string, unknown> | null
  rawBody: Buffer | null
  requestId: string | null
}

async function traceRejected(db: Queryable, { userId, id }: Asked): Promise<RejectedTrace | undefined> {
  const [row] = await db.query<RejectedRow>(
    `SELECT received_at AS "receivedAt", status_code AS "statusCode", error_code AS "errorCode", details, raw_body AS "rawBody", request_id AS "requestId"
       FROM delivery WHERE user_id = $1 AND id = $2 AND outcome = 'REJECTED'`,
    [userId, id],
  )
  if (!row) return undefined
  const { message = '', ...details } = row.details ?? {}
  const { secrets, ...body } = bodyView(row.rawBody ?? Buffer.alloc(0), await knownSecrets({ db, input: { userId } }))
  const clean = (value: unknown) => (typeof value === 'string' ? takeOut(value, secrets) : value)
  return {
    ...row,
    kind: 'rejected',
    id,
    receivedAt: row.receivedAt.toISOString(),
    message: takeOut(String(message), secrets),
    details: Object.fromEntries(Object.entries(details).map(([name, value]) => [name, clean(value)])),
    body,
  }
}
