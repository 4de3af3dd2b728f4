import type { Db } from '@matic/db'
import type { AccountHandle } from '@matic/exchange/port'
import type { Clock, Secret } from '@matic/platform'
import { createOpener } from '@matic/platform/unsealing'
import type { Opener } from '@matic/platform/unsealing'
import { sealedKeyId } from '@matic/platform'
import type { AccountKeys } from '../execution/context.ts'
import { exchangeKeyBinding, SealedCredentials } from './key-binding.ts'
import { loadSealingKeys } from './sealing-keys.ts'

const KEPT_MS = 5 * 60_000
const KEPT_MAX = 2_000

interface Kept {
  readonly handle: AccountHandle
  readonly openedAtMs: number
}

/** Opens exchange keys when they are needed and keeps the last ones for a few minutes, in memory only. */
export function createAccountKeys({ db, clock, encryptionKey }: { db: Db; clock: Clock; encryptionKey: Secret<Uint8Array> }): AccountKeys {
  const kept = new Map<string, Kept>()
  let opener: { readonly ids: ReadonlySet<string>; readonly opener: Opener } | undefined

  /** A key sealed under a pair made since we last looked makes us look again. */
  async function openerFor(keyId: string): Promise<Opener> {
    if (!opener?.ids.has(keyId)) {
      const keys = await loadSealingKeys(db)
      opener = { ids: new Set(keys.map((key) => key.id)), opener: createOpener(keys, encryptionKey) }
    }
    return opener.opener
  }

  return {
    async open(accountId) {
      const known = kept.get(accountId)
      if (known && clock.monotonic() - known.openedAtMs < KEPT_MS) return known.handle
      const rows = await db.query<{ sealed: Buffer; userId: string; positionMode: 'ONE_WAY' | 'HEDGE' }>(
        `SELECT k.sealed, k.user_id AS "userId", a.position_mode AS "positionMode" FROM exchange_key k JOIN account a ON a.id = k.account_id WHERE k.account_id = $1`,
        [accountId],
      )
      const row = rows[0]
      const sealed = row?.sealed.toString('utf8')
      const keyId = sealed && sealedKeyId(sealed)
      if (!row || !sealed || !keyId) return undefined

      const plaintext = await (await openerFor(keyId)).open(sealed, exchangeKeyBinding({ accountId, userId: row.userId }))
      const { passphrase, ...required } = SealedCredentials.parse(JSON.parse(plaintext))
      const credentials = passphrase === undefined ? required : { ...required, passphrase }
      const handle: AccountHandle = { accountId, credentials, positionMode: row.positionMode }
      kept.delete(accountId)
      kept.set(accountId, { handle, openedAtMs: clock.monotonic() })
      const oldest = kept.keys().next().value
      if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest)
      return handle
    },
    forget: (accountId) => void kept.delete(accountId),
  }
}
