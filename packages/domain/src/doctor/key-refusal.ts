import { FINDINGS, type AccountFinding, type FindingCode } from '@matic/contracts'

const BINANCE: Readonly<Record<string, FindingCode>> = {
  '-2015': 'KEY_OR_IP_OR_PERMISSION',
  '-2014': 'KEY_UNKNOWN',
  '-2008': 'KEY_UNKNOWN',
  '-1022': 'SECRET_WRONG',
  '-1002': 'PERMISSION_MISSING',
}

/** What each exchange's refusals of a key mean. Codes as of CCXT 4.5.84 and the exchanges' error pages. */
const REFUSALS: Readonly<Record<string, Readonly<Record<string, FindingCode>>>> = {
  PAPER: BINANCE,
  BINANCE,
  OKX: {
    '50101': 'ENVIRONMENT_WRONG',
    '50105': 'PASSPHRASE_WRONG',
    '50110': 'IP_NOT_ALLOWED',
    '50111': 'KEY_UNKNOWN',
    '50113': 'SECRET_WRONG',
    '50114': 'PERMISSION_MISSING',
    '50119': 'KEY_UNKNOWN',
    '50120': 'PERMISSION_MISSING',
  },
  BITGET: {
    '40006': 'KEY_UNKNOWN',
    '40009': 'SECRET_WRONG',
    '40010': 'SECRET_WRONG',
    '40011': 'PASSPHRASE_WRONG',
    '40012': 'PASSPHRASE_WRONG',
    '40014': 'PERMISSION_MISSING',
    '40018': 'IP_NOT_ALLOWED',
    '40037': 'KEY_UNKNOWN',
    '40038': 'IP_NOT_ALLOWED',
    '40099': 'ENVIRONMENT_WRONG',
  },
  BYBIT: {
    '10003': 'KEY_UNKNOWN',
    '10004': 'SECRET_WRONG',
    '10005': 'PERMISSION_MISSING',
    '10010': 'IP_NOT_ALLOWED',
    '33004': 'KEY_EXPIRED',
  },
}

export interface Refusal {
  readonly exchange: string
  readonly exchangeName: string
  /** The exchange's own code, such as -2015. */
  readonly code: string
  /** The exchange's own words, scrubbed. */
  readonly text: string
}

/** The finding for a key that the exchange does not take, with its code. */
export function findingOfRefusal({ exchange, exchangeName, code, text }: Refusal): AccountFinding {
  const finding = REFUSALS[exchange]?.[code] ?? 'KEY_REFUSED'
  return { code: finding, severity: FINDINGS[finding].severity, params: { exchange: exchangeName, code, text } }
}

/** Another key of the same exchange account is connected, by the same person under `label` or, without one, by somebody else. */
export function findingOfSameAccount({ exchangeName, label }: Pick<Refusal, 'exchangeName'> & { label: string | null }): AccountFinding {
  const code = label === null ? 'SAME_ACCOUNT_ELSEWHERE' : 'SAME_ACCOUNT'
  return { code, severity: FINDINGS[code].severity, params: { exchange: exchangeName, ...(label === null ? {} : { label }) } }
}

/** Sealed under a pair that this installation cannot open: says nothing about the key. */
export function findingOfUnreadable(): AccountFinding {
  return { code: 'KEY_UNREADABLE', severity: FINDINGS.KEY_UNREADABLE.severity, params: {} }
}

/** The exchange could not be asked: says nothing about the key. */
export function findingOfSilence({ exchangeName, code }: Pick<Refusal, 'exchangeName' | 'code'>): AccountFinding {
  return { code: 'EXCHANGE_SILENT', severity: FINDINGS.EXCHANGE_SILENT.severity, params: { exchange: exchangeName, code } }
}
