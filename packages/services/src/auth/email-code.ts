import { AppError, type UserView } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import { insertMail } from '../mail/queue-mail.ts'
import { writeAudit } from './audit.ts'
import type { AuthContext } from './context.ts'
import { getProfile } from './get-profile.ts'
import { noteSecurity, publishNews } from './note-security.ts'

const MINUTES = 10
const TRIES_MAX = 5
const TRIAL_DAYS = 14

/** Six digits on their way to the address; earlier ones stop working. */
export async function issueEmailCode(
  tx: Transaction,
  ctx: AuthContext,
  { userId, email, name }: { userId: string; email: string; name: string },
): Promise<void> {
  const code = ctx.codes.sixDigits()
  const now = ctx.clock.now()
  const until = new Date(now + MINUTES * 60_000)
  await tx.query('UPDATE email_code SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL', [userId, new Date(now)])
  await tx.query('INSERT INTO email_code (id, user_id, code_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)', [
    ctx.newId(),
    userId,
    ctx.codes.hash(userId, code),
    new Date(now),
    until,
  ])
  const content = { template: 'verify-email', params: { name, code, minutes: MINUTES } } as const
  await insertMail(tx, ctx, { userId, recipient: email, content, usefulUntil: until })
}

/** @throws AppError CONFLICT when the address is confirmed already, RATE_LIMITED after five codes an hour */
export async function resendEmailCode({ ctx, input }: { ctx: AuthContext; input: { userId: string } }): Promise<void> {
  await ctx.authLimits.mailedCode.consume(input.userId)
  await ctx.db.transaction(async (tx) => {
    const [user] = await tx.query<{ email: string; name: string; verified: boolean }>(
      'SELECT email, full_name AS name, is_email_verified AS verified FROM app_user WHERE id = $1 FOR UPDATE',
      [input.userId],
    )
    if (!user || user.verified) throw new AppError('CONFLICT', 'This e-mail address is confirmed already')
    await issueEmailCode(tx, ctx, { userId: input.userId, ...user })
  })
  ctx.doorbell.ring('request')
}

/**
 * Activates the user and starts the trial of the asked plan, unless an administrator has to.
 * @throws AppError CODE_WRONG, also after ten minutes or five tries; RATE_LIMITED
 */
export async function verifyEmail({
  ctx,
  input,
}: {
  ctx: AuthContext
  input: { userId: string; code: string; ip: string }
}): Promise<UserView> {
  const { userId, code, ip } = input
  const known = await getProfile({ db: ctx.db, userId })
  if (known.isEmailVerified) return known

  await ctx.authLimits.wrongCodes.check('all')
  const now = new Date(ctx.clock.now())
  // Counted before it is looked at, so that many tries at once are still five.
  const [row] = await ctx.db.query<{ id: string; hash: Buffer }>(
    `UPDATE email_code SET tries = tries + 1
      WHERE id = (SELECT id FROM email_code WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1)
        AND used_at IS NULL AND expires_at > $2 AND tries < $3
      RETURNING id, code_hash AS hash`,
    [userId, now, TRIES_MAX],
  )
  if (!row || !ctx.codes.isSame(row.hash, userId, code)) {
    await ctx.authLimits.wrongCodes.consume('all').catch(() => undefined)
    throw new AppError('CODE_WRONG', 'This code is not right or no longer good. Ask for a new one.')
  }

  const news = await ctx.db.transaction(async (tx) => {
    await tx.query('UPDATE email_code SET used_at = $2 WHERE id = $1', [row.id, now])
    const [user] = await tx.query<{ plan: string | null }>(
      `UPDATE app_user SET is_email_verified = true, is_active = is_active OR $2
        WHERE id = $1 AND NOT is_email_verified RETURNING asked_plan AS plan`,
      [userId, !ctx.requireAdminApproval],
    )
    if (!user) return []
    if (!ctx.requireAdminApproval) await startTrial(tx, { userId, plan: user.plan ?? 'MONTHLY', now })
    await writeAudit(tx, { userId, ip, action: 'email-verified' })
    return noteSecurity(tx, ctx, { userId, change: 'email-verified' })
  })
  publishNews(ctx, news)
  ctx.bus.publish('invalidate', { kind: 'user', ids: [userId] })
  return getProfile({ db: ctx.db, userId })
}

/** Fourteen days, once in a user's life. */
async function startTrial(tx: Transaction, { userId, plan, now }: { userId: string; plan: string; now: Date }): Promise<void> {
  await tx.query(
    `INSERT INTO subscription (user_id, plan, status, start_date, end_date) VALUES ($1, $2, 'TRIAL', $3, $4) ON CONFLICT (user_id) DO NOTHING`,
    [userId, plan, now, new Date(now.getTime() + TRIAL_DAYS * 24 * 3_600_000)],
  )
}
