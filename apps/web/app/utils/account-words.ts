import { EXCHANGE_NAMES, type ApiKeyView, type SharedSymbols } from '@matic/contracts'

type Tone = 'good' | 'warn' | 'bad' | 'plain'

interface Words {
  readonly label: string
  readonly icon: string
  readonly tone: Tone
}

/** Colour of a badge; never the only thing that tells. */
export const TONE_COLORS = { good: 'success', warn: 'warning', bad: 'error', plain: 'neutral' } as const

export function exchangeName(exchange: ApiKeyView['exchange']): string {
  return exchange === 'PAPER' ? 'Paper venue' : EXCHANGE_NAMES[exchange]
}

export function statusWords({ status, isActive, check }: Pick<ApiKeyView, 'status' | 'isActive' | 'check'>): Words {
  if (status === 'OPENING') return { label: 'Being checked', icon: 'i-lucide-loader', tone: 'plain' }
  if (status === 'INVALID') return { label: 'Refused', icon: 'i-lucide-circle-x', tone: 'bad' }
  if (status === 'FROZEN') return { label: 'Frozen: closes only', icon: 'i-lucide-snowflake', tone: 'bad' }
  if (!isActive) return { label: 'Switched off: closes only', icon: 'i-lucide-circle-pause', tone: 'plain' }
  if (check?.findings.some(({ code }) => code === 'VENUE_NOT_CERTIFIED'))
    return { label: 'Key is good, not traded yet', icon: 'i-lucide-circle-check', tone: 'plain' }
  return { label: 'Ready', icon: 'i-lucide-circle-check', tone: 'good' }
}

/** Several sources on one symbol of an account. */
export const SHARING_CHOICES: { value: SharedSymbols; label: string; description: string }[] = [
  {
    value: 'refuse',
    label: 'Refuse',
    description: 'The first source holds a symbol alone; entries of the others are refused, with who holds it.',
  },
  {
    value: 'net',
    label: 'Keep shares apart',
    description: 'Each source has a share of the position with stops of its own, and closes no other’s. One-way mode nets opposite sides.',
  },
]

type Permissions = NonNullable<ApiKeyView['check']>['permissions']

/** What the key may do, each as it should be or not; what the exchange does not tell is left out. */
export function permissionWords({ read, futures, trade, withdraw, transfer }: Permissions): Words[] {
  const wanted = (has: boolean | null, label: string): Words[] => {
    if (has === null) return []
    return has
      ? [{ label, icon: 'i-lucide-check', tone: 'good' }]
      : [{ label: `No ${label.toLowerCase()}`, icon: 'i-lucide-x', tone: 'bad' }]
  }
  const unwanted = (has: boolean | null, label: string): Words[] => {
    if (has === null) return []
    return has
      ? [{ label, icon: 'i-lucide-triangle-alert', tone: 'bad' }]
      : [{ label: `No ${label.toLowerCase()}`, icon: 'i-lucide-check', tone: 'good' }]
  }
  return [
    ...wanted(read, 'Reading'),
    ...wanted(trade === false ? false : futures, 'Futures trading'),
    ...unwanted(withdraw, 'Withdrawals'),
    ...unwanted(transfer, 'Transfers'),
  ]
}

/** +12 ms: the exchange's clock is ahead. */
export function clockWords(offsetMs: number | null | undefined): string {
  if (offsetMs === null || offsetMs === undefined) return UNKNOWN_WORD
  const rounded = Math.round(offsetMs)
  return `${rounded > 0 ? '+' : rounded < 0 ? '−' : ''}${Math.abs(rounded)} ms`
}

const UNKNOWN_WORD = '—'

export function ipWords(check: ApiKeyView['check']): string {
  if (check === null || check.ipRestricted === null) return 'Not told'
  if (!check.ipRestricted) return 'Any address'
  return check.ipAddresses.length === 0 ? 'Bound' : check.ipAddresses.join(', ')
}

export function positionModeWords(mode: ApiKeyView['positionMode']): string {
  return mode === 'HEDGE' ? 'Hedge (long and short)' : 'One-way (net)'
}

export function marginModeWords(mode: NonNullable<ApiKeyView['check']>['marginMode'] | undefined): string {
  switch (mode) {
    case 'cross':
      return 'Cross, whole account'
    case 'isolated':
      return 'Isolated, whole account'
    case 'portfolio':
      return 'Portfolio margin'
    case 'per-symbol':
      return 'Per market, by your rules'
    default:
      return UNKNOWN_WORD
  }
}
