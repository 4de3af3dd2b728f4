import { EXCHANGE_NAMES, type AccountProbe } from '@matic/contracts'
import type { NewFact, Transaction } from '@matic/db'
import { findingOfRefusal } from '@matic/domain'
import type { ExchangeFailure } from '@matic/exchange/port'

/** Nothing told yet. */
export const UNKNOWN_PROBE: AccountProbe = {
  permissions: { read: null, trade: null, futures: null, withdraw: null, transfer: null },
  ipRestricted: null,
  ipAddresses: [],
  expiresAtMs: null,
  positionMode: null,
  marginMode: null,
  holdsFutures: null,
  clockOffsetMs: null,
  openPositions: null,
  equity: null,
}

interface Account {
  readonly accountId: string
  readonly userId: string
  readonly exchange: string
}

/** The exchange no longer takes the key: the account is frozen, and its page says why, in the exchange's code and in words. Told once. */
export async function noteRefusedKey(
  tx: Transaction,
  { accountId, userId, exchange }: Account,
  { code, text }: Pick<ExchangeFailure, 'code' | 'text'>,
): Promise<NewFact[]> {
  const frozen = await tx.query(
    `UPDATE account SET key_status = 'INVALID' WHERE id = $1 AND key_status <> 'INVALID' AND deleted_at IS NULL RETURNING id`,
    [accountId],
  )
  if (frozen.length === 0) return []
  const exchangeName = Object.entries(EXCHANGE_NAMES).find(([name]) => name === exchange)?.[1] ?? exchange
  const finding = findingOfRefusal({ exchange, exchangeName, code, text })
  await tx.query(
    `INSERT INTO account_check (account_id, user_id, checked_at, probe, findings) VALUES ($1, $2, clock_timestamp(), $3, $4)
     ON CONFLICT (account_id) DO UPDATE SET checked_at = excluded.checked_at, findings = excluded.findings`,
    [accountId, userId, JSON.stringify(UNKNOWN_PROBE), JSON.stringify([finding])],
  )
  return [{ userId, kind: 'account-changed', entity: 'account', entityId: accountId, payload: { keyStatus: 'INVALID', code } }]
}
