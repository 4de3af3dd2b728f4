import { AppError } from '@matic/contracts'
import { randomToken } from '@matic/platform'
import { ensureBot } from '../bot/ensure-bot.ts'
import { writeAudit } from './audit.ts'
import type { AuthContext } from './context.ts'
import { issueEmailCode } from './email-code.ts'
import { getProfile } from './get-profile.ts'
import type { SignedIn } from './log-in.ts'
import { openSession, type Caller } from './open-session.ts'
import { refuseWeakPassword } from './weak-password.ts'

interface Register extends Caller {
  readonly email: string
  readonly password: string
  readonly fullName: string
  readonly phone?: string | undefined
  readonly address?: string | undefined
  readonly plan: 'MONTHLY' | 'YEARLY'
}

/**
 * A user who can look around and trade nothing until the code sent by mail is confirmed, with rules and a webhook whose address is made
 * when it is first asked for.
 * @throws AppError CONFLICT for a known e-mail, VALIDATION_FAILED for a weak password, RATE_LIMITED
 */
export async function register({ ctx, input }: { ctx: AuthContext; input: Register }): Promise<SignedIn> {
  await ctx.authLimits.register.consume(input.ip)
  const email = input.email.trim().toLowerCase()
  refuseWeakPassword(input.password, [email, input.fullName])
  const passwordHash = await ctx.passwords.hash(input.password)

  const userId = ctx.newId()
  const session = await ctx.db.transaction(async (tx) => {
    const made = await tx.query(
      `INSERT INTO app_user (id, email, password_hash, full_name, phone, address, asked_plan) VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (email) DO NOTHING RETURNING id`,
      [userId, email, passwordHash, input.fullName, input.phone || null, input.address || null, input.plan],
    )
    if (made.length === 0) throw new AppError('CONFLICT', 'This e-mail address has an account already. Sign in instead.')
    await ensureBot(tx, { newId: ctx.newId, userId, token: randomToken(ctx) })
    await issueEmailCode(tx, ctx, { userId, email, name: input.fullName })
    await writeAudit(tx, { userId, ip: input.ip, action: 'registered', after: { plan: input.plan } })
    return openSession(tx, ctx, { userId, sessionVersion: 1, caller: input })
  })
  await ctx.authLimits.mailedCode.consume(userId)
  ctx.doorbell.ring('request')
  return { user: await getProfile({ db: ctx.db, userId }), ...session }
}
