import type { SealBinding } from '@matic/platform'
import { z } from 'zod'

/** What sealed exchange credentials belong to: they open for this account row of this user alone. */
export function exchangeKeyBinding({ accountId, userId }: { accountId: string; userId: string }): SealBinding {
  return { table: 'exchange_key', rowId: accountId, userId, field: 'sealed' }
}

/** The plaintext under the seal, as JSON. */
export const SealedCredentials = z.object({
  apiKey: z.string().min(1),
  secret: z.string().min(1),
  passphrase: z.string().min(1).optional(),
})
export type SealedCredentials = z.infer<typeof SealedCredentials>

/** abcd****wxyz: enough to recognise a key by, too little to use it. */
export function maskApiKey(apiKey: string): string {
  return apiKey.length < 12 ? '****' : `${apiKey.slice(0, 4)}****${apiKey.slice(-4)}`
}
