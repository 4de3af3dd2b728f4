import { AppError } from '@matic/contracts'
import { writeAudit } from './audit.ts'
import type { Actor } from './authenticate.ts'
import type { AuthContext } from './context.ts'
import { noteSecurity, publishNews } from './note-security.ts'
import { takeSecondStep } from './second-step.ts'
import { refuseWeakPassword } from './weak-password.ts'

/** How long somebody who proved who they are is believed for what matters most. */
const PROVED_MS = 5 * 60_000

/** @throws AppError STEP_UP_REQUIRED when this session's user last proved who they are too long ago */
export async function refuseUnproved({ ctx, input }: { ctx: Pick<AuthContext, 'db' | 'clock'>; input: { actor: Actor } }): Promise<void> {
  const [row] = await ctx.db.query('SELECT 1 FROM session WHERE family_id = $1 AND user_id = $2 AND proved_at > $3 LIMIT 1', [
    input.actor.familyId,
    input.actor.userId,
    new Date(ctx.clock.now() - PROVED_MS),
  ])
  if (!row) throw new AppError('STEP_UP_REQUIRED', 'Confirm that it is you')
}

interface Proof {
  readonly actor: Actor
  readonly password: string
  readonly code?: string | undefined
  readonly ip: string
}

/** @throws AppError PASSWORD_WRONG, SECOND_STEP_REQUIRED, CODE_WRONG, RATE_LIMITED */
export async function stepUp({ ctx, input }: { ctx: AuthContext; input: Proof }): Promise<void> {
  const { actor, password, code, ip } = input
  await refuseWrongPassword(ctx, { userId: actor.userId, password, ip })
  await takeSecondStep({ ctx, input: { userId: actor.userId, code, ip } })
  await ctx.db.query('UPDATE session SET proved_at = $3 WHERE family_id = $1 AND user_id = $2', [
    actor.familyId,
    actor.userId,
    new Date(ctx.clock.now()),
  ])
}

interface Change {
  readonly actor: Actor
  readonly currentPassword: string
  readonly newPassword: string
  readonly ip: string
}

/** Every other session ends. @throws AppError PASSWORD_WRONG, VALIDATION_FAILED, RATE_LIMITED */
export async function changePassword({ ctx, input }: { ctx: AuthContext; input: Change }): Promise<void> {
  const { actor, currentPassword, newPassword, ip } = input
  const { userId, familyId } = actor
  const person = await refuseWrongPassword(ctx, { userId, password: currentPassword, ip })
  refuseWeakPassword(newPassword, [person.email, person.name])
  const passwordHash = await ctx.passwords.hash(newPassword)
  const news = await ctx.db.transaction(async (tx) => {
    await tx.query('UPDATE app_user SET password_hash = $2 WHERE id = $1', [userId, passwordHash])
    await tx.query('UPDATE session SET revoked_at = $3 WHERE user_id = $1 AND family_id <> $2 AND revoked_at IS NULL', [
      userId,
      familyId,
      new Date(ctx.clock.now()),
    ])
    await writeAudit(tx, { userId, ip, action: 'password-changed' })
    return noteSecurity(tx, ctx, {
      userId,
      change: 'password-changed',
      mail: (name, at) => ({ template: 'password-changed', params: { name, at } }),
    })
  })
  ctx.bus.publish('invalidate', { kind: 'user', ids: [userId] })
  publishNews(ctx, news)
}

async function refuseWrongPassword(
  ctx: AuthContext,
  { userId, password, ip }: { userId: string; password: string; ip: string },
): Promise<{ email: string; name: string }> {
  const key = `${userId} ${ip}`
  await ctx.authLimits.proof.consume(key)
  const [row] = await ctx.db.query<{ hash: string; email: string; name: string }>(
    'SELECT password_hash AS hash, email, full_name AS name FROM app_user WHERE id = $1',
    [userId],
  )
  const right = await ctx.passwords.verify(password, row?.hash ?? null)
  if (!row || !right) throw new AppError('PASSWORD_WRONG', 'This is not your password')
  await ctx.authLimits.proof.forget(key)
  return row
}
