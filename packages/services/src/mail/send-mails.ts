import { MailContent } from '@matic/contracts'
import type { ServiceContext } from '../context.ts'
import { mailWords, type MailWords } from './words.ts'

/** Hands a mail to whoever carries it. Rejects when it was not taken. */
export interface Postman {
  deliver(mail: MailWords & { id: string; to: string }): Promise<void>
}

interface Row {
  id: string
  recipient: string
  template: string
  params: unknown
  attempts: number
}

const BATCH = 10
/** Longer than the postman ever takes: one that dies with the worker is tried again. */
const CLAIM_MS = 60_000
const RETRY_MAX_MS = 15 * 60_000

/**
 * Sends what is due. A mail that is not taken is tried again, later and later, until it is of no use; the same id goes out each time, so
 * that mail servers know a second copy. Answers how many were looked at.
 */
export async function sendMails({
  ctx,
  postman,
  frontendUrl,
}: {
  ctx: ServiceContext
  postman: Postman
  frontendUrl: string
}): Promise<number> {
  const now = new Date(ctx.clock.now())
  const due = await ctx.db.query<Row>(
    `UPDATE mail SET attempts = attempts + 1, next_at = $2
      WHERE id IN (SELECT id FROM mail WHERE state = 'QUEUED' AND next_at <= $1 AND useful_until > $1 ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED)
      RETURNING id, recipient, template, params, attempts`,
    [now, new Date(now.getTime() + CLAIM_MS), BATCH],
  )
  await Promise.all(due.map((row) => send(row, { ctx, postman, frontendUrl })))
  await ctx.db.query(`UPDATE mail SET state = 'EXPIRED', params = '{}' WHERE state = 'QUEUED' AND useful_until <= $1`, [now])
  return due.length
}

async function send(
  row: Row,
  { ctx, postman, frontendUrl }: { ctx: ServiceContext; postman: Postman; frontendUrl: string },
): Promise<void> {
  try {
    const content = MailContent.parse({ template: row.template, params: row.params })
    await postman.deliver({ ...mailWords(content, { frontendUrl }), id: row.id, to: row.recipient })
    await ctx.db.query(`UPDATE mail SET state = 'SENT', sent_at = $2, params = '{}', last_error = NULL WHERE id = $1`, [
      row.id,
      new Date(ctx.clock.now()),
    ])
  } catch (err) {
    const waitMs = Math.min(RETRY_MAX_MS, 2_000 * 2 ** row.attempts)
    ctx.log.warn({ err, mailId: row.id, attempts: row.attempts }, 'a mail was not taken')
    await ctx.db.query('UPDATE mail SET next_at = $2, last_error = $3 WHERE id = $1', [
      row.id,
      new Date(ctx.clock.now() + waitMs),
      (err instanceof Error ? err.message : String(err)).slice(0, 500),
    ])
  }
}
