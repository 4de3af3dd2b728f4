import type { Queryable } from '@matic/db'
import { randomToken } from '@matic/platform'
import type { AuthContext } from './context.ts'

export interface Caller {
  readonly ip: string
  readonly userAgent: string | null
}

export interface OpenedSession {
  readonly familyId: string
  readonly accessToken: string
  readonly refreshToken: string
  readonly refreshExpiresAtMs: number
}

/** A new login of somebody who has just proved who they are. */
export async function openSession(
  db: Queryable,
  ctx: AuthContext,
  { userId, sessionVersion, caller }: { userId: string; sessionVersion: number; caller: Caller },
): Promise<OpenedSession> {
  const familyId = ctx.newId()
  const refreshToken = randomToken(ctx)
  const nowMs = ctx.clock.now()
  const refreshExpiresAtMs = nowMs + ctx.tokens.refreshTtlMs
  await db.query(
    `INSERT INTO session (id, user_id, family_id, token_hash, user_agent, ip, proved_at, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)`,
    [
      ctx.newId(),
      userId,
      familyId,
      ctx.tokens.hashRefresh(refreshToken),
      caller.userAgent?.slice(0, 300) ?? null,
      caller.ip,
      new Date(nowMs),
      new Date(refreshExpiresAtMs),
    ],
  )
  return { familyId, accessToken: ctx.tokens.signAccess({ userId, familyId, sessionVersion }), refreshToken, refreshExpiresAtMs }
}
