import { AppError } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import { Secret, TOTP } from 'otpauth'
import { writeAudit } from './audit.ts'
import type { AuthContext } from './context.ts'
import { noteSecurity, publishNews } from './note-security.ts'
import { normalised, openTotp, STEP_SECONDS, stepOf, takeSecondStep } from './second-step.ts'

const RECOVERY_CODES = 10
/** Without what looks alike. */
const LETTERS = 'abcdefghjkmnpqrstvwxyz23456789'
const SECRET_BYTES = 20

interface Person {
  readonly userId: string
  readonly ip: string
}

export async function getTotp({ ctx, input }: { ctx: AuthContext; input: { userId: string } }) {
  const [row] = await ctx.db.query<{ isEnabled: boolean; left: number }>(
    `SELECT EXISTS (SELECT 1 FROM totp WHERE user_id = $1 AND confirmed_at IS NOT NULL) AS "isEnabled",
            (SELECT count(*)::int FROM recovery_code WHERE user_id = $1 AND used_at IS NULL) AS left`,
    [input.userId],
  )
  return { isEnabled: row?.isEnabled ?? false, recoveryCodesLeft: row?.left ?? 0 }
}

/** @throws AppError CONFLICT when it is on already */
export async function enrolTotp({ ctx, input }: { ctx: AuthContext; input: Person }): Promise<{ secret: string; uri: string }> {
  const secret = new Secret({ buffer: Uint8Array.from(ctx.random.bytes(SECRET_BYTES)).buffer })
  const [row] = await ctx.db.query<{ email: string }>(
    `WITH enrolled AS (
       INSERT INTO totp AS t (user_id, sealed) VALUES ($1, $2)
       ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, last_step = 0, created_at = now() WHERE t.confirmed_at IS NULL
       RETURNING user_id)
     SELECT u.email FROM enrolled e JOIN app_user u ON u.id = e.user_id`,
    [input.userId, ctx.codes.seal(input.userId, secret.base32)],
  )
  if (!row) throw new AppError('CONFLICT', 'Two-step sign-in is on already')
  const totp = new TOTP({ issuer: 'Matic Trade', label: row.email, secret, period: STEP_SECONDS, digits: 6, algorithm: 'SHA1' })
  return { secret: secret.base32, uri: totp.toString() }
}

/** @throws AppError CODE_WRONG, CONFLICT, RATE_LIMITED */
export async function confirmTotp({ ctx, input }: { ctx: AuthContext; input: Person & { code: string } }) {
  const { userId, code, ip } = input
  await ctx.authLimits.proof.consume(`${userId} ${ip}`)
  const [row] = await ctx.db.query<{ sealed: Buffer }>('SELECT sealed FROM totp WHERE user_id = $1 AND confirmed_at IS NULL', [userId])
  if (!row) throw new AppError('CONFLICT', 'There is nothing to confirm')
  const step = stepOf({ secret: openTotp(ctx, userId, row.sealed), code, nowMs: ctx.clock.now() })
  if (step === null) throw new AppError('CODE_WRONG', 'This code is not right. Look whether the clock of your phone is.')

  const { recoveryCodes, news } = await ctx.db.transaction(async (tx) => {
    const confirmed = await tx.query(
      'UPDATE totp SET confirmed_at = $2, last_step = $3 WHERE user_id = $1 AND confirmed_at IS NULL AND sealed = $4 RETURNING user_id',
      [userId, new Date(ctx.clock.now()), step, row.sealed],
    )
    if (confirmed.length === 0) throw new AppError('CONFLICT', 'Two-step sign-in was changed elsewhere. Look again.')
    const made = await replaceRecoveryCodes(tx, ctx, userId)
    return { recoveryCodes: made, news: await noteChange(tx, ctx, { userId, ip, enabled: true }) }
  })
  tellEverybody(ctx, userId, news)
  await ctx.authLimits.proof.forget(`${userId} ${ip}`)
  return { recoveryCodes }
}

