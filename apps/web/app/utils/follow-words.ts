import type { DetachCause, DriftView, FollowSettings, FollowState, RepairDoubt, StopChoice, StrategyState } from '@matic/contracts'

export const SIZING_WORDS: Record<FollowSettings['sizing']['mode'], { readonly label: string; readonly help: string }> = {
  'equity-to-equity': {
    label: 'Equity to equity',
    help: 'As large a part of your equity as the leader puts in of theirs. Fits accounts of any size.',
  },
  ratio: { label: 'A ratio of the leader’s quantity', help: '1 is the same quantity, whatever your account holds.' },
  'fixed-quantity': { label: 'A fixed quantity', help: 'The same quantity of every market, in base currency.' },
  'fixed-quote': { label: 'A fixed amount', help: 'What each opening is worth.' },
  'fixed-margin': { label: 'A fixed margin', help: 'What each opening takes of your balance, before leverage.' },
  'percent-of-equity': { label: 'Percent of equity', help: 'Margin of each opening.' },
  'risk-from-stop': { label: 'Risk by the stop', help: 'What the stop may cost. Openings without a stop are not copied.' },
  tiered: { label: 'In tiers', help: 'A ratio by how large the leader’s order is.' },
}

interface StateWords {
  readonly word: string
  readonly hint: string
  readonly icon: string
  readonly color: 'success' | 'warning' | 'neutral'
}

export const FOLLOW_STATE_WORDS: Record<FollowState, StateWords> = {
  ACTIVE: {
    word: 'Copying',
    hint: 'Openings and closes of the leader are copied.',
    icon: 'i-lucide-circle-play',
    color: 'success',
  },
  PAUSED: {
    word: 'Paused',
    hint: 'Openings are not copied. The leader’s closes still are.',
    icon: 'i-lucide-circle-pause',
    color: 'warning',
  },
  CLOSE_ONLY: {
    word: 'Closes only',
    hint: 'Nothing opens any more. What is open goes on until the leader closes it; then this copy is over.',
    icon: 'i-lucide-log-out',
    color: 'warning',
  },
  STOPPED: { word: 'Stopped', hint: 'Nothing is copied.', icon: 'i-lucide-circle-stop', color: 'neutral' },
}

/** What ended a position of a copy without its leader. */
export const DETACH_WORDS: Record<DetachCause, string> = {
  BY_HAND: 'you closed it by hand',
  AT_EXCHANGE: 'it was closed at the exchange',
  STOP: 'its stop closed it',
  TARGET: 'its target closed it',
  PROTECTION: 'no stop could be placed, so it was closed',
  LIQUIDATION: 'it was liquidated',
}

export const DRIFT_CAUSE_WORDS: Record<DriftView['cause'], string> = {
  'missed-close': 'a close was not made here',
  'partial-fill': 'an order was filled in part',
  'dead-order': 'an order could not be sent',
  'manual-change': 'it was changed by other means',
}

/** Why what is off is not repaired by itself. */
export const DRIFT_DOUBT_WORDS: Record<RepairDoubt, string> = {
  part: 'Only a part is too much.',
  shared: 'You or another copy hold some of the same position: change it by hand.',
  'not-told': 'The leader left without saying so, by a stop or by hand.',
  'leader-in': 'The leader still holds this market, or again.',
  'leader-out': 'The leader is not known to hold this market.',
  'by-hand': 'Something else than this copy has changed it.',
  'not-missed': 'No order at market failed.',
  'made-up': 'That was tried once.',
  'too-late': 'An order failed more than ten minutes ago.',
  'price-away': 'The price is too far from the leader’s.',
}

const STOP_CAUSES: Readonly<Record<string, string>> = {
  BY_FOLLOWER: 'by you',
  PORTFOLIO_STOP: 'by its portfolio stop',
  TAKE_PROFIT: 'by its take profit',
  STRATEGY_CLOSED: 'because the leader withdrew the strategy',
  LEADER_GONE: 'because the leader is gone',
  REMOVED: 'because the leader removed you',
  ACCOUNT_DELETED: 'because the account was disconnected',
}

/** Why a follow is over. */
export function stopCauseWords(cause: string | null): string {
  return cause === null ? '' : (STOP_CAUSES[cause] ?? readableCause(cause))
}

function readableCause(cause: string): string {
  return `because of ${cause.toLowerCase().replaceAll('_', ' ')}`
}

export const STRATEGY_STATE_WORDS: Record<StrategyState, string> = {
  PUBLISHED: 'open for copying',
  PAUSED: 'paused by the leader: nothing opens, closes are copied',
  CLOSED: 'withdrawn by the leader',
}

export const SOURCE_OF_COPY: Readonly<Record<string, string>> = {
  WEBHOOK: 'Alerts at the leader’s webhook',
  MANUAL: 'Trades the leader makes by hand',
  ACCOUNT: 'Everything the leader’s exchange account trades',
}

export const STOP_CHOICES: readonly { readonly value: StopChoice; readonly label: string; readonly means: string }[] = [
  {
    value: 'close',
    label: 'Close now',
    means: 'What this copy holds is closed at market right away. Its stops and targets go with it. Copying is over.',
  },
  {
    value: 'keep',
    label: 'Keep until the leader closes',
    means: 'Nothing opens any more. What is open keeps its stop and target and is closed when the leader closes it. Then copying is over.',
  },
  {
    value: 'hand-over',
    label: 'Hand over to me',
    means:
      'What is open becomes your own position, with the stop and target it has. The leader touches it no more; for their fees it counts as it is worth now. Copying is over.',
  },
]

/** What to do about a follow that was refused, by the reason the API names. */
export const REFUSAL_REMEDIES: Readonly<Record<string, string>> = {
  OWN_STRATEGY: 'Trade it on your own account: its alerts already go there.',
  NOT_OFFERED: 'Come back later, or choose another strategy. Nothing was changed.',
  FULL: 'A place becomes free when somebody stops following.',
  CIRCLE: 'Copies would run in a circle. Stop one of those follows first.',
  INVITE_USED_UP: 'Ask the leader for a new code.',
  INVITE_NEEDED: 'Enter a code above that is still good, or ask the leader for one.',
  ACCOUNT_NOT_READY: 'Look at the account’s check under Accounts, or choose another account.',
}
