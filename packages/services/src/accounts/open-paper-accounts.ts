import { recordFacts } from '@matic/db'
import { createSealer } from '@matic/platform'
import { Decimal } from 'decimal.js'
import type { ServiceContext } from '../context.ts'
import { exchangeKeyBinding, maskApiKey } from './key-binding.ts'
import type { SealedCredentials } from './key-binding.ts'
import { newestSealingKey } from './newest-sealing-key.ts'

/** The paper venue's administration. */
export interface PaperBank {
  /** Opens and funds an account; the same ref answers with the same account and its keys, and is funded once. */
  openAccount(account: { ref: string; depositUsdt: string }): Promise<SealedCredentials>
}

/** Opened in one round. */
export const PAPER_ACCOUNTS_AT_ONCE = 50
const DEFAULT_DEPOSIT_USDT = '10000'

interface OpeningAccount {
  readonly id: string
  readonly userId: string
  readonly deposit: string | null
}

/** Opens paper accounts at the venue and seals the keys it gives. Dying in between costs nothing: the same account answers again. */
export async function openPaperAccounts({ ctx, bank }: { ctx: ServiceContext; bank: PaperBank }): Promise<number> {
  // In no order: one that the venue refuses each time stands before nobody else.
  const opening = await ctx.db.query<OpeningAccount>(
    `SELECT id, user_id AS "userId", opening_deposit AS deposit FROM account WHERE key_status = 'OPENING' AND exchange = 'PAPER' AND is_active AND deleted_at IS NULL ORDER BY random() LIMIT $1`,
    [PAPER_ACCOUNTS_AT_ONCE],
  )
  if (opening.length === 0) return 0
  const key = await newestSealingKey(ctx.db)
  if (!key) return 0
  const sealer = createSealer(key)

  const results = await Promise.allSettled(
    opening.map(async ({ id, userId, deposit }) => {
      const credentials = await bank.openAccount({ ref: id, depositUsdt: new Decimal(deposit ?? DEFAULT_DEPOSIT_USDT).toFixed() })
      const sealed = await sealer.seal(JSON.stringify(credentials), exchangeKeyBinding({ accountId: id, userId }))
      return { id, sealed, masked: maskApiKey(credentials.apiKey) }
    }),
  )
  const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (opened.length > 0) await storeOpened(ctx, opened, key.id)
  if (failed) throw failed.reason
  return opened.length
}

async function storeOpened(
  ctx: ServiceContext,
  opened: readonly { id: string; sealed: string; masked: string }[],
  sealingKeyId: string,
): Promise<void> {
  const ids = await ctx.db.transaction(async (tx) => {
    const valid = await tx.query<{ id: string; userId: string }>(
      `UPDATE account a SET key_status = 'VALID', masked_api_key = x.m FROM unnest($1::uuid[], $2::text[]) AS x(id, m)
        WHERE a.id = x.id AND a.key_status = 'OPENING' RETURNING a.id, a.user_id AS "userId"`,
      [opened.map(({ id }) => id), opened.map(({ masked }) => masked)],
    )
    if (valid.length === 0) return []
    const sealedOf = new Map(opened.map(({ id, sealed }) => [id, Buffer.from(sealed, 'utf8')]))
    await tx.query(
      `INSERT INTO exchange_key (account_id, user_id, sealing_key_id, sealed) SELECT a, u, $3, s FROM unnest($1::uuid[], $2::uuid[], $4::bytea[]) AS x(a, u, s)
       ON CONFLICT (account_id) DO UPDATE SET sealing_key_id = excluded.sealing_key_id, sealed = excluded.sealed`,
      [valid.map(({ id }) => id), valid.map(({ userId }) => userId), sealingKeyId, valid.map(({ id }) => sealedOf.get(id))],
    )
    await tx.query(
      `INSERT INTO lane (account_id) SELECT a FROM unnest($1::uuid[]) AS a ORDER BY a ON CONFLICT (account_id) DO UPDATE SET reconcile_at = clock_timestamp()`,
      [valid.map(({ id }) => id)],
    )
    return recordFacts(
      tx,
      valid.map(({ id, userId }) => ({
        userId,
        kind: 'account-changed' as const,
        entity: 'account',
        entityId: id,
        payload: { keyStatus: 'VALID' },
      })),
    )
  })
  if (ids.length > 0) ctx.bus.publish('facts', { ids })
}
