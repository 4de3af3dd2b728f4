import { termsWords } from './follow-terms.ts'
import type { FactKind } from './sockets.ts'

/** TELEGRAM: what went to or came from the person's messenger. */
export const ACTIVITY_LEVELS = ['INFO', 'SUCCESS', 'WARNING', 'ERROR', 'TELEGRAM'] as const
export type ActivityLevel = (typeof ACTIVITY_LEVELS)[number]

/** What the activity log says. {name} is filled from the parameters stored beside the code. */
export const ACTIVITY = {
  SIGNAL_RECEIVED: '{ticker}: a signal came in ({action}).',
  SIGNAL_REPLAYED: '{ticker}: a stored signal is replayed on paper ({action}).',
  ALERT_REJECTED: 'An alert was rejected ({code}). The signal log says what to fix.',
  SIGNAL_ORDERS: '{symbol}: the signal became orders ({intent}).',
  SIGNAL_SKIPPED: 'A signal made no order ({reason}).',
  SIGNAL_BLOCKED: 'A signal was blocked ({reason}).',
  HOLD_EXPIRED: '{ticker}: the alert from {missingFrom} to {missingTo} never came in, so what was held after it opened nothing.',
  HOLD_RELEASED: '{ticker}: the missing alert came in, and what was held after it is carried out.',
  HOLD_CARRIED_OUT: '{ticker}: a held alert is carried out as its owner says.',
  HOLD_PASSED: '{ticker}: a held alert was dropped, because the sender has moved on.',
  HOLD_DROPPED: '{ticker}: a held alert was dropped by its owner.',
  ORDER_WORKING: '{symbol}: {leg} rests at the exchange.',
  ORDER_PARTIAL: '{symbol}: {leg} is filled in part, {filledBase} so far.',
  ORDER_FILLED: '{symbol}: {leg} filled, {side} {filledBase} at {averagePrice}.',
  ORDER_REFUSED: '{symbol}: {leg} was refused ({reason}).',
  ORDER_UNKNOWN: '{symbol}: asking the exchange whether {leg} was placed.',
  ORDER_CANCELED: '{symbol}: {leg} was cancelled ({reason}).',
  TRADE_CLOSED: '{symbol}: {side} position closed with {grossPnl} USDT before {fees} USDT of fees.',
  TRADE_LIQUIDATED: '{symbol}: {side} position was liquidated with {grossPnl} USDT.',
  PROTECTION_LATE: '{symbol}: the position has no stop yet.',
  FAN_OUT_HALTED: '{name}: {refused} of the first {answered} copies were refused, so the rest of this alert was not sent.',
  BREAKER_OPENED: '{name}: {refused} of {answered} openings were refused, so nothing opens until {until}. Closes go on.',
  BREAKER_CLOSED: '{name}: openings are accepted again.',
  ACCOUNT_ADDED: 'An exchange account was added.',
  ACCOUNT_READY: 'An exchange account is ready to trade.',
  ACCOUNT_INVALID: 'The exchange no longer accepts the key of an account.',
  ACCOUNT_CHECKED: 'An exchange account was looked over: {findings}.',
  ACCOUNT_REMOVED: 'An exchange account was deleted, with its key.',
  ACCOUNT_RENAMED: 'An exchange account is now called {label}.',
  ACCOUNT_ON: 'An exchange account was switched on.',
  ACCOUNT_OFF: 'An exchange account was switched off: it opens nothing.',
  ACCOUNT_CHANGED: 'An exchange account was changed.',
  SETTINGS_CHANGED: 'Rules were changed: {fields}.',
  BOT_ON: 'The bot was switched on.',
  BOT_OFF: 'The bot was switched off: it opens nothing.',
  WEBHOOK_ROTATED: 'The webhook got a new address.',
  WEBHOOK_CHANGED: 'The webhook was changed: {fields}.',
  FOLLOW_STARTED: '{strategy}: you follow it from now on.',
  FOLLOW_SETTINGS: '{strategy}: the settings of your follow were changed.',
  FOLLOW_RESUMED: '{strategy}: you follow it again.',
  FOLLOW_PAUSED: '{strategy}: your follow is paused. Nothing opens; the leader’s closes are copied.',
  FOLLOW_CLOSES_ONLY: '{strategy}: your follow only closes what it holds, and ends when that is gone.',
  FOLLOW_STOPPED: '{strategy}: you stopped following. What it held is closed.',
  FOLLOW_HANDED_OVER: '{strategy}: you stopped following. What it held is yours now, and no close of the leader touches it.',
  FOLLOW_PORTFOLIO_STOP:
    '{strategy}: this follow has lost {resultQuote} USDT, and its limit is {limitQuote} USDT. Everything it holds is closed, and it has stopped.',
  FOLLOW_TAKE_PROFIT:
    '{strategy}: this follow has made {resultQuote} USDT, and its target is {limitQuote} USDT. Everything it holds is closed, and it has stopped.',
  FOLLOW_CLOSED_AGAIN: '{strategy}: something filled or stayed open after this follow stopped. It is closed now.',
  FOLLOW_OVER: '{strategy}: nothing is left open, so this follow is over.',
  FOLLOW_STRATEGY_CLOSED:
    '{strategy}: its leader has closed the strategy. Nothing opens any more; what you hold is still closed with the leader.',
  FOLLOW_LEADER_GONE:
    '{strategy}: its leader is gone. Do not wait for their closes: close what you hold, or stop the follow and keep it as your own. Your stops and targets stay.',
  FOLLOW_REMOVED:
    '{strategy}: its leader has removed you. Nothing opens any more; what you hold is still closed with the leader, or stop the follow and keep it as your own.',
  FOLLOW_ACCOUNT_DELETED: '{strategy}: you deleted the account, so this follow is over.',
  FOLLOW_DETACHED:
    '{symbol}: what your follow of {strategy} held ended without the leader ({cause}). Nothing of it is copied until the leader is flat there.',
  FOLLOW_REPAIRED: '{symbol}: your follow of {strategy} held {amount} more than it should. It is being closed.',
  FOLLOW_TOPPED_UP:
    '{symbol}: your follow of {strategy} held {amount} less than it should, because an order failed. As you chose, it is being made up for.',
  FOLLOW_ATTACHED: '{symbol}: the leader is flat, so your follow of {strategy} is in again with the next opening.',
  FOLLOW_NOT_JOINED:
    '{symbol}: not joined with {strategy}. The price {price} is {distancePercent} % away from the leader’s entry at {entryPrice}; your limit is {limitPercent} %.',
  FOLLOW_JOIN_PRICE_UNKNOWN: '{symbol}: not joined with {strategy}, because no price of it is known at the moment.',
  FOLLOW_BASE: '{strategy}: your account was read for the first time. Portfolio stop and take profit go by {baseQuote} USDT from now on.',
  FOLLOW_TERMS: '{strategy}: {terms}',
  FOLLOW_TERMS_BACK:
    '{strategy}: your leader changed what holds for everybody who follows, and changed it back. Nothing is different for you.',
  FOLLOW_CHANGED: '{strategy}: your follow was changed.',
  KILL_SWITCH_ON: 'The kill switch was engaged: nothing opens until it is released.',
  COPY_FEE_CHARGED:
    '{strategy}: {fee} USDT is owed for {period}: {profitShare} of the profit, {management} for management. An entry in the books; nothing was taken from your account.',
  KILL_SWITCH_OFF: 'The kill switch was released.',
  SIGNED_IN_NEW_DEVICE: 'Somebody signed in from a device not seen before: {device}.',
  PASSWORD_CHANGED: 'The password was changed; every other session was ended.',
  PASSWORD_RESET: 'The password was set anew by a link sent by mail; every session was ended.',
  TWO_STEP_ON: 'Two-step sign-in was switched on.',
  TWO_STEP_OFF: 'Two-step sign-in was switched off.',
  RECOVERY_CODE_USED: 'A recovery code was used; {left} are left.',
  RECOVERY_CODES_RENEWED: 'New recovery codes were made; the old ones stopped working.',
  EMAIL_VERIFIED: 'The e-mail address was confirmed.',
  SESSIONS_ENDED: 'Sessions on other devices were ended ({ended}).',
  SESSION_STOLEN: 'A session was used from two places at once and was ended. Change your password if that was not you.',
  SECURITY_CHANGED: 'Sign-in was changed: {change}.',
  NOTE: '{text}',
} as const
export type ActivityCode = keyof typeof ACTIVITY

