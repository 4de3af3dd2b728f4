import { FINDINGS, type AccountFinding, type AccountProbe, type FindingCode, type KeyStatus } from '@matic/contracts'
import { Decimal } from 'decimal.js'

export interface Examined {
  /** For people: Binance, OKX … */
  readonly exchangeName: string
  readonly environment: 'PAPER' | 'DEMO' | 'LIVE'
  readonly certified: boolean
  readonly probe: AccountProbe
  /** Margin mode that the owner's rules ask for. */
  readonly wantedMarginMode: 'cross' | 'isolated'
  readonly nowMs: number
}

const DAY_MS = 86_400_000
const EXPIRES_SOON_DAYS = 14
/** Beyond this orders get refused; below it the signature's window covers it. */
const CLOCK_OFF_MS = 1_000

/** What is wrong, or worth knowing, about an account, the gravest first. Pure: time comes in. */
export function diagnose({ exchangeName, environment, certified, probe, wantedMarginMode, nowMs }: Examined): AccountFinding[] {
  const found: AccountFinding[] = []
  const note = (code: FindingCode, params: AccountFinding['params'] = {}) =>
    found.push({ code, severity: FINDINGS[code].severity, params: { exchange: exchangeName, ...params } })

  const { permissions } = probe
  if (permissions.withdraw === true) note('WITHDRAWAL_ALLOWED')
  if (permissions.transfer === true) note('TRANSFER_ALLOWED')
  if (permissions.trade === false) note('TRADING_NOT_ALLOWED')
  else if (permissions.futures === false) note('FUTURES_NOT_ALLOWED')
  if (probe.holdsFutures === false) note('ACCOUNT_MODE_SPOT')
  if (probe.expiresAtMs !== null && probe.expiresAtMs <= nowMs) note('KEY_EXPIRED')

  if (probe.clockOffsetMs !== null && Math.abs(probe.clockOffsetMs) > CLOCK_OFF_MS)
    note('CLOCK_OFF', { offsetMs: Math.round(probe.clockOffsetMs) })
  if (environment === 'LIVE' && probe.ipRestricted === false) note('NO_IP_RULE')
  const daysLeft = probe.expiresAtMs === null ? Infinity : Math.floor((probe.expiresAtMs - nowMs) / DAY_MS)
  if (daysLeft >= 0 && daysLeft <= EXPIRES_SOON_DAYS) note('KEY_EXPIRES_SOON', { days: daysLeft })
  if (probe.marginMode !== null && probe.marginMode !== 'per-symbol' && probe.marginMode !== wantedMarginMode)
    note('MARGIN_MODE_FIXED', { marginMode: probe.marginMode, wanted: wantedMarginMode })

  if (probe.positionMode === 'HEDGE') note('HEDGE_MODE')
  if (!certified && probe.openPositions !== null && probe.openPositions > 0) note('POSITIONS_FOUND', { count: probe.openPositions })
  if (probe.equity !== null && new Decimal(probe.equity).lte(0)) note('NO_FUNDS')
  if (environment !== 'PAPER' && permissions.withdraw === null) note('PERMISSIONS_UNKNOWN', { environment: environment.toLowerCase() })
  if (!certified) note('VENUE_NOT_CERTIFIED')
  return found
}

/** What the account may do from here on. A key that went bad while it traded still closes what it holds; one that never traded does nothing. */
export function keyStatusAfter(before: KeyStatus, findings: readonly AccountFinding[]): KeyStatus {
  if (!findings.some(({ severity }) => severity === 'refuse')) return 'VALID'
  return before === 'VALID' || before === 'FROZEN' ? 'FROZEN' : 'INVALID'
}
