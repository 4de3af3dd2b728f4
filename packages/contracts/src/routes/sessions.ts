import { z } from 'zod'
import { defineRoute } from '../http.ts'

/** One login, however often its token was renewed. */
export const SessionView = z.object({
  id: z.string(),
  userAgent: z.string().nullable(),
  ip: z.string().nullable(),
  startedAt: z.string(),
  lastUsedAt: z.string(),
  isCurrent: z.boolean(),
})
export type SessionView = z.infer<typeof SessionView>

export const listSessions = defineRoute({
  method: 'GET',
  path: '/api/auth/sessions',
  policy: 'user',
  summary: 'Where the user is signed in, this session first.',
  response: z.array(SessionView),
})

export const revokeSession = defineRoute({
  method: 'DELETE',
  path: '/api/auth/sessions/:id',
  policy: 'user',
  summary: 'End one session.',
  params: z.object({ id: z.uuid() }),
  response: z.object({}),
  errors: ['NOT_FOUND'],
})

export const revokeOtherSessions = defineRoute({
  method: 'DELETE',
  path: '/api/auth/sessions',
  policy: 'user',
  summary: 'End every session but this one.',
  response: z.object({ ended: z.number().int() }),
})