export function isActivityCode(code: unknown): code is ActivityCode {
  return typeof code === 'string' && Object.hasOwn(ACTIVITY, code)
}

/** What a `security-changed` fact says of itself in `change`. New devices, keys and addresses have facts of their own. */
export const SECURITY_CHANGES = [
  'password-changed',
  'password-reset',
  'two-step-on',
  'two-step-off',
  'recovery-code-used',
  'recovery-codes-renewed',
  'email-verified',
  'sessions-ended',
  'session-stolen',
] as const
export type SecurityChange = (typeof SECURITY_CHANGES)[number]

/** What a `follow-changed` fact says of itself in `change`. */
export const FOLLOW_CHANGES = [
  'started',
  'settings',
  'resumed',
  'paused',
  'closes-only',
  'stopped',
  'handed-over',
  'portfolio-stop',
  'take-profit',
  'closed-again',
  'repaired',
  'topped-up',
  'over',
  'strategy-closed',
  'leader-gone',
  'removed',
  'account-deleted',
  'detached',
  'attached',
  'not-joined',
  'join-price-unknown',
  'base',
  'terms',
  'terms-back',
] as const
export type FollowChange = (typeof FOLLOW_CHANGES)[number]

export type ActivityParams = Record<string, string | number | boolean | null>

export interface Activity {
  readonly level: ActivityLevel
  readonly code: ActivityCode
  readonly params: ActivityParams
}

