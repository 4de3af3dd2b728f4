import { AppError, type SessionView } from '@matic/contracts'
import type { Actor } from './authenticate.ts'
import { writeAudit } from './audit.ts'
import type { AuthContext } from './context.ts'
import { noteSecurity, publishNews } from './note-security.ts'

interface Row {
  id: string
  userAgent: string | null
  ip: string | null
  startedAt: Date
  lastUsedAt: Date
}

/** Logins that can still be renewed, this one first, then by their last use. */
export async function listSessions({ ctx, input }: { ctx: AuthContext; input: { actor: Actor } }): Promise<SessionView[]> {
  const { userId, familyId } = input.actor
  const rows = await ctx.db.query<Row>(
    `SELECT s.family_id AS id, s.user_agent AS "userAgent", s.ip, s.created_at AS "lastUsedAt",
            (SELECT min(f.created_at) FROM session f WHERE f.family_id = s.family_id) AS "startedAt"
       FROM session s
      WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.rotated_at IS NULL AND s.expires_at > $3
      ORDER BY s.family_id = $2 DESC, s.created_at DESC LIMIT 100`,
    [userId, familyId, new Date(ctx.clock.now())],
  )
  return rows.map(({ startedAt, lastUsedAt, ...row }) => ({
    ...row,
    startedAt: startedAt.toISOString(),
    lastUsedAt: lastUsedAt.toISOString(),
    isCurrent: row.id === familyId,
  }))
}

/** @throws AppError NOT_FOUND, also for somebody else's */
export async function revokeSession({
  ctx,
  input,
}: {
  ctx: AuthContext
  input: { actor: Actor; sessionId: string; ip: string }
}): Promise<void> {
  const { userId } = input.actor
  const news = await ctx.db.transaction(async (tx) => {
    const ended = await tx.query(
      'UPDATE session SET revoked_at = $3 WHERE user_id = $1 AND family_id = $2 AND revoked_at IS NULL RETURNING id',
      [userId, input.sessionId, new Date(ctx.clock.now())],
    )
    if (ended.length === 0) throw new AppError('NOT_FOUND', 'There is no such session')
    await writeAudit(tx, { userId, ip: input.ip, action: 'session-ended', after: { sessionId: input.sessionId } })
    return noteSecurity(tx, ctx, { userId, change: 'sessions-ended', params: { ended: 1 } })
  })
  ctx.bus.publish('invalidate', { kind: 'user', ids: [userId] })
  publishNews(ctx, news)
}

export async function revokeOtherSessions({ ctx, input }: { ctx: AuthContext; input: { actor: Actor; ip: string } }) {
  const { userId, familyId } = input.actor
  const { ended, news } = await ctx.db.transaction(async (tx) => {
    const rows = await tx.query<{ familyId: string }>(
      `UPDATE session SET revoked_at = $3 WHERE user_id = $1 AND family_id <> $2 AND revoked_at IS NULL RETURNING family_id AS "familyId"`,
      [userId, familyId, new Date(ctx.clock.now())],
    )
    const count = new Set(rows.map((row) => row.familyId)).size
    if (count === 0) return { ended: 0, news: [] }
    await writeAudit(tx, { userId, ip: input.ip, action: 'other-sessions-ended', after: { ended: count } })
    return { ended: count, news: await noteSecurity(tx, ctx, { userId, change: 'sessions-ended', params: { ended: count } }) }
  })
  if (ended > 0) ctx.bus.publish('invalidate', { kind: 'user', ids: [userId] })
  publishNews(ctx, news)
  return { ended }
}
