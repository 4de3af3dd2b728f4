import { z } from 'zod'
import { defineRoute } from '../http.ts'

export const InboxMail = z.object({
  id: z.string(),
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  /** What the mail asks to do, in this dashboard. */
  link: z.string().nullable(),
  createdAt: z.string(),
})
export type InboxMail = z.infer<typeof InboxMail>

export const devInbox = defineRoute({
  method: 'GET',
  path: '/api/dev/inbox',
  policy: 'public',
  summary: 'Mails nobody sends: there is no SMTP_HOST. Outside production only, elsewhere nothing is at this address.',
  query: z.object({ to: z.string().max(254).optional() }),
  response: z.array(InboxMail),
  errors: ['NOT_FOUND'],
})
