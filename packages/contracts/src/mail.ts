import { z } from 'zod'

/** What our mails say: a code with parameters, put into words where it is sent. */
export const MailContent = z.discriminatedUnion('template', [
  z.object({ template: z.literal('verify-email'), params: z.object({ name: z.string(), code: z.string(), minutes: z.number() }) }),
  z.object({ template: z.literal('reset-password'), params: z.object({ name: z.string(), token: z.string(), minutes: z.number() }) }),
  z.object({ template: z.literal('password-changed'), params: z.object({ name: z.string(), at: z.string() }) }),
  z.object({ template: z.literal('two-step-changed'), params: z.object({ name: z.string(), at: z.string(), enabled: z.boolean() }) }),
])
export type MailContent = z.infer<typeof MailContent>
