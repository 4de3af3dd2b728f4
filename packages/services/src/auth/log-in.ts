import { AppError, type UserView } from '@matic/contracts'
import type { AuthContext } from './context.ts'
import { getProfile } from './get-profile.ts'
import { noteDevice } from './note-device.ts'
import { openSession, type Caller, type OpenedSession } from './open-session.ts'
import { takeSecondStep } from './second-step.ts'

export interface SignedIn extends Omit<OpenedSession, 'familyId'> {
  readonly user: UserView
}

export interface LogIn extends Caller {
  readonly email: string
  readonly password: string
  /** The second step, for who has one. */
  readonly code?: string | undefined
}

/**
 * @throws AppError LOGIN_FAILED, in the same words and time for an unknown e-mail and a wrong password; SECOND_STEP_REQUIRED and
 * CODE_WRONG only behind the right password; RATE_LIMITED
 */
export async function logIn({ ctx, input }: { ctx: AuthContext; input: LogIn }): Promise<SignedIn> {
  const guess = { email: input.email.trim().toLowerCase(), ip: input.ip }
  await ctx.loginGuard.check(guess)

  const [row] = await ctx.db.query<{ id: string; hash: string; version: number }>(
    'SELECT id, password_hash AS hash, session_version AS version FROM app_user WHERE email = $1',
    [guess.email],
  )
  const right = await ctx.passwords.verify(input.password, row?.hash ?? null)
  if (!row || !right) {
    await ctx.loginGuard.failed(guess)
    throw new AppError('LOGIN_FAILED', 'E-mail or password is wrong')
  }
  await takeSecondStep({ ctx, input: { userId: row.id, code: input.code, ip: input.ip } })
  await ctx.loginGuard.succeeded(guess)

  const session = await openSession(ctx.db, ctx, { userId: row.id, sessionVersion: row.version, caller: input })
  await noteDevice({ ctx, input: { userId: row.id, familyId: session.familyId, userAgent: input.userAgent, ip: input.ip } })
  return { user: await getProfile({ db: ctx.db, userId: row.id }), ...session }
}
