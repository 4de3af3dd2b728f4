import type { AccountProbe } from '@matic/contracts'
import { flag, rowOf, rowsOf, type Row } from './fields.ts'

/** sapi/v1/account/apiRestrictions: what the key may do. Binance does not tell which addresses a rule holds. */
export function presentRestrictions(answer: unknown): Pick<AccountProbe, 'permissions' | 'ipRestricted' | 'expiresAtMs'> {
  const row = rowOf(answer)
  return {
    permissions: {
      read: flag(row, 'enableReading'),
      trade: flag(row, 'enableFutures') || flag(row, 'enableSpotAndMarginTrading'),
      futures: flag(row, 'enableFutures'),
      withdraw: flag(row, 'enableWithdrawals'),
      transfer: flag(row, 'enableInternalTransfer') || flag(row, 'permitsUniversalTransfer'),
    },
    ipRestricted: flag(row, 'ipRestrict'),
    expiresAtMs: momentOf(row),
  }
}

/** Trading rights of a key that is not bound to an address end after some time. */
function momentOf(row: Row): number | null {
  const value = Number(row['tradingAuthorityExpirationTime'] ?? 0)
  return Number.isFinite(value) && value > 0 ? value : null
}

/**
 * fapi/v3/balance: every row carries the futures account's own code, the same for all of its keys.
 * @source developers.binance.com, USDⓈ-M futures, Futures Account Balance V3: "accountAlias: unique account code"
 */
export function accountAliasOf(answer: unknown): string | null {
  const alias = rowsOf(answer)[0]?.['accountAlias']
  return typeof alias === 'string' && alias !== '' ? alias : null
}

/** Demo and paper keys: nobody tells. */
export const RESTRICTIONS_UNKNOWN: Pick<AccountProbe, 'permissions' | 'ipRestricted' | 'expiresAtMs'> = {
  permissions: { read: null, trade: null, futures: null, withdraw: null, transfer: null },
  ipRestricted: null,
  expiresAtMs: null,
}
