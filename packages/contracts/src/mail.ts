import { z } from 'zod'
import { isActivityCode, type ActivityCode } from './activity.ts'

const Named = z.object({ name: z.string(), at: z.string() })

/** What our mails say: a code with parameters, put into words where it is sent. */
export const MailContent = z.discriminatedUnion('template', [
  z.object({ template: z.literal('verify-email'), params: z.object({ name: z.string(), code: z.string(), minutes: z.number() }) }),
  z.object({ template: z.literal('reset-password'), params: z.object({ name: z.string(), token: z.string(), minutes: z.number() }) }),
  z.object({ template: z.literal('password-changed'), params: Named }),
  z.object({ template: z.literal('two-step-changed'), params: Named.extend({ enabled: z.boolean() }) }),
  z.object({ template: z.literal('recovery-codes-renewed'), params: Named }),
  z.object({ template: z.literal('new-device'), params: Named.extend({ device: z.string().nullable(), ip: z.string() }) }),
  z.object({ template: z.literal('session-stolen'), params: Named }),
  z.object({
    template: z.literal('key-added'),
    params: Named.extend({ exchange: z.string(), environment: z.string(), label: z.string() }),
  }),
  z.object({ template: z.literal('webhook-rotated'), params: Named }),
  /** What became of a follow by itself: the line of the activity log. */
  z.object({
    template: z.literal('follow-news'),
    params: Named.extend({
      followId: z.string(),
      strategy: z.string(),
      code: z.custom<ActivityCode>(isActivityCode),
      numbers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    }),
  }),
])
export type MailContent = z.infer<typeof MailContent>
