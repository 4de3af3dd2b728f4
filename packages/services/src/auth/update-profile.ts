import { AppError, publicNameKey, type UserView } from '@matic/contracts'
import { isUniqueViolation } from '@matic/db'
import type { AuthContext } from './context.ts'
import { getProfile } from './get-profile.ts'

interface Patch {
  readonly fullName?: string | undefined
  readonly publicName?: string | null | undefined
  readonly phone?: string | null | undefined
  readonly address?: string | null | undefined
  readonly followMails?: boolean | undefined
}

/**
 * What is not there stays; null empties.
 * @throws AppError CONFLICT for a public name that is somebody else's; VALIDATION_FAILED for one that tells the e-mail address
 */
export async function updateProfile({ ctx, input }: { ctx: AuthContext; input: { userId: string; patch: Patch } }): Promise<UserView> {
  const { userId, patch } = input
  if (typeof patch.publicName === 'string') await refuseEmailAsName(ctx, { userId, publicName: patch.publicName })
  try {
    await ctx.db.query(
      `UPDATE app_user SET full_name = coalesce($2, full_name), phone = CASE WHEN $3 THEN $4 ELSE phone END,
              address = CASE WHEN $5 THEN $6 ELSE address END, public_name = CASE WHEN $7 THEN $8 ELSE public_name END,
              follow_mails = coalesce($9, follow_mails) WHERE id = $1`,
      [
        userId,
        patch.fullName ?? null,
        patch.phone !== undefined,
        patch.phone || null,
        patch.address !== undefined,
        patch.address || null,
        patch.publicName !== undefined,
        patch.publicName ?? null,
        patch.followMails ?? null,
      ],
    )
  } catch (error) {
    if (isUniqueViolation(error)) throw new AppError('CONFLICT', 'Somebody else has this public name, or one much like it')
    throw error
  }
  return getProfile({ db: ctx.db, userId })
}

/** Who can read half of an address can guess the other. */
async function refuseEmailAsName({ db }: AuthContext, { userId, publicName }: { userId: string; publicName: string }): Promise<void> {
  const { email } = await getProfile({ db, userId })
  const local = email.split('@')[0] ?? ''
  const isTold = [local, local.split('+')[0] ?? ''].some((part) => publicNameKey(part) === publicNameKey(publicName))
  if (isTold) throw new AppError('VALIDATION_FAILED', 'It must not be what your e-mail address begins with: everybody would know it')
}