/** @throws AppError CONFLICT when two-step sign-in is off */
export async function renewRecoveryCodes({ ctx, input }: { ctx: AuthContext; input: Person }) {
  const { userId, ip } = input
  const { recoveryCodes, news } = await ctx.db.transaction(async (tx) => {
    await refuseWithout(tx, userId)
    await writeAudit(tx, { userId, ip, action: 'recovery-codes-renewed' })
    const made = await replaceRecoveryCodes(tx, ctx, userId)
    const mail = (name: string, at: string) => ({ template: 'recovery-codes-renewed', params: { name, at } }) as const
    return { recoveryCodes: made, news: await noteSecurity(tx, ctx, { userId, change: 'recovery-codes-renewed', mail }) }
  })
  publishNews(ctx, news)
  return { recoveryCodes }
}

/** @throws AppError CODE_WRONG, CONFLICT, RATE_LIMITED; TWO_STEP_NEEDED for whoever may not be without */
export async function disableTotp({ ctx, input }: { ctx: AuthContext; input: Person & { code: string } }): Promise<void> {
  const { userId, ip } = input
  await refuseWithout(ctx.db, userId)
  await refuseNeeded(ctx, userId)
  await takeSecondStep({ ctx, input })
  const news = await ctx.db.transaction(async (tx) => {
    await tx.query('DELETE FROM totp WHERE user_id = $1', [userId])
    await tx.query('DELETE FROM recovery_code WHERE user_id = $1', [userId])
    return noteChange(tx, ctx, { userId, ip, enabled: false })
  })
  tellEverybody(ctx, userId, news)
}

async function refuseWithout(db: Pick<Transaction, 'query'>, userId: string): Promise<void> {
  const [row] = await db.query('SELECT 1 FROM totp WHERE user_id = $1 AND confirmed_at IS NOT NULL', [userId])
  if (!row) throw new AppError('CONFLICT', 'Two-step sign-in is off')
}

async function refuseNeeded(ctx: AuthContext, userId: string): Promise<void> {
  const [row] = await ctx.db.query<{ isAdmin: boolean; hasLive: boolean }>(
    `SELECT role IN ('ADMIN', 'SUPER_ADMIN') AS "isAdmin",
            EXISTS (SELECT 1 FROM account WHERE user_id = $1 AND environment = 'LIVE' AND deleted_at IS NULL) AS "hasLive"
       FROM app_user WHERE id = $1`,
    [userId],
  )
  if (row?.isAdmin === true && ctx.adminsNeedTwoStep) throw new AppError('TWO_STEP_NEEDED', 'Administrators keep two-step sign-in on')
  if (row?.hasLive === true)
    throw new AppError('TWO_STEP_NEEDED', 'Two-step sign-in stays on while a live account is connected. Disconnect it first.')
}

/** Every api process asks for the second step, or stops asking, from now on. */
function tellEverybody(ctx: AuthContext, userId: string, news: readonly string[]): void {
  ctx.bus.publish('invalidate', { kind: 'user', ids: [userId] })
  publishNews(ctx, news)
}

async function noteChange(tx: Transaction, ctx: AuthContext, input: Person & { enabled: boolean }): Promise<string[]> {
  const { userId, ip, enabled } = input
  await writeAudit(tx, { userId, ip, action: enabled ? 'two-step-enabled' : 'two-step-disabled' })
  return noteSecurity(tx, ctx, {
    userId,
    change: enabled ? 'two-step-on' : 'two-step-off',
    mail: (name, at) => ({ template: 'two-step-changed', params: { name, at, enabled } }),
  })
}

async function replaceRecoveryCodes(tx: Transaction, ctx: AuthContext, userId: string): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, () => recoveryCode(ctx))
  await tx.query('DELETE FROM recovery_code WHERE user_id = $1', [userId])
  for (const code of codes) {
    await tx.query('INSERT INTO recovery_code (id, user_id, code_hash) VALUES ($1, $2, $3)', [
      ctx.newId(),
      userId,
      ctx.codes.hash(userId, normalised(code)),
    ])
  }
  return codes
}

/** Twelve letters, 58 bits, in groups that can be read aloud. */
function recoveryCode(ctx: AuthContext): string {
  const letters: string[] = []
  while (letters.length < 12) {
    for (const byte of ctx.random.bytes(16)) {
      const letter = byte < LETTERS.length * 8 ? LETTERS[byte % LETTERS.length] : undefined
      if (letter !== undefined && letters.length < 12) letters.push(letter)
    }
  }
  // A letter in front keeps it apart from the six digits of an app.
  return `r${letters.slice(0, 3).join('')}-${letters.slice(3, 7).join('')}-${letters.slice(7, 11).join('')}`
}
