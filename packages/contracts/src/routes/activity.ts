import { z } from 'zod'
import { ACTIVITY, ACTIVITY_LEVELS, type ActivityCode } from '../activity.ts'
import { defineRoute, PageQuery } from '../http.ts'

const Level = z.enum(ACTIVITY_LEVELS)
const codes = Object.keys(ACTIVITY) as ActivityCode[]

/** A line of the activity log; the sentence is made of code and parameters where it is read. */
export const ActivityView = z.object({
  id: z.string(),
  at: z.string(),
  level: Level,
  code: z.enum(codes),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  /** The account it is about, by its name. */
  account: z.string().nullable(),
  entity: z.string(),
  entityId: z.string(),
})
export type ActivityView = z.infer<typeof ActivityView>

const ActivityFilter = z.object({
  level: Level.optional(),
  text: z.string().trim().min(1).max(200).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
})
export type ActivityFilter = z.infer<typeof ActivityFilter>

export const listActivity = defineRoute({
  method: 'GET',
  path: '/api/activity',
  policy: 'user',
  summary: 'What happened, newest first, since the log was last cleared.',
  query: ActivityFilter.extend(PageQuery.shape),
  response: z.array(ActivityView),
})

export const countActivity = defineRoute({
  method: 'GET',
  path: '/api/activity/counts',
  policy: 'user',
  summary: 'How many lines of each level there are since the log was last cleared.',
  response: z.record(Level, z.number().int()),
})

export const exportActivity = defineRoute({
  method: 'GET',
  path: '/api/activity/export',
  policy: 'user',
  produces: 'csv',
  summary: 'The same lines as CSV (RFC 4180), oldest first, at most 100,000.',
  query: ActivityFilter,
  response: z.string(),
})

export const addNote = defineRoute({
  method: 'POST',
  path: '/api/activity',
  policy: 'user',
  summary: 'Write a line of your own into the log.',
  body: z.strictObject({ level: Level.default('INFO'), text: z.string().trim().min(1).max(500) }),
  response: z.object({ added: z.boolean() }),
})

export const clearActivity = defineRoute({
  method: 'DELETE',
  path: '/api/activity',
  policy: 'user',
  summary: 'Hide every line so far from this user’s log. Nothing is deleted: traces and audits go on seeing it.',
  response: z.object({ cleared: z.number().int() }),
})