interface Told {
  readonly kind: FactKind
  readonly entity: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** The line that a fact makes in its owner's activity log; null where it is no news to people. */
export function activityOf({ kind, entity, payload }: Told): Activity | null {
  const said = lineOf(kind, entity, payload)
  return said === null ? null : { level: said[0], code: said[1], params: paramsOf(payload) }
}

type Line = readonly [ActivityLevel, ActivityCode] | null

function lineOf(kind: FactKind, entity: string, payload: Told['payload']): Line {
  switch (kind) {
    case 'signal-received':
      return ['INFO', payload['source'] === 'REPLAY' ? 'SIGNAL_REPLAYED' : 'SIGNAL_RECEIVED']
    case 'alert-rejected':
      return ['WARNING', 'ALERT_REJECTED']
    case 'signal-decided':
      return lineOfDecision(payload)
    case 'hold-settled':
      return lineOfHold(payload)
    case 'order-changed':
      return lineOfOrder(payload)
    case 'trade-closed':
      return payload['isLiquidation'] === true ? ['ERROR', 'TRADE_LIQUIDATED'] : ['SUCCESS', 'TRADE_CLOSED']
    case 'account-changed':
      return lineOfAccount(payload)
    case 'settings-changed':
      return lineOfSettings(entity, payload)
    case 'follow-changed':
      return lineOfFollow(payload)
    case 'kill-switch-changed':
      return payload['engaged'] === true ? ['WARNING', 'KILL_SWITCH_ON'] : ['INFO', 'KILL_SWITCH_OFF']
    case 'protection-late':
      return ['ERROR', 'PROTECTION_LATE']
    case 'opens-stopped':
      if (payload['state'] === 'HALTED') return ['ERROR', 'FAN_OUT_HALTED']
      return payload['state'] === 'OPEN' ? ['ERROR', 'BREAKER_OPENED'] : ['INFO', 'BREAKER_CLOSED']
    case 'device-seen':
      return ['WARNING', 'SIGNED_IN_NEW_DEVICE']
    case 'security-changed':
      return lineOfSecurity(payload)
    case 'note-added':
      return [ACTIVITY_LEVELS.find((level) => level === payload['level']) ?? 'INFO', 'NOTE']
    case 'position-changed':
    case 'balance-changed':
      return null
  }
}

function lineOfDecision({ outcome, reason }: Told['payload']): Line {
  if (outcome === 'ORDERS') return ['INFO', 'SIGNAL_ORDERS']
  if (outcome === 'SKIPPED') return ['INFO', 'SIGNAL_SKIPPED']
  return [reason === 'DEAD' ? 'ERROR' : 'WARNING', 'SIGNAL_BLOCKED']
}

function lineOfHold({ state, byHand }: Told['payload']): Line {
  switch (state) {
    case 'EXPIRED':
      return ['WARNING', 'HOLD_EXPIRED']
    case 'RELEASED':
      return ['INFO', byHand === true ? 'HOLD_CARRIED_OUT' : 'HOLD_RELEASED']
    case 'DROPPED':
      return ['INFO', 'HOLD_DROPPED']
    default:
      return ['INFO', 'HOLD_PASSED']
  }
}

function lineOfOrder({ state }: Told['payload']): Line {
  switch (state) {
    case 'ACKED':
      return ['INFO', 'ORDER_WORKING']
    case 'PARTIAL':
      return ['INFO', 'ORDER_PARTIAL']
    case 'FILLED':
      return ['SUCCESS', 'ORDER_FILLED']
    case 'REJECTED':
    case 'DEAD':
      return ['ERROR', 'ORDER_REFUSED']
    case 'BLOCKED':
    case 'EXPIRED':
      return ['WARNING', 'ORDER_REFUSED']
    case 'UNKNOWN':
      return ['WARNING', 'ORDER_UNKNOWN']
    case 'CANCELED':
      return ['INFO', 'ORDER_CANCELED']
    default:
      return null
  }
}

function lineOfAccount(payload: Told['payload']): Line {
  if (payload['deleted'] === true) return ['INFO', 'ACCOUNT_REMOVED']
  if (typeof payload['isActive'] === 'boolean') return ['INFO', payload['isActive'] ? 'ACCOUNT_ON' : 'ACCOUNT_OFF']
  if (typeof payload['label'] === 'string' && payload['keyStatus'] === undefined) return ['INFO', 'ACCOUNT_RENAMED']
  if (payload['keyStatus'] === 'INVALID') return ['ERROR', 'ACCOUNT_INVALID']
  if (payload['keyStatus'] === 'OPENING') return ['INFO', 'ACCOUNT_ADDED']
  const { findings } = payload
  if (Array.isArray(findings) && findings.length > 0) return ['WARNING', 'ACCOUNT_CHECKED']
  return payload['keyStatus'] === 'VALID' ? ['SUCCESS', 'ACCOUNT_READY'] : ['INFO', 'ACCOUNT_CHANGED']
}

const SECURITY_LINES: Readonly<Record<SecurityChange, Line>> = {
  'password-changed': ['WARNING', 'PASSWORD_CHANGED'],
  'password-reset': ['WARNING', 'PASSWORD_RESET'],
  'two-step-on': ['SUCCESS', 'TWO_STEP_ON'],
  'two-step-off': ['WARNING', 'TWO_STEP_OFF'],
  'recovery-code-used': ['WARNING', 'RECOVERY_CODE_USED'],
  'recovery-codes-renewed': ['WARNING', 'RECOVERY_CODES_RENEWED'],
  'email-verified': ['INFO', 'EMAIL_VERIFIED'],
  'sessions-ended': ['INFO', 'SESSIONS_ENDED'],
  'session-stolen': ['ERROR', 'SESSION_STOLEN'],
}

function lineOfSecurity({ change }: Told['payload']): Line {
  const known = SECURITY_CHANGES.find((each) => each === change)
  return known === undefined ? ['WARNING', 'SECURITY_CHANGED'] : SECURITY_LINES[known]
}

const FOLLOW_LINES: Readonly<Record<FollowChange, Line>> = {
  started: ['SUCCESS', 'FOLLOW_STARTED'],
  settings: ['INFO', 'FOLLOW_SETTINGS'],
  resumed: ['INFO', 'FOLLOW_RESUMED'],
  paused: ['INFO', 'FOLLOW_PAUSED'],
  'closes-only': ['INFO', 'FOLLOW_CLOSES_ONLY'],
  stopped: ['INFO', 'FOLLOW_STOPPED'],
  'handed-over': ['INFO', 'FOLLOW_HANDED_OVER'],
  'portfolio-stop': ['ERROR', 'FOLLOW_PORTFOLIO_STOP'],
  'take-profit': ['SUCCESS', 'FOLLOW_TAKE_PROFIT'],
  'closed-again': ['WARNING', 'FOLLOW_CLOSED_AGAIN'],
  repaired: ['WARNING', 'FOLLOW_REPAIRED'],
  'topped-up': ['WARNING', 'FOLLOW_TOPPED_UP'],
  over: ['INFO', 'FOLLOW_OVER'],
  'strategy-closed': ['WARNING', 'FOLLOW_STRATEGY_CLOSED'],
  'leader-gone': ['ERROR', 'FOLLOW_LEADER_GONE'],
  removed: ['WARNING', 'FOLLOW_REMOVED'],
  'account-deleted': ['INFO', 'FOLLOW_ACCOUNT_DELETED'],
  detached: ['WARNING', 'FOLLOW_DETACHED'],
  attached: ['INFO', 'FOLLOW_ATTACHED'],
  'not-joined': ['WARNING', 'FOLLOW_NOT_JOINED'],
  'join-price-unknown': ['WARNING', 'FOLLOW_JOIN_PRICE_UNKNOWN'],
  base: ['INFO', 'FOLLOW_BASE'],
  terms: ['WARNING', 'FOLLOW_TERMS'],
  'terms-back': ['INFO', 'FOLLOW_TERMS_BACK'],
}

function lineOfFollow({ change, warns }: Told['payload']): Line {
  if (change === 'terms' && warns === false) return ['INFO', 'FOLLOW_TERMS']
  const known = FOLLOW_CHANGES.find((each) => each === change)
  return known === undefined ? ['INFO', 'FOLLOW_CHANGED'] : FOLLOW_LINES[known]
}

function lineOfSettings(entity: string, { fields, isEnabled }: Told['payload']): Line {
  if (entity === 'copy-fee') return ['INFO', 'COPY_FEE_CHARGED']
  const names = Array.isArray(fields) ? fields : []
  if (entity === 'webhook') return ['INFO', names.includes('webhookUrl') ? 'WEBHOOK_ROTATED' : 'WEBHOOK_CHANGED']
  if (names.length === 1 && names[0] === 'isEnabled' && typeof isEnabled === 'boolean') return ['INFO', isEnabled ? 'BOT_ON' : 'BOT_OFF']
  return ['INFO', 'SETTINGS_CHANGED']
}

function paramsOf(payload: Told['payload']): ActivityParams {
  return Object.fromEntries(Object.entries(payload).flatMap(([name, value]) => (isFlat(value) ? [[name, plain(value)]] : [])))
}

function isFlat(value: unknown): value is string | number | boolean | null | readonly unknown[] {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value) || Array.isArray(value)
}

