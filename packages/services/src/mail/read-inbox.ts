import { MailContent, type InboxMail } from '@matic/contracts'
import type { Queryable } from '@matic/db'
import { mailWords } from './words.ts'

interface Row {
  id: string
  to: string
  template: string
  params: unknown
  createdAt: Date
}

/** The newest mails that wait because nobody sends them. For development only: they hold codes and links. */
export async function readInbox({
  db,
  input,
}: {
  db: Queryable
  input: { to: string | undefined; frontendUrl: string }
}): Promise<InboxMail[]> {
  const rows = await db.query<Row>(
    `SELECT id, recipient AS to, template, params, created_at AS "createdAt" FROM mail
      WHERE state = 'QUEUED' AND ($1::text IS NULL OR recipient = $1) ORDER BY created_at DESC, id DESC LIMIT 50`,
    [input.to?.trim().toLowerCase() ?? null],
  )
  return rows.flatMap(({ id, to, template, params, createdAt }) => {
    const content = MailContent.safeParse({ template, params })
    if (!content.success) return []
    const { subject, text, path } = mailWords(content.data, input)
    return [{ id, to, subject, text, link: path, createdAt: createdAt.toISOString() }]
  })
}
