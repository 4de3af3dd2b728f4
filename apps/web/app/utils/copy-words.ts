import type { CopyPlan, CopySizeStep } from '@matic/contracts'
import { formatAmount, formatExact, shortSymbol } from './format.ts'

export const STEP_WORDS: Record<CopySizeStep['rule'], string> = {
  leader: 'The leader’s order',
  sizing: 'By the sizing',
  capped: 'Cut to the largest opening',
  shrunk: 'Shrunk to the balance',
  'rounded-up': 'Rounded up to the minimum',
  gathered: 'With what gathered before',
  step: 'To the market’s step',
}

const SHORT_REASONS: Readonly<Record<string, string>> = {
  BELOW_MINIMUM: 'too small for the market',
  SIZE_ZERO: 'too small for the market’s step',
  INSUFFICIENT_MARGIN: 'too little balance',
  SYMBOL_NOT_ALLOWED: 'market not allowed by the account',
  STRATEGY_SYMBOLS: 'market left out by the leader',
  FOLLOW_SYMBOLS: 'market not allowed by the follow',
  SYMBOL_BLACKLISTED: 'market blocked',
  SYMBOL_UNKNOWN: 'market not at your exchange',
  STOP_REQUIRED: 'no stop to size by',
  MAX_POSITIONS: 'too many positions',
  MAX_NOTIONAL: 'above the largest order of the rules',
  SLIPPAGE: 'price moved too far',
  SIGNAL_TOO_OLD: 'too old',
  FOLLOW_PAUSED: 'paused by the follower',
  FOLLOW_CLOSE_ONLY: 'closes only',
  STRATEGY_PAUSED: 'strategy paused',
  FOLLOW_NOT_IN: 'not in the position',
  FOLLOW_DETACHED: 'out until the leader is flat',
  FOLLOW_STOPPED: 'no longer following',
  SYMBOL_OWNED: 'market held by another source',
  SYMBOL_OPPOSITE: 'other side held by another source',
  ACCOUNT_NOT_READY: 'account not ready',
  ACCOUNT_STALE: 'account not read yet',
  DAILY_LOSS: 'loss of the day at its limit',
  DRAWDOWN: 'fall of the account at its limit',
  NOTHING_TO_CLOSE: 'nothing to close',
  COOL_DOWN: 'pause after a loss',
  KILL_SWITCH: 'kill switch on',
  NOT_ENTITLED: 'no active subscription',
  BOT_DISABLED: 'bot switched off',
  LEADER_SIZE_UNKNOWN: 'leader’s size not known',
  LEADER_EQUITY_UNKNOWN: 'leader’s equity not known',
}

/** A reason in two or three words, for counting. The sentence with its numbers stands with each decision. */
export function shortReason(code: string): string {
  return SHORT_REASONS[code] ?? code.toLowerCase().replaceAll('_', ' ')
}

/** BTC/USDT:USDT → BTC. */
export function baseOf(symbol: string | null): string {
  return symbol === null ? '' : (shortSymbol(symbol).split('/')[0] ?? '')
}

/** What the leader opens and what a follow makes of it, in a line. */
export function copyLineWords(leaderSize: string, { outcome, quantityBase, symbol, marginQuote, reasonText }: CopyPlan): string {
  const leader = `Leader ${leaderSize}`
  if (outcome !== 'ORDERS') return `${leader} → not copied. ${reasonText ?? ''}`.trim()
  if (quantityBase === null) return `${leader} → you close what you hold`
  const margin = marginQuote === null ? '' : `, margin ${formatAmount(marginQuote)} USDT`
  return `${leader} → you ${formatExact(quantityBase)} ${baseOf(symbol)}${margin}`
}
