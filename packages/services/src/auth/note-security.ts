import type { MailContent, SecurityChange } from '@matic/contracts'
import { personFact, recordFacts, type Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'
import { queueMail } from '../mail/queue-mail.ts'

interface News {
  readonly userId: string
  readonly change: SecurityChange
  readonly params?: Readonly<Record<string, string | number>>
  /** Only for what somebody else may have done: mails that say nothing new teach people to read none. */
  readonly mail?: (name: string, at: string) => MailContent
}

/**
 * Tells people what became of their sign-in: a line in the activity log and, where it is given, a mail. The last statements of a transaction.
 * @returns ids to give to `publishNews` after the commit
 */
export async function noteSecurity(tx: Transaction, ctx: ServiceContext, { userId, change, params = {}, mail }: News): Promise<string[]> {
  if (mail !== undefined) await queueMail(tx, ctx, { userId, make: mail })
  return recordFacts(tx, [personFact(userId, 'security-changed', { change, ...params })])
}

/** Pages hear of it at once, and whoever sends mails wakes up. */
export function publishNews(ctx: ServiceContext, factIds: readonly string[]): void {
  if (factIds.length === 0) return
  ctx.bus.publish('facts', { ids: [...factIds] })
  ctx.doorbell.ring('request')
}
