import { z } from 'zod'

/** refuse: the account does not trade like this. warn: it does, and its owner should change something. info: worth knowing. */
export const FindingSeverity = z.enum(['refuse', 'warn', 'info'])
export type FindingSeverity = z.infer<typeof FindingSeverity>

interface Finding {
  readonly severity: FindingSeverity
  /** What was found; {name} is filled from the parameters. */
  readonly text: string
  /** What to do about it; empty where nothing needs doing. */
  readonly fix: string
}

/** What the account doctor can find. Closed list, the gravest first. */
export const FINDINGS = {
  // the exchange does not take the key
  KEY_UNKNOWN: {
    severity: 'refuse',
    text: '{exchange} does not know this API key ({code}).',
    fix: 'Copy the key again, without spaces, or make a new one. A key made for demo trading works in demo only, and a live one in live only.',
  },
  KEY_OR_IP_OR_PERMISSION: {
    severity: 'refuse',
    text: '{exchange} refused the key ({code}). It says the same for a wrong key, a wrong address and a missing permission.',
    fix: 'Check three things at {exchange}: the key still exists and was made for this environment, its IP list holds the address of this server, and futures are enabled. If all three are right, make a new key.',
  },
  SECRET_WRONG: {
    severity: 'refuse',
    text: 'The secret does not belong to this API key ({code}).',
    fix: 'The exchange shows a secret once. If it is lost, make a new key and enter both parts again.',
  },
  PASSPHRASE_WRONG: {
    severity: 'refuse',
    text: 'The passphrase is not the one this key was made with ({code}).',
    fix: 'Enter the passphrase you chose when you made the key; it is not your login password. If it is lost, make a new key.',
  },
  IP_NOT_ALLOWED: {
    severity: 'refuse',
    text: 'The key does not accept requests from this server’s address ({code}).',
    fix: 'Add the address of this server to the IP list of the key at {exchange}.',
  },
  ENVIRONMENT_WRONG: {
    severity: 'refuse',
    text: 'The key belongs to the other environment ({code}).',
    fix: 'Demo and live keys are made apart. Delete this account and add it again with the right one chosen.',
  },
  PERMISSION_MISSING: {
    severity: 'refuse',
    text: 'The key lacks a permission that is needed ({code}).',
    fix: 'Edit the key at {exchange}: switch on reading and futures trading, leave withdrawals and transfers off.',
  },
  KEY_EXPIRED: {
    severity: 'refuse',
    text: 'The key has expired.',
    fix: 'Make a new key at {exchange} and add it here. A key bound to an IP address does not expire.',
  },
  KEY_REFUSED: {
    severity: 'refuse',
    text: '{exchange} refused the key: {text} ({code}).',
    fix: 'Check the key at {exchange}; if it looks right there, make a new one.',
  },
  // the account is here already
  SAME_ACCOUNT: {
    severity: 'refuse',
    text: 'This {exchange} account is connected already, as “{label}”, with another key.',
    fix: 'Two connections would trade it against each other. Delete this one; or delete “{label}” and check this one again.',
  },
  SAME_ACCOUNT_ELSEWHERE: {
    severity: 'refuse',
    text: 'This {exchange} account is connected already, by another user of this server.',
    fix: 'Two connections would trade it against each other. Delete the other one first, or make a sub-account at {exchange} and connect that.',
  },

  // the key may do more than it should, or less
  WITHDRAWAL_ALLOWED: {
    severity: 'refuse',
    text: 'The key may withdraw money.',
    fix: 'Edit the key at {exchange} and switch withdrawals off. Matic Trade never needs them, and whoever got hold of the key could empty the account.',
  },
  TRANSFER_ALLOWED: {
    severity: 'refuse',
    text: 'The key may move money between accounts.',
    fix: 'Edit the key at {exchange} and switch transfers off. Matic Trade never needs them.',
  },
  TRADING_NOT_ALLOWED: {
    severity: 'refuse',
    text: 'The key can read, but not trade.',
    fix: 'Edit the key at {exchange} and allow trading.',
  },
  FUTURES_NOT_ALLOWED: {
    severity: 'refuse',
    text: 'The key may not trade futures.',
    fix: 'Open the futures account at {exchange} first, then edit the key and enable futures. Binance keys made before the futures account was opened never get the right: make a new one.',
  },
  ACCOUNT_MODE_SPOT: {
    severity: 'refuse',
    text: 'The account at {exchange} is in spot mode and cannot hold futures.',
    fix: 'At {exchange}, change the account mode to futures (single-currency margin) and check again.',
  },
  CLOCK_OFF: {
    severity: 'warn',
    text: 'This server’s clock differs from the exchange’s by {offsetMs} ms.',
    fix: 'Let the server set its clock from the network (NTP). Orders are signed with the time, and a wrong one is refused.',
  },
  // it works, and could be safer
  NO_IP_RULE: {
    severity: 'warn',
    text: 'The key works from any address.',
    fix: 'Bind it to the address of this server at {exchange}. A stolen key is then worth nothing elsewhere.',
  },
  KEY_EXPIRES_SOON: {
    severity: 'warn',
    text: 'The key expires in {days} days.',
    fix: 'Make a new key at {exchange} before that, or bind this one to an IP address, which takes the expiry away at most exchanges.',
  },
  MARGIN_MODE_FIXED: {
    severity: 'warn',
    text: 'The account holds all positions in {marginMode} margin; the rules ask for {wanted}.',
    fix: 'Change the margin mode of the account at {exchange}, or the margin mode in your rules.',
  },
  HEDGE_MODE: {
    severity: 'info',
    text: 'The account is in hedge mode: a long and a short of the same market stand side by side.',
    fix: 'Nothing to do: orders carry their side. For one net position a market, change to one-way mode at {exchange} while nothing is open.',
  },
  POSITIONS_FOUND: {
    severity: 'info',
    text: '{count} positions are open in this account already.',
    fix: 'They are left alone. Close them yourself if they are not meant to stay.',
  },
  NO_FUNDS: {
    severity: 'info',
    text: 'The futures wallet is empty.',
    fix: 'Move some USDT into the futures wallet at {exchange} before the first order.',
  },
  PERMISSIONS_UNKNOWN: {
    severity: 'info',
    text: '{exchange} does not tell what a {environment} key may do.',
    fix: '',
  },
  VENUE_NOT_CERTIFIED: {
    severity: 'info',
    text: 'Trading on {exchange} is not enabled yet. The key is kept sealed, and balance and checks stay up to date.',
    fix: '',
  },
  KEY_UNREADABLE: {
    severity: 'warn',
    text: 'The stored key cannot be opened on this server, so nothing can be asked or sent.',
    fix: 'Whoever runs this server has to bring back the ENCRYPTION_KEY that the key was sealed with. If it is lost, delete the account and connect it again.',
  },
  EXCHANGE_SILENT: {
    severity: 'warn',
    text: '{exchange} could not be asked ({code}).',
    fix: 'Nothing was changed. The check is repeated by itself; you can also start it again in a minute.',
  },
} as const satisfies Record<string, Finding>

