import { Alert, AppError, type HoldView, type ReasonNumbers, type SignalView } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { ordersOfSignals, sentenceFor, tidyNumbers } from '../trading/orders.ts'
import { holdColumn } from './hold-column.ts'
import { bodyView } from './body-view.ts'
import { buildSteps } from './build-steps.ts'
import { hideSecrets, withoutSecrets } from './hide-secrets.ts'
import { knownSecrets } from './known-secrets.ts'

interface SignalRow {
  id: string
  source: SignalView['source']
  ticker: string
  receivedAt: Date
  committedAt: Date
  state: string
  alert: unknown
  deliveries: number
  rawBody: Buffer
  hold: HoldView | null
}

interface DecisionRow {
  id: string
  signalId: string
  accountId: string
  outcome: 'ORDERS' | 'SKIPPED' | 'BLOCKED'
  intent: string
  reason: string | null
  numbers: ReasonNumbers
  symbol: string | null
  decidedAt: Date
}

const COLUMNS = `s.id, s.source, s.ticker, s.received_at AS "receivedAt", s.committed_at AS "committedAt", s.state, s.alert, s.raw_body AS "rawBody", ${holdColumn('s')},
  (SELECT count(*)::int FROM delivery d WHERE d.signal_id = s.id) AS deliveries`

/** Newest first, with what became of each for this user. */
export async function readSignals({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; ids: readonly string[] }
}): Promise<SignalView[]> {
  if (input.ids.length === 0) return []
  const rows = await db.query<SignalRow>(
    `SELECT ${COLUMNS} FROM signal s WHERE s.user_id = $1 AND s.id = ANY($2::uuid[]) ORDER BY s.received_at DESC, s.id DESC`,
    [input.userId, input.ids],
  )
  return withOutcomes(db, input.userId, rows)
}

/** @throws AppError NOT_FOUND, for somebody else's as well */
export async function getSignal({
  db,
  input,
}: {
  db: Queryable
  input: { userId: string; signalId: string }
}): Promise<SignalView & { rawBody: string }> {
  const [row] = await db.query<SignalRow>(`SELECT ${COLUMNS} FROM signal s WHERE s.user_id = $1 AND s.id = $2`, [
    input.userId,
    input.signalId,
  ])
  const [signal] = row ? await withOutcomes(db, input.userId, [row]) : []
  if (!row || !signal) throw new AppError('NOT_FOUND', 'There is no such signal')
  return { ...signal, rawBody: bodyView(row.rawBody, await knownSecrets({ db, input })).text }
}

async function withOutcomes(db: Queryable, userId: string, rows: readonly SignalRow[]): Promise<SignalView[]> {
  const signalIds = rows.map((row) => row.id)
  const [decisions, orders, isKnown] = await Promise.all([
    db.query<DecisionRow>(
      `SELECT id, signal_id AS "signalId", account_id AS "accountId", outcome, intent, reason, numbers, symbol, decided_at AS "decidedAt"
         FROM decision WHERE user_id = $1 AND signal_id = ANY($2::uuid[]) ORDER BY decided_at, id`,
      [userId, signalIds],
    ),
    ordersOfSignals({ db, input: { userId, signalIds } }),
    knownSecrets({ db, input: { userId } }),
  ])
  return rows.map((row): SignalView => {
    const own = decisions.filter((decision) => decision.signalId === row.id)
    const ownOrders = orders.filter((order) => order.signalId === row.id)
    return {
      kind: 'signal',
      id: row.id,
      source: row.source,
      ticker: row.ticker,
      receivedAt: row.receivedAt.toISOString(),
      state: row.state,
      deliveries: row.deliveries,
      alert: withoutSecrets(Alert.parse(row.alert), hideSecrets(row.rawBody.toString('utf8'), isKnown).secrets),
      hold: row.hold,
      decisions: own.map(({ signalId: _signalId, decidedAt: _decidedAt, ...decision }) => ({
        ...decision,
        numbers: tidyNumbers(decision.numbers),
        reasonText: sentenceFor(decision.reason, decision.numbers),
      })),
      orders: ownOrders,
      steps: buildSteps({
        receivedAt: row.receivedAt,
        committedAt: row.committedAt,
        decidedAt: own[0]?.decidedAt ?? null,
        orders: ownOrders,
      }),
    }
  })
}
