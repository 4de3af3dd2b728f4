import type { AuthContext } from './context.ts'

/** Says at start, and loudly, when the secrets of authenticator apps were sealed with another TOTP_KEY: nobody who has one could sign in. */
export async function checkTotpKey({ ctx }: { ctx: Pick<AuthContext, 'db' | 'codes' | 'log'> }): Promise<boolean> {
  const [row] = await ctx.db.query<{ userId: string; sealed: Buffer }>(
    'SELECT user_id AS "userId", sealed FROM totp WHERE confirmed_at IS NOT NULL ORDER BY confirmed_at DESC LIMIT 1',
  )
  if (!row) return true
  try {
    ctx.codes.open(row.userId, row.sealed)
    return true
  } catch {
    ctx.log.error(
      {},
      'TOTP_KEY is not the one that two-step sign-in was set up with: who has it switched on cannot sign in. Put the old key back, or see "npm run admin" in docs/running.md',
    )
    return false
  }
}
