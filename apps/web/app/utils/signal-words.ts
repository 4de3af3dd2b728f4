import type { OrderView, SignalView } from '@matic/contracts'

export type Tone = 'good' | 'plain' | 'warn' | 'busy'

export interface Outcome {
  readonly word: string
  readonly sentence: string | null
  readonly tone: Tone
}

const protectionLegs = new Set(['stop', 'target'])
const refusedStates = new Set(['REJECTED', 'BLOCKED', 'DEAD', 'EXPIRED'])
const quietStates = new Set(['CANCELED', 'SUPERSEDED', 'MOOT'])

/** What became of a signal, for one account where it went to several. */
export function outcomeOf(signal: SignalView, accountId: string | null): Outcome {
  const decision = signal.decisions.find((candidate) => candidate.accountId === accountId) ?? signal.decisions[0]
  if (decision === undefined) return { word: 'Deciding', sentence: null, tone: 'busy' }
  if (isHeld(signal)) return { word: 'Held', sentence: decision.reasonText, tone: 'warn' }
  if (decision.outcome !== 'ORDERS') return refusal(decision)

  const orders = signal.orders.filter((order) => order.accountId === decision.accountId && !protectionLegs.has(order.leg))
  return orders.length === 0 ? { word: 'Sending', sentence: null, tone: 'busy' } : outcomeOfOrders(orders)
}

/** For one before it, or for its owner. */
export function isHeld({ hold }: SignalView): boolean {
  return hold !== null && (hold.state === 'HELD' || hold.state === 'EXPIRED')
}

export const HOLD_WORDS = {
  HELD: {
    word: 'Held: an alert before it is missing',
    hint: 'It opens nothing until that comes in. Closes never wait.',
    icon: 'i-lucide-pause',
  },
  EXPIRED: {
    word: 'Held too long',
    hint: 'It did not come in in time, so this one opened nothing. You can still have it carried out.',
    icon: 'i-lucide-timer-off',
  },
  RELEASED: { word: 'Held, then carried out', hint: '', icon: 'i-lucide-circle-check' },
  PASSED: { word: 'Held, then dropped', hint: 'The sender has moved on, so it was dropped.', icon: 'i-lucide-circle-minus' },
  DROPPED: { word: 'Held, then dropped by you', hint: '', icon: 'i-lucide-circle-minus' },
} as const

function refusal(decision: SignalView['decisions'][number]): Outcome {
  const sentence = decision.reasonText ?? decision.reason
  return decision.outcome === 'BLOCKED' ? { word: 'Blocked', sentence, tone: 'warn' } : { word: 'Skipped', sentence, tone: 'plain' }
}

function outcomeOfOrders(orders: readonly OrderView[]): Outcome {
  const refused = orders.find((order) => refusedStates.has(order.state))
  if (refused !== undefined) return { word: 'Refused', sentence: refused.reasonText ?? refused.reason, tone: 'warn' }
  const unknown = orders.find((order) => order.state === 'UNKNOWN')
  if (unknown !== undefined) return { word: 'Checking', sentence: unknown.reasonText, tone: 'busy' }
  if (orders.every((order) => order.state === 'FILLED')) return { word: 'Filled', sentence: null, tone: 'good' }
  if (orders.some((order) => order.state === 'ACKED' || order.state === 'PARTIAL'))
    return { word: 'Working', sentence: 'Resting at the exchange.', tone: 'busy' }
  const quiet = orders.find((order) => quietStates.has(order.state))
  if (quiet !== undefined) return { word: 'Cancelled', sentence: quiet.reasonText, tone: 'plain' }
  return { word: 'Sending', sentence: null, tone: 'busy' }
}

export interface AskedFor {
  readonly word: string
  readonly arrow: '▲' | '▼' | '■'
  readonly tone: 'up' | 'down' | 'plain'
}

/** What the alert literally asked for. */
export function askedFor(signal: SignalView): AskedFor {
  const { action, marketPosition } = signal.alert
  if (marketPosition === 'flat') return { word: 'Flat', arrow: '■', tone: 'plain' }
  if (action === 'buy') return { word: 'Buy', arrow: '▲', tone: 'up' }
  if (action === 'sell') return { word: 'Sell', arrow: '▼', tone: 'down' }
  if (action !== null) return { word: action.replace('-', ' ').replace(/^./, (first) => first.toUpperCase()), arrow: '■', tone: 'plain' }
  if (marketPosition === 'long') return { word: 'Long', arrow: '▲', tone: 'up' }
  if (marketPosition === 'short') return { word: 'Short', arrow: '▼', tone: 'down' }
  return { word: UNKNOWN, arrow: '■', tone: 'plain' }
}

export const PROTECTION_WORDS = {
  NONE: { word: 'No stop', hint: 'The settings ask for none, so nothing closes this position by itself.', icon: 'i-lucide-shield-off' },
  PROTECTING: { word: 'Protecting', hint: 'The stop is on its way to the exchange.', icon: 'i-lucide-shield-ellipsis' },
  PROTECTED: {
    word: 'Protected',
    hint: 'The stop rests at the exchange and works even when this server is off.',
    icon: 'i-lucide-shield-check',
  },
  EMERGENCY: {
    word: 'Closing',
    hint: 'The stop could not be placed in time, so the position is being closed.',
    icon: 'i-lucide-shield-alert',
  },
} as const

/** Of what is protected, but not by the exchange alone. */
export const KEPT_WORDS = {
  both: {
    word: 'Protected',
    hint: 'What is left at the exchange has its stop there. The rest is watched by Matic Trade, and closed at market when a stop is reached.',
    icon: 'i-lucide-shield-check',
  },
  here: {
    word: 'Watched',
    hint: 'Matic Trade watches the stop once a second and closes at market. While no worker runs, it waits.',
    icon: 'i-lucide-eye',
  },
  blind: {
    word: 'Prices are old',
    hint: 'This stop is watched by Matic Trade, which hears no prices at the moment. It is carried out with the first that is past it. What the exchange holds is guarded there.',
    icon: 'i-lucide-eye-off',
  },
} as const

export const LEG_WORDS: Readonly<Record<string, string>> = {
  open: 'Open',
  close: 'Close',
  reduce: 'Reduce',
  stop: 'Stop',
  target: 'Target',
  emergency: 'Emergency close',
}
