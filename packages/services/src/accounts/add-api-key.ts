import { createHash } from 'node:crypto'
import { AppError, EXCHANGE_NAMES, type KeyExchange } from '@matic/contracts'
import type { Transaction } from '@matic/db'
import { createSealer } from '@matic/platform'
import { queueMail } from '../mail/queue-mail.ts'
import { insertAccount } from './insert-account.ts'
import { exchangeKeyBinding, maskApiKey, type SealedCredentials } from './key-binding.ts'
import { newestSealingKey } from './newest-sealing-key.ts'
import { requestCheck, type AskingContext, type CheckedApiKey } from './request-check.ts'

export interface AddApiKey {
  readonly userId: string
  readonly exchange: KeyExchange
  readonly environment: 'DEMO' | 'LIVE'
  readonly label: string | undefined
  readonly apiKey: string
  readonly secretKey: string
  readonly passphrase: string | undefined
  readonly ip: string | null
}

const KEY_LOCK = 7_303

/**
 * Seals the key with the public key, stores it and has a worker check it. From here on no process but a worker can read it.
 * @throws AppError TWO_STEP_NEEDED for a live key of somebody without two-step sign-in; ACCOUNT_EXISTS, ACCOUNT_LIMIT; EXCHANGE_UNAVAILABLE before the first worker has ever started
 */
export async function addApiKey({ ctx, input }: { ctx: AskingContext; input: AddApiKey }): Promise<CheckedApiKey> {
  const { userId, exchange, environment, apiKey } = input
  const accountId = ctx.newId()
  const credentials: SealedCredentials = {
    apiKey,
    secret: input.secretKey,
    ...(input.passphrase === undefined ? {} : { passphrase: input.passphrase }),
  }
  const keyFingerprint = createHash('sha256').update(`${exchange} ${environment} ${apiKey}`).digest()

  return requestCheck({
    ctx,
    input: { userId, accountId },
    before: async (tx) => {
      if (environment === 'LIVE') await refuseWithoutTwoStep(tx, userId)
      await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [KEY_LOCK, keyFingerprint.toString('hex')])
      const known = await tx.query('SELECT 1 FROM account WHERE key_fingerprint = $1 AND deleted_at IS NULL', [keyFingerprint])
      if (known.length > 0) throw new AppError('ACCOUNT_EXISTS', 'This key is connected already')
      const key = await newestSealingKey(tx, { held: true })
      if (!key) throw new AppError('EXCHANGE_UNAVAILABLE', 'No worker has started yet, so keys cannot be sealed. Try again in a moment.')
      const sealed = await createSealer(key).seal(JSON.stringify(credentials), exchangeKeyBinding({ accountId, userId }))
      const label = input.label ?? `${EXCHANGE_NAMES[exchange]} ${environment === 'DEMO' ? 'demo' : 'live'}`
      const factIds = await insertAccount(tx, ctx, {
        id: accountId,
        userId,
        exchange,
        environment,
        label,
        maskedApiKey: maskApiKey(apiKey),
        keyFingerprint,
        openingDeposit: null,
        ip: input.ip,
      })
      await tx.query('INSERT INTO exchange_key (account_id, user_id, sealing_key_id, sealed) VALUES ($1, $2, $3, $4)', [
        accountId,
        userId,
        key.id,
        Buffer.from(sealed, 'utf8'),
      ])
      await queueMail(tx, ctx, {
        userId,
        make: (name, at) => ({ template: 'key-added', params: { name, at, exchange: EXCHANGE_NAMES[exchange], environment, label } }),
      })
      return factIds
    },
  })
}

/** Real money takes more than a password. */
async function refuseWithoutTwoStep(tx: Transaction, userId: string): Promise<void> {
  const [row] = await tx.query('SELECT 1 FROM totp WHERE user_id = $1 AND confirmed_at IS NOT NULL', [userId])
  if (!row) throw new AppError('TWO_STEP_NEEDED', 'A live key needs two-step sign-in. Switch it on first.')
}
