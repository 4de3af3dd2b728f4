import type { AuthContext } from './context.ts'

/** Ends the login that this refresh token belongs to. An unknown token is no error: there is nothing to end. */
export async function logOut({ ctx, input }: { ctx: AuthContext; input: { refreshToken: string } }): Promise<void> {
  const ended = await ctx.db.query<{ userId: string }>(
    `UPDATE session s SET revoked_at = $2
       FROM (SELECT family_id FROM session WHERE token_hash = $1) AS login
      WHERE s.family_id = login.family_id AND s.revoked_at IS NULL
      RETURNING s.user_id AS "userId"`,
    [ctx.tokens.hashRefresh(input.refreshToken), new Date(ctx.clock.now())],
  )
  if (ended.length > 0) ctx.bus.publish('invalidate', { kind: 'user', ids: ended.map((row) => row.userId) })
}
