import { hash } from 'node:crypto'
import type { Queryable } from '@matic/db'
import { maskApiKey } from '../accounts/key-binding.ts'

/**
 * Tells whether a word is a webhook token or an exchange's API key of this person. Neither is stored: tokens are known by their hash, keys by
 * how their ends look.
 */
export async function knownSecrets({ db, input }: { db: Queryable; input: { userId: string } }): Promise<(word: string) => boolean> {
  const [webhooks, accounts] = await Promise.all([
    db.query<{ tokenHash: Buffer; previous: Buffer | null }>(
      'SELECT token_hash AS "tokenHash", previous_token_hash AS previous FROM webhook WHERE user_id = $1',
      [input.userId],
    ),
    db.query<{ masked: string }>('SELECT masked_api_key AS masked FROM account WHERE user_id = $1 AND masked_api_key IS NOT NULL', [
      input.userId,
    ]),
  ])
  const tokens = new Set(
    webhooks.flatMap(({ tokenHash, previous }) => [tokenHash, previous]).flatMap((digest) => digest?.toString('hex') ?? []),
  )
  const keys = new Set(accounts.map(({ masked }) => masked))
  return (word) => (word.length >= 12 && keys.has(maskApiKey(word))) || (word.length >= 20 && tokens.has(hash('sha256', word)))
}
