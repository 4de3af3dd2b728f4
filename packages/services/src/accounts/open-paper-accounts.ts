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

const BATCH = 20
const DEFAULT_DEPOSIT_USDT = '10000'

/** Opens paper accounts at the venue and seals the keys it gives. Dying in between costs nothing: the same account answers again. */
export async function openPaperAccounts({ ctx, bank }: { ctx: ServiceContext; bank: PaperBank }): Promise<number> {
  const opening = await ctx.db.query<{ id: string; userId: string; deposit: string | null }>(
    `SELECT id, user_id AS "userId", opening_deposit AS deposit FROM account WHERE key_status = 'OPENING' AND exchange = 'PAPER' AND is_active AND deleted_at IS NULL ORDER BY created_at LIMIT $1`,
    [BATCH],
  )
  if (opening.length === 0) return 0
  const key = await newestSealingKey(ctx.db)
  if (!key) return 0
  const sealer = createSealer(key)

  for (const account of opening) {
    const depositUsdt = new Decimal(account.deposit ?? DEFAULT_DEPOSIT_USDT).toFixed()
    const credentials = await bank.openAccount({ ref: account.id, depositUsdt })
    const sealed = await sealer.seal(JSON.stringify(credentials), exchangeKeyBinding({ accountId: account.id, userId: account.userId }))
    const ids = await ctx.db.transaction(async (tx) => {
      const opened = await tx.query(
        `UPDATE account SET key_status = 'VALID', masked_api_key = $2 WHERE id = $1 AND key_status = 'OPENING' RETURNING id`,
        [account.id, maskApiKey(credentials.apiKey)],
      )
      if (opened.length === 0) return []
      await tx.query(
        `INSERT INTO exchange_key (account_id, user_id, sealing_key_id, sealed) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_id) DO UPDATE SET sealing_key_id = excluded.sealing_key_id, sealed = excluded.sealed`,
        [account.id, account.userId, key.id, Buffer.from(sealed, 'utf8')],
      )
      await tx.query(`INSERT INTO lane (account_id) VALUES ($1) ON CONFLICT (account_id) DO UPDATE SET reconcile_at = clock_timestamp()`, [
        account.id,
      ])
      return recordFacts(tx, [
        { userId: account.userId, kind: 'account-changed', entity: 'account', entityId: account.id, payload: { keyStatus: 'VALID' } },
      ])
    })
    if (ids.length > 0) ctx.bus.publish('facts', { ids })
  }
  return opening.length
}
