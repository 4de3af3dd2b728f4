import type { MailContent } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import type { ServiceContext } from '../context.ts'

/** After that nobody needs news any more, ms. */
export const NEWS_USEFUL_MS = 3 * 24 * 3_600_000

interface NewMail {
  readonly userId: string
  readonly recipient: string
  readonly content: MailContent
  /** After this nobody needs it any more. */
  readonly usefulUntil: Date
}

/** Committed with what it tells: a worker sends it. Ring for requests after the commit. */
export async function insertMail(tx: Transaction, ctx: ServiceContext, mail: NewMail): Promise<void> {
  const now = new Date(ctx.clock.now())
  await tx.query(
    `INSERT INTO mail (id, user_id, recipient, template, params, useful_until, next_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`,
    [ctx.newId(), mail.userId, mail.recipient, mail.content.template, JSON.stringify(mail.content.params), mail.usefulUntil, now],
  )
}

/** News to the address a user has. */
export async function queueMail(
  tx: Transaction,
  ctx: ServiceContext,
  { userId, make }: { userId: string; make: (name: string, at: string) => MailContent },
): Promise<void> {
  const [user] = await tx.query<{ email: string; name: string }>('SELECT email, full_name AS name FROM app_user WHERE id = $1', [userId])
  if (!user) return
  const nowMs = ctx.clock.now()
  const content = make(user.name, new Date(nowMs).toISOString())
  await insertMail(tx, ctx, { userId, recipient: user.email, content, usefulUntil: new Date(nowMs + NEWS_USEFUL_MS) })
}
