import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '@matic/contracts'
import { randomToken } from '@matic/platform'
import { insertMail } from '../mail/queue-mail.ts'
import { writeAudit } from './audit.ts'
import type { AuthContext } from './context.ts'
import { noteSecurity, publishNews } from './note-security.ts'
import { refuseWeakPassword } from './weak-password.ts'

const LINK_MINUTES = 60
/** Both answers take as long as the longer way. */
const ANSWER_AFTER_MS = 250

/** Says nothing of whether the address is known, by words or by time. @throws AppError RATE_LIMITED */
export async function forgotPassword({ ctx, input }: { ctx: AuthContext; input: { email: string; ip: string } }): Promise<void> {
  const email = input.email.trim().toLowerCase()
  await ctx.authLimits.forgot.consume(input.ip)
  await ctx.authLimits.forgotEmail.consume(email)
  await Promise.all([sendLink(ctx, email, input.ip), sleep(ANSWER_AFTER_MS)])
}

async function sendLink(ctx: AuthContext, email: string, ip: string): Promise<void> {
  const [user] = await ctx.db.query<{ id: string; name: string }>('SELECT id, full_name AS name FROM app_user WHERE email = $1', [email])
  if (!user) return
  const token = randomToken(ctx)
  const now = ctx.clock.now()
  const until = new Date(now + LINK_MINUTES * 60_000)
  await ctx.db.transaction(async (tx) => {
    await tx.query('INSERT INTO password_reset (id, user_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)', [
      ctx.newId(),
      user.id,
      sha256(token),
      new Date(now),
      until,
    ])
    const content = { template: 'reset-password', params: { name: user.name, token, minutes: LINK_MINUTES } } as const
    await insertMail(tx, ctx, { userId: user.id, recipient: email, content, usefulUntil: until })
    await writeAudit(tx, { userId: user.id, ip, action: 'password-reset-asked' })
  })
  ctx.doorbell.ring('request')
}

/** Ends every session. Signs nobody in, so that a second step stays asked for. @throws AppError LINK_EXPIRED, VALIDATION_FAILED, RATE_LIMITED */
export async function resetPassword({
  ctx,
  input,
}: {
  ctx: AuthContext
  input: { token: string; password: string; ip: string }
}): Promise<void> {
  await ctx.authLimits.reset.consume(input.ip)
  const now = new Date(ctx.clock.now())
  const [found] = await ctx.db.query<{ userId: string; email: string; name: string }>(
    `SELECT r.user_id AS "userId", u.email, u.full_name AS name FROM password_reset r JOIN app_user u ON u.id = r.user_id
      WHERE r.token_hash = $1 AND r.used_at IS NULL AND r.expires_at > $2`,
    [sha256(input.token), now],
  )
  if (!found) throw expired()
  refuseWeakPassword(input.password, [found.email, found.name])
  const passwordHash = await ctx.passwords.hash(input.password)

  const { userId } = found
  const news = await ctx.db.transaction(async (tx) => {
    const used = await tx.query('UPDATE password_reset SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL RETURNING id', [
      sha256(input.token),
      now,
    ])
    if (used.length === 0) throw expired()
    await tx.query('UPDATE password_reset SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL', [userId, now])
    await tx.query('UPDATE app_user SET password_hash = $2, session_version = session_version + 1 WHERE id = $1', [userId, passwordHash])
    await tx.query('UPDATE session SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL', [userId, now])
    await writeAudit(tx, { userId, ip: input.ip, action: 'password-reset' })
    return noteSecurity(tx, ctx, {
      userId,
      change: 'password-reset',
      mail: (name, at) => ({ template: 'password-changed', params: { name, at } }),
    })
  })
  ctx.bus.publish('invalidate', { kind: 'user', ids: [userId] })
  publishNews(ctx, news)
}

function expired(): AppError {
  return new AppError('LINK_EXPIRED', 'This link was used or is too old. Ask for a new one.')
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
