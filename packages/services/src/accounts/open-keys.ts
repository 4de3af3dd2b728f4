import type { Db } from '@matic/db'
import type { AccountHandle } from '@matic/exchange/port'
import type { Clock, Secret } from '@matic/platform'
import { createOpener } from '@matic/platform/unsealing'
import type { Opener } from '@matic/platform/unsealing'
import { sealedKeyId } from '@matic/platform'
import { createBatcher } from '../execution/batcher.ts'
import type { AccountKeys } from '../execution/context.ts'
import { exchangeKeyBinding, SealedCredentials } from './key-binding.ts'
import { loadSealingKeys } from './sealing-keys.ts'

const KEPT_MS = 5 * 60_000
const KEPT_MAX = 5_000

/** Keys read in one statement, when many are asked for at once. */
const BATCH = 250

interface Stored {
  readonly sealed: string
  readonly userId: string
  readonly positionMode: 'ONE_WAY' | 'HEDGE'
}

interface Kept {
  readonly handle: AccountHandle
  readonly openedAtMs: number
}

/** Opens exchange keys when they are needed and keeps the last ones for a few minutes, in memory only. */
export function createAccountKeys({ db, clock, encryptionKey }: { db: Db; clock: Clock; encryptionKey: Secret<Uint8Array> }): AccountKeys {
  const kept = new Map<string, Kept>()
  let opener: { readonly ids: ReadonlySet<string>; readonly opener: Opener; readonly loadedAtMs: number } | undefined

  /** A key sealed under a pair made since we last looked makes us look again; a destroyed pair leaves our memory after a while. */
  async function openerFor(keyId: string): Promise<Opener> {
    const isOld = opener === undefined || clock.monotonic() - opener.loadedAtMs >= KEPT_MS
    if (!opener?.ids.has(keyId) || isOld) {
      const keys = await loadSealingKeys(db)
      opener = { ids: new Set(keys.map((key) => key.id)), opener: createOpener(keys, encryptionKey), loadedAtMs: clock.monotonic() }
    }
    return opener.opener
  }

  const reader = createBatcher<string, Stored | null>(BATCH, async (accountIds) => {
    const rows = await db.query<{ accountId: string; sealed: Buffer; userId: string; positionMode: 'ONE_WAY' | 'HEDGE' }>(
      `SELECT k.account_id AS "accountId", k.sealed, k.user_id AS "userId", a.position_mode AS "positionMode" FROM exchange_key k JOIN account a ON a.id = k.account_id
        WHERE k.account_id = ANY($1::uuid[])`,
      [accountIds],
    )
    const found = new Map(rows.map(({ accountId, ...row }) => [accountId, { ...row, sealed: row.sealed.toString('utf8') }]))
    return accountIds.map((accountId) => found.get(accountId) ?? null)
  })

  /** @returns `undefined` when it was sealed anew, and the old pair destroyed, between our reading the two */
  async function unseal(accountId: string, { sealed, userId }: Stored): Promise<string | undefined> {
    const keyId = sealedKeyId(sealed)
    if (!keyId) return undefined
    const found = await openerFor(keyId)
    return opener?.ids.has(keyId) ? found.open(sealed, exchangeKeyBinding({ accountId, userId })) : undefined
  }

  return {
    async open(accountId) {
      const known = kept.get(accountId)
      if (known && clock.monotonic() - known.openedAtMs < KEPT_MS) return known.handle
      let row = await reader.add(accountId)
      if (!row) return undefined
      let plaintext = await unseal(accountId, row)
      if (plaintext === undefined) {
        row = await reader.add(accountId)
        if (!row) return undefined
        plaintext = await unseal(accountId, row)
      }
      if (plaintext === undefined) return undefined
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
