import type { Outcome } from './signal-words.ts'
import type { SignalLogEntry, TimelinePoint } from '@matic/contracts'

export const SOURCE_WORDS = {
  WEBHOOK: 'Webhook',
  MANUAL: 'By hand',
  TEST: 'Test alert',
  REPLAY: 'Replay',
  RELEASE: 'Released',
  FOLLOW: 'For one follow',
  ACCOUNT: 'Mirrored account',
} as const

/** What happened between the point before and this one. */
export const SPAN_WORDS: Readonly<Record<TimelinePoint, { readonly word: string; readonly hint: string }>> = {
  received: { word: 'Received', hint: 'The last byte of the alert was read.' },
  committed: { word: 'Stored', hint: 'Read, checked and written to disk; the sender’s answer follows.' },
  dispatched: { word: 'Taken up', hint: 'A worker heard of it and began to decide.' },
  decided: { word: 'Decided', hint: 'Rules, limits and size were worked out.' },
  queued: { word: 'Queued', hint: 'Decision and orders were committed, ready for the account.' },
  sent: { word: 'Sent', hint: 'The request was written down and left for the exchange.' },
  acknowledged: { word: 'Acknowledged', hint: 'The exchange’s answer was written down.' },
  filled: { word: 'Filled', hint: 'The first fill was written down.' },
  protected: { word: 'Protected', hint: 'Stop and target rest at the exchange.' },
  ended: { word: 'Ended', hint: 'It was over without a fill.' },
}

/** What a decision was about. */
export function intentWord(intent: string): string {
  return intent === 'none' ? 'no order' : intent.replaceAll('-', ' ')
}

/** loadShed → load shed. */
export function readableName(name: string): string {
  return name.replaceAll(/([A-Z])/g, ' $1').toLowerCase()
}

/** Names and values of what is known; what is nested stays in the raw data. */
export function knownFields(record: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(record).flatMap(([name, value]): [string, string][] => {
    if (value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return []
    return [[readableName(name), typeof value === 'object' ? JSON.stringify(value) : String(value)]]
  })
}

export function logStatus(entry: SignalLogEntry, accountId: string | null): Outcome {
  if (entry.kind === 'rejected') return { word: 'Rejected', sentence: entry.message, tone: 'warn' }
  return outcomeOf(entry, accountId)
}

const ATTEMPT_WORDS: Readonly<Record<string, string>> = {
  SUBMITTING: 'on its way',
  ACKED: 'accepted',
  REJECTED: 'refused',
  UNKNOWN: 'answer unknown, being looked up',
  NOT_PLACED: 'never arrived',
}

export function attemptWord(state: string): string {
  return ATTEMPT_WORDS[state] ?? state
}
