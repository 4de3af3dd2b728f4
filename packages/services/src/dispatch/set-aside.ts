import { recordFacts } from '@matic/db'
import type { ServiceContext } from '../context.ts'

interface FailedTry {
  readonly signalId: string
  readonly triesMax: number
  /** What went wrong. */
  readonly text: string
}

/**
 * Counts a failed try. After the last one the signal is set aside for good, with a decision that says so on each of its routes, followers' among them: it holds up
 * nobody and its owner finds out.
 */
export async function countTry({ ctx, input }: { ctx: ServiceContext; input: FailedTry }): Promise<void> {
  const factIds = await ctx.db.transaction(async (tx) => {
    const [signal] = await tx.query<{ state: string; tries: number }>(
      `UPDATE signal SET tries = tries + 1, state = CASE WHEN tries + 1 >= $2 THEN 'DEAD' ELSE state END
        WHERE id = $1 AND state = 'RECEIVED' RETURNING state, tries`,
      [input.signalId, input.triesMax],
    )
    if (signal?.state !== 'DEAD') return []
    const numbers = { tries: signal.tries, text: input.text.slice(0, 200) }
    const routes = await tx.query<{ id: string; userId: string; accountId: string }>(
      `SELECT r.id, r.user_id AS "userId", r.account_id AS "accountId" FROM signal s
         JOIN route r ON (r.source_id = s.source_id AND r.source_kind = CASE WHEN s.source IN ('MANUAL', 'ACCOUNT') THEN s.source ELSE 'WEBHOOK' END) OR r.follow_id = s.source_id
         LEFT JOIN follow f ON f.id = r.follow_id
        WHERE s.id = $1 AND CASE WHEN r.follow_id IS NULL THEN r.is_active WHEN s.source = 'FOLLOW' THEN true
          ELSE s.source NOT IN ('TEST', 'REPLAY') AND f.joined_at < s.committed_at AND (f.stopped_at IS NULL OR f.stopped_at >= s.committed_at) END`,
      [input.signalId],
    )
    const decisions = routes.map((route) => ({ ...route, decisionId: ctx.newId() }))
    // Some may have one already: slices of it were decided before it failed.
    const written = await tx.query<{ id: string }>(
      `INSERT INTO decision (id, signal_id, route_id, user_id, account_id, outcome, intent, reason, numbers, decided_at)
       SELECT id, $1, r, u, a, 'BLOCKED', 'none', 'DEAD', $6::jsonb, clock_timestamp() FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[]) AS x(id, r, u, a)
       ON CONFLICT DO NOTHING RETURNING id`,
      [
        input.signalId,
        decisions.map((one) => one.decisionId),
        decisions.map((one) => one.id),
        decisions.map((one) => one.userId),
        decisions.map((one) => one.accountId),
        JSON.stringify(numbers),
      ],
    )
    const fresh = new Set(written.map(({ id }) => id))
    return recordFacts(
      tx,
      decisions
        .filter(({ decisionId }) => fresh.has(decisionId))
        .map(({ decisionId, userId, accountId }) => ({
          userId,
          kind: 'signal-decided' as const,
          entity: 'signal',
          entityId: input.signalId,
          payload: { decisionId, accountId, outcome: 'BLOCKED', intent: 'none', reason: 'DEAD', symbol: null },
        })),
    )
  })
  if (factIds.length > 0) ctx.bus.publish('facts', { ids: factIds })
}

/** Bad data, a broken rule, a statement that cannot work: the same again would fail again. */
const SIGNAL_CLASSES = ['22', '23', '42']
/** Locks and statements that took too long: another time it works. */
const BUSY_CLASSES = ['40', '53', '55', '57']

/** Whom a failure is to be blamed on: only tries that failed by the signal itself may set it aside. */
export function faultOf(err: unknown): 'signal' | 'busy' | 'connection' {
  if (!(err instanceof Error)) return 'signal'
  const code = 'code' in err && typeof err.code === 'string' ? err.code : null
  if (code !== null && /^[0-9A-Z]{5}$/.test(code)) {
    if (SIGNAL_CLASSES.includes(code.slice(0, 2))) return 'signal'
    // An administrator's stop and a crash are of class 57 too, and end the connection.
    return BUSY_CLASSES.includes(code.slice(0, 2)) && !code.startsWith('57P') ? 'busy' : 'connection'
  }
  return code !== null || /connection|terminated|timeout|pool/i.test(err.message) ? 'connection' : 'signal'
}
