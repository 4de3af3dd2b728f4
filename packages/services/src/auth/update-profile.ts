import type { UserView } from '@matic/contracts'
import type { AuthContext } from './context.ts'
import { getProfile } from './get-profile.ts'

interface Patch {
  readonly fullName?: string | undefined
  readonly phone?: string | null | undefined
  readonly address?: string | null | undefined
}

/** What is not there stays; null empties. */
export async function updateProfile({ ctx, input }: { ctx: AuthContext; input: { userId: string; patch: Patch } }): Promise<UserView> {
  const { userId, patch } = input
  await ctx.db.query(
    `UPDATE app_user SET full_name = coalesce($2, full_name),
            phone = CASE WHEN $3 THEN $4 ELSE phone END, address = CASE WHEN $5 THEN $6 ELSE address END WHERE id = $1`,
    [userId, patch.fullName ?? null, patch.phone !== undefined, patch.phone || null, patch.address !== undefined, patch.address || null],
  )
  return getProfile({ db: ctx.db, userId })
}
