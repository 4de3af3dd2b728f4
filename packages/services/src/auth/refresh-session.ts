import { AppError } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import { writeAudit } from './audit.ts'
import type { AuthContext } from './context.ts'
import { getProfile } from './get-profile.ts'
import type { SignedIn } from './log-in.ts'
import { noteSecurity, publishNews } from './note-security.ts'

/** Two tabs may bring the same token within this time. */
const GRACE_MS = 10_000
/** However often it is renewed, a login ends after this. */
const FAMILY_MAX_MS = 30 * 24 * 3_600_000

interface SessionRow {
  userId: string
  familyId: string
  expiresAt: Date
  rotatedAt: Date | null
  revokedAt: Date | null
  familyStartedAt: Date
  sessionVersion: number
}

type Rotation =
  | { readonly kind: 'renewed'; readonly session: SessionRow; readonly expiresAtMs: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'stolen'; readonly userId: string; readonly news: readonly string[] }

/**
 * A refresh token is good once; its successor is answered with a new access token. One that was used before is taken for stolen,
 * and the whole login ends.
 * @throws AppError UNAUTHENTICATED
 */
export async function refreshSession({
  ctx,
  input,
}: {
  ctx: AuthContext
  input: { refreshToken: string; userAgent: string | null; ip: string }
}): Promise<SignedIn> {
  const successor = ctx.tokens.successorOf(input.refreshToken)
  const rotation = await ctx.db.transaction((tx) => rotate(tx, ctx, { ...input, successor }))

  if (rotation.kind === 'stolen') {
    ctx.log.warn({ userId: rotation.userId }, 'a refresh token was used twice: the login was ended')
    ctx.bus.publish('invalidate', { kind: 'user', ids: [rotation.userId] })
    publishNews(ctx, rotation.news)
  }
  if (rotation.kind !== 'renewed') throw new AppError('UNAUTHENTICATED', 'Sign in to go on')

  const { userId, familyId, sessionVersion } = rotation.session
  return {
    user: await getProfile({ db: ctx.db, userId }),
    accessToken: ctx.tokens.signAccess({ userId, familyId, sessionVersion }),
    refreshToken: successor,
    refreshExpiresAtMs: rotation.expiresAtMs,
  }
}

async function rotate(
  tx: Transaction,
  ctx: AuthContext,
  input: { refreshToken: string; successor: string; userAgent: string | null; ip: string },
): Promise<Rotation> {
  const [session] = await tx.query<SessionRow>(
    `SELECT s.user_id AS "userId", s.family_id AS "familyId", s.expires_at AS "expiresAt", s.rotated_at AS "rotatedAt", s.revoked_at AS "revokedAt",
            (SELECT min(f.created_at) FROM session f WHERE f.family_id = s.family_id) AS "familyStartedAt", u.session_version AS "sessionVersion"
       FROM session s JOIN app_user u ON u.id = s.user_id WHERE s.token_hash = $1 FOR UPDATE OF s`,
    [ctx.tokens.hashRefresh(input.refreshToken)],
  )
  const now = new Date(ctx.clock.now())
  if (!session || session.revokedAt || session.expiresAt <= now) return { kind: 'refused' }

  const successorHash = ctx.tokens.hashRefresh(input.successor)
  if (session.rotatedAt) {
    const [next] = await tx.query<{ expiresAt: Date }>(
      `SELECT expires_at AS "expiresAt" FROM session WHERE token_hash = $1 AND revoked_at IS NULL`,
      [successorHash],
    )
    const inGrace = now.getTime() - session.rotatedAt.getTime() <= GRACE_MS
    if (inGrace && next) return { kind: 'renewed', session, expiresAtMs: next.expiresAt.getTime() }
    await tx.query('UPDATE session SET revoked_at = $2 WHERE family_id = $1 AND revoked_at IS NULL', [session.familyId, now])
    return { kind: 'stolen', userId: session.userId, news: await noteStolen(tx, ctx, session, input.ip) }
  }

  const expiresAtMs = Math.min(now.getTime() + ctx.tokens.refreshTtlMs, session.familyStartedAt.getTime() + FAMILY_MAX_MS)
  await tx.query('UPDATE session SET rotated_at = $2 WHERE token_hash = $1', [ctx.tokens.hashRefresh(input.refreshToken), now])
  await tx.query(
    `INSERT INTO session (id, user_id, family_id, token_hash, user_agent, created_at, expires_at, ip) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      ctx.newId(),
      session.userId,
      session.familyId,
      successorHash,
      input.userAgent?.slice(0, 300) ?? null,
      now,
      new Date(expiresAtMs),
      input.ip,
    ],
  )
  return { kind: 'renewed', session, expiresAtMs }
}

async function noteStolen(tx: Transaction, ctx: AuthContext, { userId, familyId }: SessionRow, ip: string): Promise<string[]> {
  await writeAudit(tx, { userId, ip, action: 'session-stolen', after: { sessionId: familyId } })
  return noteSecurity(tx, ctx, {
    userId,
    change: 'session-stolen',
    mail: (name, at) => ({ template: 'session-stolen', params: { name, at } }),
  })
}
