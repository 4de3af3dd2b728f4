import { Decimal } from 'decimal.js'
import { z } from 'zod'
import { AccountFinding, AccountProbe } from '../account-findings.ts'
import { defineRoute } from '../http.ts'
import { DecimalInput } from '../units.ts'

/** Where orders may go: the conformance suite passes there. Elsewhere keys are kept and checked, and nothing is traded. */
export const CERTIFIED_EXCHANGES: readonly string[] = ['PAPER']

/** Exchanges that take keys, and the ones among them whose keys have a passphrase. */
export const KEY_EXCHANGES = ['BINANCE', 'OKX', 'BITGET', 'BYBIT'] as const
export type KeyExchange = (typeof KEY_EXCHANGES)[number]
/** As people call them. */
export const EXCHANGE_NAMES: Readonly<Record<'PAPER' | KeyExchange, string>> = {
  PAPER: 'Paper',
  BINANCE: 'Binance',
  OKX: 'OKX',
  BITGET: 'Bitget',
  BYBIT: 'Bybit',
}
export const NEEDS_PASSPHRASE: readonly KeyExchange[] = ['OKX', 'BITGET']

export const KeyStatus = z.enum(['OPENING', 'VALID', 'FROZEN', 'INVALID'])
export type KeyStatus = z.infer<typeof KeyStatus>

/** Several sources on one symbol of an account: all but the first are refused, or each holds a share of its own. */
export const SharedSymbols = z.enum(['refuse', 'net'])
export type SharedSymbols = z.infer<typeof SharedSymbols>

/** An account with its key as people may see it: the key masked, the secret never. */
export const ApiKeyView = z.object({
  id: z.string(),
  exchange: z.enum(['PAPER', ...KEY_EXCHANGES]),
  environment: z.enum(['PAPER', 'DEMO', 'LIVE']),
  label: z.string(),
  /** abcd****wxyz */
  apiKey: z.string().nullable(),
  isActive: z.boolean(),
  /** The exchange takes the key and it may do what it has to. */
  isValid: z.boolean(),
  /** OPENING: not checked yet. FROZEN: closes go on, nothing opens. */
  status: KeyStatus,
  positionMode: z.enum(['ONE_WAY', 'HEDGE']),
  sharedSymbols: SharedSymbols,
  createdAt: z.string(),
  check: AccountProbe.omit({ positionMode: true, expiresAtMs: true })
    .extend({ checkedAt: z.string(), expiresAt: z.string().nullable(), findings: z.array(AccountFinding) })
    .nullable(),
})
export type ApiKeyView = z.infer<typeof ApiKeyView>

/** With the check under way, while there is one that did not end within 5 s. */
const Checked = ApiKeyView.extend({ requestId: z.string().nullable() })

const Label = z.string().trim().min(1, 'Give it a name').max(40)
const KeyText = z
  .string()
  .trim()
  .min(8, 'Too short')
  .max(4_096)
  .regex(/^[\x21-\x7E\s]+$/, 'Has characters that no key has')
/** Play money, but it is added up with that of others: what nobody has is nothing to try with. */
const PaperDeposit = DecimalInput.refine((text) => {
  const deposit = new Decimal(text)
  return deposit.gte(10) && deposit.lte(10_000_000) && deposit.decimalPlaces() <= 8
}, 'From 10 to 10,000,000, with at most eight decimals')
const ById = z.object({ id: z.uuid() })

export const listApiKeys = defineRoute({
  method: 'GET',
  path: '/api/exchange/api-keys',
  policy: 'user',
  summary: 'Exchange accounts with their masked keys, what the last check found, and how many there are.',
  response: z.array(ApiKeyView),
})

export const addPaperAccount = defineRoute({
  method: 'POST',
  path: '/api/exchange/paper-accounts',
  policy: 'user',
  summary: 'Open a paper account; it is funded at the paper venue within moments and trades at once.',
  body: z.strictObject({ label: Label.optional(), depositUsdt: PaperDeposit.optional() }).optional(),
  response: Checked,
  errors: ['ACCOUNT_LIMIT'],
})

export const addApiKey = defineRoute({
  method: 'POST',
  path: '/api/exchange/api-keys',
  policy: 'user',
  stepUp: true,
  summary:
    'Connect an exchange account. The key is sealed at once and checked by a worker: 200 with what was found, 202 when that takes longer than 5 s. A live key needs two-step sign-in first.',
  body: z
    .strictObject({
      exchange: z.preprocess((name) => (typeof name === 'string' ? name.toUpperCase() : name), z.enum(KEY_EXCHANGES)),
      environment: z.preprocess((name) => (typeof name === 'string' ? name.toUpperCase() : name), z.enum(['DEMO', 'LIVE'])).default('DEMO'),
      label: Label.optional(),
      apiKey: KeyText,
      secretKey: KeyText,
      passphrase: z.string().min(1).max(200).optional(),
    })
    .superRefine(({ exchange, passphrase }, context) => {
      if (NEEDS_PASSPHRASE.includes(exchange) && passphrase === undefined)
        context.addIssue({ code: 'custom', path: ['passphrase'], message: `${exchange} keys have a passphrase` })
    }),
  response: Checked,
  errors: ['ACCOUNT_EXISTS', 'ACCOUNT_LIMIT', 'EXCHANGE_UNAVAILABLE', 'TWO_STEP_NEEDED'],
})

export const validateApiKey = defineRoute({
  method: 'POST',
  path: '/api/exchange/api-keys/:id/validate',
  policy: 'user',
  summary: 'Check a key now: 200 with what was found, 202 when that takes longer than 5 s.',
  params: ById,
  response: Checked,
  errors: ['ACCOUNT_NOT_FOUND'],
})

export const toggleApiKey = defineRoute({
  method: 'POST',
  path: '/api/exchange/api-keys/:id/toggle',
  policy: 'user',
  summary: 'Switch an account on or off. Off: nothing opens, closes and protection go on.',
  params: ById,
  body: z.strictObject({ active: z.boolean() }),
  response: ApiKeyView,
  errors: ['ACCOUNT_NOT_FOUND'],
})

export const shareSymbols = defineRoute({
  method: 'POST',
  path: '/api/exchange/api-keys/:id/sharing',
  policy: 'user',
  summary:
    'Whether several sources may hold one symbol of this account: `refuse` lets the first alone, `net` gives each a share with a stop of its own. Only while nothing is open.',
  params: ById,
  body: z.strictObject({ sharedSymbols: SharedSymbols }),
  response: ApiKeyView,
  errors: ['ACCOUNT_NOT_FOUND', 'ACCOUNT_IN_USE'],
})

export const renameApiKey = defineRoute({
  method: 'PATCH',
  path: '/api/exchange/api-keys/:id',
  policy: 'user',
  summary: 'Rename an account.',
  params: ById,
  body: z.strictObject({ label: Label }),
  response: ApiKeyView,
  errors: ['ACCOUNT_NOT_FOUND'],
})

export const deleteApiKey = defineRoute({
  method: 'DELETE',
  path: '/api/exchange/api-keys/:id',
  policy: 'user',
  stepUp: true,
  summary: 'Disconnect an account: its key is destroyed, its history stays. Refused while positions or orders are open.',
  params: ById,
  response: z.object({ id: z.string() }),
  errors: ['ACCOUNT_NOT_FOUND', 'ACCOUNT_IN_USE'],
})

export const getServerAddresses = defineRoute({
  method: 'GET',
  path: '/api/exchange/server-addresses',
  policy: 'user',
  summary: 'Addresses to put on the IP list of a key; empty when the operator has not said.',
  response: z.object({ addresses: z.array(z.string()) }),
})
