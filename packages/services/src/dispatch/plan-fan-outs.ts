import { CanarySettings } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import type { DispatchContext } from './dispatch-signals.ts'
import type { OrderToInsert } from './save-decisions.ts'

export interface InFanOut {
  readonly fanOutId: string
  readonly isCanary: boolean
}

const NONE: ReadonlyMap<string, InFanOut> = new Map()
const CANARY_MIN = 5
const CANARY_MAX = 25
const MIN_ANSWERS = 5

/**
 * Of the opens that a signal makes of one strategy's follows, which go first. The slice that brings the first of them decides: its first
 * opens are the canary, everything after waits for their answers. Closes never wait.
 * @returns by order id; what is missing belongs to no fan-out
 */
export async function planFanOuts(
  tx: Transaction,
  ctx: DispatchContext,
  orders: readonly OrderToInsert[],
): Promise<ReadonlyMap<string, InFanOut>> {
  const opens = orders.flatMap((row) => {
    const { follow } = row.decided.route
    if (row.order.leg !== 'open' || follow === null || row.decided.signal.source === 'FOLLOW') return []
    return [{ id: row.id, signalId: row.decided.signal.id, strategyId: follow.strategyId, leaderId: follow.leaderId }]
  })
  if (opens.length === 0) return NONE
  const settings = await canariesOf(tx, [...new Set(opens.map(({ strategyId }) => strategyId))])
  const groups = [...Map.groupBy(opens, ({ signalId, strategyId }) => `${signalId} ${strategyId}`).values()].flatMap((rows) => {
    const [first] = rows
    const canary = first && settings.get(first.strategyId)
    return first && canary?.isOn && canary.followers > canary.above ? [{ ...first, id: ctx.newId(), rows, canary }] : []
  })
  if (groups.length === 0) return NONE

  const stored = await tx.query<{ id: string; signalId: string; strategyId: string; isNew: boolean }>(
    `WITH wanted AS (
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::float8[], $6::int[]) AS x(id, signal_id, strategy_id, user_id, hold_ms, reject)),
     begun AS (
       INSERT INTO fan_out (id, signal_id, strategy_id, user_id, hold_until, reject_percent, min_answers)
       SELECT id, signal_id, strategy_id, user_id, clock_timestamp() + make_interval(secs => hold_ms / 1000.0), reject, $7 FROM wanted
       ON CONFLICT (signal_id, strategy_id) DO NOTHING RETURNING id, signal_id, strategy_id)
     SELECT id, signal_id AS "signalId", strategy_id AS "strategyId", true AS "isNew" FROM begun
     UNION ALL
     SELECT f.id, f.signal_id, f.strategy_id, false FROM fan_out f JOIN wanted w ON w.signal_id = f.signal_id AND w.strategy_id = f.strategy_id`,
    [
      groups.map(({ id }) => id),
      groups.map(({ signalId }) => signalId),
      groups.map(({ strategyId }) => strategyId),
      groups.map(({ leaderId }) => leaderId),
      groups.map(({ canary }) => canary.holdMs * ctx.timings.scale),
      groups.map(({ canary }) => canary.rejectPercent),
      MIN_ANSWERS,
    ],
  )
  const plan = new Map<string, InFanOut>()
  for (const { signalId, strategyId, rows, canary } of groups) {
    const fanOut = stored.find((one) => one.signalId === signalId && one.strategyId === strategyId)
    if (fanOut === undefined) continue
    const size = fanOut.isNew ? canarySize(canary) : 0
    rows.forEach(({ id }, index) => plan.set(id, { fanOutId: fanOut.id, isCanary: index < size }))
  }
  return plan
}

export function canarySize({ followers, percent }: { readonly followers: number; readonly percent: number }): number {
  return Math.min(CANARY_MAX, Math.max(CANARY_MIN, Math.ceil((followers * percent) / 100)))
}

type Canary = CanarySettings & { readonly followers: number }

async function canariesOf(tx: Transaction, strategyIds: readonly string[]): Promise<Map<string, Canary>> {
  const rows = await tx.query<{ id: string; canary: unknown; followers: number }>(
    `SELECT s.id, s.canary, (SELECT count(*)::int FROM follow f WHERE f.strategy_id = s.id AND f.state = 'ACTIVE') AS followers
       FROM strategy s WHERE s.id = ANY($1::uuid[])`,
    [strategyIds],
  )
  return new Map(rows.map(({ id, canary, followers }) => [id, { ...CanarySettings.parse(canary ?? {}), followers }]))
}
