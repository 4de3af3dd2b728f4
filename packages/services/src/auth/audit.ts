import type { Queryable } from '@matic/db'

interface Entry {
  readonly userId: string
  readonly action: string
  readonly ip: string | null
  readonly after?: object
}

/** What somebody did to their own account. */
export async function writeAudit(tx: Queryable, { userId, action, ip, after }: Entry): Promise<void> {
  await tx.query('INSERT INTO audit_log (actor_id, user_id, action, after, ip) VALUES ($1, $1, $2, $3, $4)', [
    userId,
    action,
    after === undefined ? null : JSON.stringify(after),
    ip,
  ])
}