export type FindingCode = keyof typeof FINDINGS
const CODES = Object.keys(FINDINGS)

export const AccountFinding = z.object({
  code: z.custom<FindingCode>((value) => typeof value === 'string' && CODES.includes(value)),
  severity: FindingSeverity,
  params: z.record(z.string(), z.union([z.string(), z.number()])),
})
export type AccountFinding = z.infer<typeof AccountFinding>

/** What was found and what to do about it, in words. */
export function findingWords({ code, params }: Pick<AccountFinding, 'code' | 'params'>): { text: string; fix: string } {
  const fill = (sentence: string) => sentence.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole))
  const { text, fix } = FINDINGS[code]
  return { text: fill(text), fix: fill(fix) }
}

/** What a key may do and its account is set to, as the exchange tells it; null is not told. */
export const AccountProbe = z.object({
  permissions: z.object({
    read: z.boolean().nullable(),
    trade: z.boolean().nullable(),
    futures: z.boolean().nullable(),
    withdraw: z.boolean().nullable(),
    transfer: z.boolean().nullable(),
  }),
  ipRestricted: z.boolean().nullable(),
  ipAddresses: z.array(z.string()),
  /** Epoch ms; null: never, or not told. */
  expiresAtMs: z.number().nullable(),
  positionMode: z.enum(['ONE_WAY', 'HEDGE']).nullable(),
  /** Of the whole account, where it has one. */
  marginMode: z.enum(['cross', 'isolated', 'portfolio', 'per-symbol']).nullable(),
  /** False where the account is in a mode without futures. */
  holdsFutures: z.boolean().nullable(),
  /** Exchange clock minus ours. */
  clockOffsetMs: z.number().nullable(),
  openPositions: z.number().int().nullable(),
  /** Quote currency. */
  equity: z.string().nullable(),
})
export type AccountProbe = z.infer<typeof AccountProbe>
