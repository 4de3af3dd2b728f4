import { AppError } from '@matic/contracts'
import { Secret, TOTP } from 'otpauth'
import type { AuthContext } from './context.ts'
import { noteSecurity, publishNews } from './note-security.ts'

export const STEP_SECONDS = 30

interface TotpRow {
  sealed: Buffer
  lastStep: string
}

/**
 * Asks for the second step of whoever has one. A code of the app is good once, so is a recovery code.
 * @throws AppError SECOND_STEP_REQUIRED without a code, CODE_WRONG, RATE_LIMITED
 */
export async function takeSecondStep({
  ctx,
  input,
}: {
  ctx: AuthContext
  input: { userId: string; code: string | undefined; ip: string }
}): Promise<void> {
  const { userId, code, ip } = input
  const [totp] = await ctx.db.query<TotpRow>(
    `SELECT sealed, last_step AS "lastStep" FROM totp WHERE user_id = $1 AND confirmed_at IS NOT NULL`,
    [userId],
  )
  if (!totp) return
  if (code === undefined) throw new AppError('SECOND_STEP_REQUIRED', 'Enter the code of your authenticator app')

  const key = `${userId} ${ip}`
  await ctx.authLimits.proof.consume(key)
  const typed = code.replaceAll(/\s/g, '')
  const used = /^\d{6}$/.test(typed) ? await useAppCode(ctx, userId, totp, typed) : await useRecoveryCode(ctx, userId, typed)
  if (!used) throw new AppError('CODE_WRONG', 'This code is not right, or was used before')
  await ctx.authLimits.proof.forget(key)
}

async function useAppCode(ctx: AuthContext, userId: string, totp: TotpRow, code: string): Promise<boolean> {
  const step = stepOf({ secret: openTotp(ctx, userId, totp.sealed), code, nowMs: ctx.clock.now() })
  if (step === null) return false
  const taken = await ctx.db.query('UPDATE totp SET last_step = $2 WHERE user_id = $1 AND last_step < $2 RETURNING user_id', [userId, step])
  return taken.length === 1
}

async function useRecoveryCode(ctx: AuthContext, userId: string, code: string): Promise<boolean> {
  const hash = ctx.codes.hash(userId, normalised(code))
  const news = await ctx.db.transaction(async (tx) => {
    const used = await tx.query(
      'UPDATE recovery_code SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL RETURNING id',
      [userId, hash, new Date(ctx.clock.now())],
    )
    if (used.length === 0) return null
    const [row] = await tx.query<{ left: number }>(
      'SELECT count(*)::int AS left FROM recovery_code WHERE user_id = $1 AND used_at IS NULL',
      [userId],
    )
    return noteSecurity(tx, ctx, { userId, change: 'recovery-code-used', params: { left: row?.left ?? 0 } })
  })
  if (news === null) return false
  publishNews(ctx, news)
  return true
}

/** @throws AppError INTERNAL when it was sealed with another TOTP_KEY: a wrong code would be the wrong thing to say */
export function openTotp(ctx: Pick<AuthContext, 'codes'>, userId: string, sealed: Buffer): string {
  try {
    return ctx.codes.open(userId, sealed)
  } catch (cause) {
    throw new AppError('INTERNAL', 'Your second step cannot be checked: this server was given another TOTP_KEY than it had.', { cause })
  }
}

/** Recovery codes are typed by hand: capitals and dashes do not matter. */
export function normalised(code: string): string {
  return code.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

/** The 30 s step a code belongs to, one before and one after included; null: it is none of them. */
export function stepOf({ secret, code, nowMs }: { secret: string; code: string; nowMs: number }): number | null {
  const totp = new TOTP({ secret: Secret.fromBase32(secret), period: STEP_SECONDS, digits: 6, algorithm: 'SHA1' })
  const delta = totp.validate({ token: code, timestamp: nowMs, window: 1 })
  return delta === null ? null : Math.floor(nowMs / 1_000 / STEP_SECONDS) + delta
}
