import { personFact, recordFacts } from '@matic/db'
import { queueMail } from '../mail/queue-mail.ts'
import type { AuthContext } from './context.ts'
import { publishNews } from './note-security.ts'

interface SignIn {
  readonly userId: string
  readonly familyId: string
  readonly userAgent: string | null
  readonly ip: string
}

/** Tells people, here and by mail, of a sign-in from a browser that none of their earlier sessions had. The very first one is no news. */
export async function noteDevice({ ctx, input }: { ctx: AuthContext; input: SignIn }): Promise<void> {
  const { userId, familyId } = input
  const device = input.userAgent?.slice(0, 300) ?? null
  const ids = await ctx.db.transaction(async (tx) => {
    const [before] = await tx.query<{ some: boolean; same: boolean }>(
      `SELECT count(*) > 0 AS some, coalesce(bool_or(user_agent IS NOT DISTINCT FROM $3), false) AS same FROM session WHERE user_id = $1 AND family_id <> $2`,
      [userId, familyId, device],
    )
    if (!before?.some || before.same) return []
    const seen = device?.slice(0, 120) ?? null
    await queueMail(tx, ctx, { userId, make: (name, at) => ({ template: 'new-device', params: { name, at, device: seen, ip: input.ip } }) })
    return recordFacts(tx, [personFact(userId, 'device-seen', { device: seen })])
  })
  publishNews(ctx, ids)
}
