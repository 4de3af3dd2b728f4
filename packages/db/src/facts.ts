import { activityOf, type FactKind } from '@matic/contracts'
import type { Transaction } from './db.ts'

export interface NewFact {
  /** null: concerns everybody. */
  userId: string | null
  kind: FactKind
  entity: string
  entityId: string
  payload: Record<string, unknown>
}

/** About the person, not about a row: `recordFacts(tx, [personFact(userId, 'security-changed', { change: 'new password' })])`. */
export function personFact(userId: string, kind: FactKind, payload: Record<string, unknown>): NewFact {
  return { userId, kind, entity: 'user', entityId: userId, payload }
}

/**
 * Write facts as the last statement of a transaction. Each user's facts are numbered without gaps, which holds that user's
 * stream row until the commit; users are taken in order, so that two transactions cannot wait for each other.
 * @returns ids to publish once the transaction has committed
 */
export async function recordFacts(tx: Transaction, facts: readonly NewFact[]): Promise<string[]> {
  if (facts.length === 0) return []
  const ordered = facts.toSorted((a, b) => (a.userId ?? '').localeCompare(b.userId ?? ''))
  const counts = new Map<string, number>()
  const places = ordered.map(({ userId }) => {
    if (userId === null) return null
    const place = (counts.get(userId) ?? 0) + 1
    counts.set(userId, place)
    return place
  })
  const inserted = await tx.query<{ id: string }>(
    `WITH mine AS (SELECT * FROM unnest($8::uuid[], $9::bigint[]) AS c(user_id, facts)),
     reserved AS (
       INSERT INTO user_stream (user_id, version) SELECT user_id, facts FROM mine ORDER BY user_id
       ON CONFLICT (user_id) DO UPDATE SET version = user_stream.version + excluded.version
       RETURNING user_id, version)
     INSERT INTO fact (user_id, user_version, kind, entity, entity_id, payload, level, at)
     SELECT u, reserved.version - mine.facts + place, k, e, i, p::jsonb, l, clock_timestamp()
       FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) WITH ORDINALITY AS f(u, place, k, e, i, p, l, number)
       LEFT JOIN reserved ON reserved.user_id = u LEFT JOIN mine ON mine.user_id = u
      ORDER BY number
     RETURNING id`,
    [
      ordered.map((fact) => fact.userId),
      places,
      ordered.map((fact) => fact.kind),
      ordered.map((fact) => fact.entity),
      ordered.map((fact) => fact.entityId),
      ordered.map((fact) => JSON.stringify(fact.payload)),
      ordered.map((fact) => activityOf(fact)?.level ?? null),
      [...counts.keys()],
      [...counts.values()],
    ],
  )
  return inserted.map((row) => row.id)
}
