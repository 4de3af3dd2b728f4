import { recordFacts, type NewFact, type Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { administrators } from './administrators.ts'
import { isAccepted, isRefused } from './answered.ts'

interface Judged {
  readonly id: string
  readonly userId: string
  readonly signalId: string
  readonly strategyId: string
  readonly name: string
  readonly state: 'RELEASED' | 'HALTED'
  readonly accepted: number
  readonly refused: number
}

/**
 * Lets the rest of these fan-outs go once every order of the canary is answered, and halts them where too many answers were refusals, of the
 * canary or later. What is halted is ended by its lanes; closes are no part of it. Call it after answers are committed.
 * @returns how many changed
 */
export async function judgeFanOuts({ ctx, input }: { ctx: ServiceContext; input: { fanOutIds: readonly string[] } }): Promise<Judged[]> {
  const { judged, factIds } = await ctx.db.transaction(async (tx) => {
    const rows = await tx.query<Judged>(
      `WITH counted AS (
         SELECT f.id, count(*) FILTER (WHERE ${isAccepted('o')})::int AS accepted, count(*) FILTER (WHERE ${isRefused('o')})::int AS refused,
                count(*) FILTER (WHERE o.is_canary AND o.state IN ('READY', 'SUBMITTING', 'UNKNOWN')) AS waiting
           FROM fan_out f JOIN trade_order o ON o.signal_id = f.signal_id AND o.fan_out_id = f.id
          WHERE f.id = ANY($1::uuid[]) AND f.state <> 'HALTED' GROUP BY f.id),
       verdict AS (
         SELECT c.*, CASE WHEN c.accepted + c.refused >= f.min_answers AND 100 * c.refused > f.reject_percent * (c.accepted + c.refused) THEN 'HALTED'
                          WHEN f.state = 'HELD' AND c.waiting = 0 THEN 'RELEASED' END AS state
           FROM counted c JOIN fan_out f ON f.id = c.id)
       UPDATE fan_out f SET state = v.state, accepted = v.accepted, refused = v.refused, settled_at = clock_timestamp()
         FROM verdict v JOIN fan_out was ON was.id = v.id JOIN strategy s ON s.id = was.strategy_id
        WHERE f.id = v.id AND v.state IS NOT NULL AND f.state <> v.state AND f.state <> 'HALTED'
       RETURNING f.id, f.user_id AS "userId", f.signal_id AS "signalId", f.strategy_id AS "strategyId", s.name, f.state, f.accepted, f.refused`,
      [input.fanOutIds],
    )
    return { judged: rows, factIds: await recordFacts(tx, await alarms(tx, rows)) }
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
  return judged
}

async function alarms(tx: Transaction, judged: readonly Judged[]): Promise<NewFact[]> {
  const halted = judged.filter(({ state }) => state === 'HALTED')
  if (halted.length === 0) return []
  const admins = await administrators(tx)
  return halted.flatMap(({ userId, signalId, strategyId, name, accepted, refused }) =>
    [...new Set([userId, ...admins])].map((to): NewFact => ({
      userId: to,
      kind: 'opens-stopped',
      entity: 'strategy',
      entityId: strategyId,
      payload: { state: 'HALTED', name, signalId, refused, answered: accepted + refused },
    })),
  )
}

/** What has waited long enough goes. @returns ms until the next one has; `undefined` when nothing waits */
export async function releaseFanOuts({ ctx }: { ctx: Pick<ServiceContext, 'db'> }): Promise<number | undefined> {
  const [next] = await ctx.db.query<{ inMs: number | null }>(
    `WITH due AS (UPDATE fan_out SET state = 'RELEASED', settled_at = clock_timestamp() WHERE state = 'HELD' AND hold_until <= clock_timestamp())
     SELECT (extract(epoch FROM min(hold_until) - clock_timestamp()) * 1000)::float8 AS "inMs" FROM fan_out WHERE state = 'HELD' AND hold_until > clock_timestamp()`,
  )
  return next?.inMs ?? undefined
}
