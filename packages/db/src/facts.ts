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
  for (const fact of ordered) if (fact.userId !== null) counts.set(fact.userId, (counts.get(fact.userId) ?? 0) + 1)

  const next = await reserveVersions(tx, counts)
  const versions = ordered.map((fact) => {
    if (fact.userId === null) return null
    const version = next.get(fact.userId) ?? 0n
    next.set(fact.userId, version + 1n)
    return version.toString()
  })

  const inserted = await tx.query<{ id: string }>(
    `INSERT INTO fact (user_id, user_version, kind, entity, entity_id, payload, level, at)
     SELECT u, v, k, e, i, p::jsonb, l, clock_timestamp()
       FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) AS f(u, v, k, e, i, p, l)
     RETURNING id`,
    [
      ordered.map((fact) => fact.userId),
      versions,
      ordered.map((fact) => fact.kind),
      ordered.map((fact) => fact.entity),
      ordered.map((fact) => fact.entityId),
      ordered.map((fact) => JSON.stringify(fact.payload)),
      ordered.map((fact) => activityOf(fact)?.level ?? null),
    ],
  )
  return inserted.map((row) => row.id)
}

/** First free version of each user. */
async function reserveVersions(tx: Transaction, counts: ReadonlyMap<string, number>): Promise<Map<string, bigint>> {
  if (counts.size === 0) return new Map()
  const reserved = await tx.query<{ user_id: string; version: string }>(
    `INSERT INTO user_stream (user_id, version)
     SELECT u, n FROM unnest($1::uuid[], $2::bigint[]) AS c(u, n) ORDER BY u
     ON CONFLICT (user_id) DO UPDATE SET version = user_stream.version + excluded.version
     RETURNING user_id, version`,
    [[...counts.keys()], [...counts.values()]],
  )
  return new Map(reserved.map((row) => [row.user_id, BigInt(row.version) - BigInt(counts.get(row.user_id) ?? 0) + 1n]))
}
