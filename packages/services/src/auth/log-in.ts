import { AppError, type UserView } from '@matic/contracts'
import { randomToken } from '@matic/platform'
import type { AuthContext } from './context.ts'
import { getProfile } from './get-profile.ts'
import { noteDevice } from './note-device.ts'

export interface SignedIn {
  readonly user: UserView
  readonly accessToken: string
  readonly refreshToken: string
  readonly refreshExpiresAtMs: number
}

export interface LogIn {
  readonly email: string
  readonly password: string
  readonly ip: string
  readonly userAgent: string | null
}

/** @throws AppError LOGIN_FAILED, in the same words and time for an unknown e-mail and a wrong password; RATE_LIMITED */
export async function logIn({ ctx, input }: { ctx: AuthContext; input: LogIn }): Promise<SignedIn> {
  const guess = { email: input.email.trim().toLowerCase(), ip: input.ip }
  ctx.loginGuard.check(guess)

  const [row] = await ctx.db.query<{ id: string; hash: string; version: number }>(
    'SELECT id, password_hash AS hash, session_version AS version FROM app_user WHERE email = $1',
    [guess.email],
  )
  const right = await ctx.passwords.verify(input.password, row?.hash ?? null)
  if (!row || !right) {
    ctx.loginGuard.failed(guess)
    throw new AppError('LOGIN_FAILED', 'E-mail or password is wrong')
  }
  ctx.loginGuard.succeeded(guess)

  const familyId = ctx.newId()
  const refreshToken = randomToken(ctx)
  const refreshExpiresAtMs = ctx.clock.now() + ctx.tokens.refreshTtlMs
  await ctx.db.query(
    `INSERT INTO session (id, user_id, family_id, token_hash, user_agent, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      ctx.newId(),
      row.id,
      familyId,
      ctx.tokens.hashRefresh(refreshToken),
      input.userAgent?.slice(0, 300) ?? null,
      new Date(ctx.clock.now()),
      new Date(refreshExpiresAtMs),
    ],
  )
  await noteDevice({ ctx, input: { userId: row.id, familyId, userAgent: input.userAgent } })
  return {
    user: await getProfile({ db: ctx.db, userId: row.id }),
    accessToken: ctx.tokens.signAccess({ userId: row.id, familyId, sessionVersion: row.version }),
    refreshToken,
    refreshExpiresAtMs,
  }
}