function plain(value: string | number | boolean | null | readonly unknown[]): string | number | boolean | null {
  return typeof value === 'object' && value !== null ? value.join(', ') : value
}

/** Parameters whose values are names out of closed lists. */
const NAMES = new Set(['reason', 'code', 'side', 'findings', 'cause'])

/** What of a follow is mailed to its follower, unless they want no mails of it: what ends it, takes money, or happens to a position without the leader. */
export const MAILED_FOLLOW_CHANGES: readonly FollowChange[] = [
  'portfolio-stop',
  'take-profit',
  'closed-again',
  'repaired',
  'topped-up',
  'over',
  'strategy-closed',
  'leader-gone',
  'removed',
  'detached',
  'terms',
]

/** The sentence. What is not known is a dash; names out of code become words. */
export function activityText(code: ActivityCode, params: ActivityParams): string {
  if (code === 'NOTE') return String(params['text'] ?? '')
  return ACTIVITY[code].replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = name === 'terms' && code === 'FOLLOW_TERMS' ? termsWords(params) : params[name]
    if (value === undefined || value === null || value === '') return '—'
    return wordOf(name, String(value))
  })
}

function wordOf(name: string, value: string): string {
  if (name === 'symbol') return value.split(':')[0] ?? value
  if (name === 'fields') return value.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
  return NAMES.has(name) ? value.toLowerCase().replaceAll('_', ' ') : value
}
