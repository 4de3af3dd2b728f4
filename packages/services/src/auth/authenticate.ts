import { AppError, type UserView } from '@matic/contracts'
import type { AuthContext } from './context.ts'

/** Who is asking, as proved by an access token. */
export interface Actor {
  readonly userId: string
  readonly familyId: string
  readonly role: UserView['role']
  readonly hasTwoStep: boolean
  readonly expiresAtMs: number
}

/** @throws AppError TOKEN_EXPIRED or UNAUTHENTICATED, also when the login was ended or the user's sessions were */
export async function authenticate({
  ctx,
  input,
}: {
  ctx: Pick<AuthContext, 'tokens' | 'users'>
  input: { accessToken: string }
}): Promise<Actor> {
  const claims = ctx.tokens.verifyAccess(input.accessToken)
  const user = await ctx.users.find(claims.userId)
  if (!user || user.sessionVersion !== claims.sessionVersion || user.endedFamilies.has(claims.familyId)) {
    throw new AppError('UNAUTHENTICATED', 'Sign in to go on')
  }
  return { userId: user.id, familyId: claims.familyId, role: user.role, hasTwoStep: user.hasTwoStep, expiresAtMs: claims.expiresAtMs }
}
