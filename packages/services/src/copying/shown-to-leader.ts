import { filledIn, type ReasonCode } from '@matic/contracts'
import type { Decision } from '@matic/domain'
import { sentenceFor, tidyNumbers } from '../trading/orders.ts'

/** Numbers of a copy that say nothing of what its follower has, has lost or does elsewhere: the market's, the leader's, the order's and the follow's limits. */
const SHOWN: ReadonlySet<string> = new Set([
  ...['symbol', 'side', 'ticker', 'exchange', 'price', 'cause', 'status', 'list'],
  ...['leaderBase', 'leaderHeldBase', 'leaderReason', 'leaderStopPrice', 'leaderTargetPrice', 'grownBy', 'signalPrice'],
  ...['wantedBase', 'askedBase', 'cappedBase', 'quantityBase', 'notionalQuote', 'marginQuote', 'fitted', 'reduceFraction', 'byDistance'],
  ...['gatheredBase', 'gatheredBeforeBase', 'neededBase', 'leverage', 'asked', 'used', 'stopPrice', 'targetPrice', 'stopPercent'],
  ...[
    'minQuantityBase',
    'maxQuantityBase',
    'minNotionalQuote',
    'stepSizeBase',
    'slippagePercent',
    'ageSeconds',
    'limitSeconds',
    'missingFrom',
    'missingTo',
  ],
])
/** Where the limit is that of one order. */
const LIMITS: ReadonlySet<ReasonCode> = new Set(['SLIPPAGE', 'MAX_NOTIONAL'])

/** The same reasons in the words of the leader, who is meant by “you”, without what is nobody's business but the follower's. */
const FOR_LEADER: Partial<Record<ReasonCode, string>> = {
  INSUFFICIENT_MARGIN: 'The margin that the order needs is not available.',
  DAILY_LOSS: 'Their own limit for a day’s loss is reached.',
  DRAWDOWN: 'Their own limit below the highest equity is reached.',
  COOL_DOWN: 'They pause after a loss.',
  MAX_POSITIONS: 'Their limit of open positions is reached.',
  SYMBOL_OWNED: 'Something else of theirs holds this market.',
  SYMBOL_OPPOSITE: 'Something else of theirs holds the other side of this market.',
  SYMBOL_NOT_ALLOWED: '{symbol} is not on the list of allowed symbols of their rules.',
  FOLLOW_SYMBOLS: '{symbol} is not on the list of allowed symbols of their follow.',
  STRATEGY_SYMBOLS: '{symbol} is not among the markets that you let be copied.',
  STRATEGY_PAUSED: 'You have paused this strategy: nothing opens, closes are copied.',
  FOLLOW_STOPPED: 'They stopped following before this was decided.',
  FOLLOW_PAUSED: 'They paused their follow: openings are not copied, closes are.',
  FOLLOW_OTHER_ACCOUNT: 'This is for another account of yours than the one they follow.',
  FOLLOW_NOT_IN: 'You add to {symbol}, where they hold nothing of this follow. They are in with your next opening from flat.',
  FOLLOW_DETACHED: 'What they held in {symbol} was closed without you. Nothing of it is copied until you are flat there.',
  FOLLOW_OWN_PROTECTION: 'You move stop or target in {symbol}. They go by their own rules for them.',
  PROTECTION_BY_HAND: 'You move stop or target in {symbol}. They have set theirs by hand.',
  NOTHING_TO_PROTECT: 'You move stop or target in {symbol}, where they hold nothing of this follow.',
  TOP_UP_OVER: 'You no longer hold {symbol} {side}, so what they missed of it is not made up for.',
  LEADER_OTHER_SHARE: 'You close, by hand, what another source of yours holds in {symbol}. They hold nothing of that.',
  LEADER_REFUSED: 'Your own order would be refused, so nothing is copied.',
  LEADER_SIZE_UNKNOWN: 'How large your order is cannot be told from the alert or your account, and their size goes by it.',
  LEADER_EQUITY_UNKNOWN: 'Your equity is not known at the moment, and their size goes by it.',
  LEADER_HEDGES: 'You hold long and short of {symbol} side by side. Their account nets them and holds the other side, so nothing is done.',
  LEADER_TRAILS:
    'Your trailing stop in {symbol} cannot be theirs as well: their stop stays where it is. What yours closes is closed there too.',
  LEADER_STOP_PARTIAL: 'You set a stop or target for a part of {symbol}. When it is met, the same part of theirs is closed.',
  CANARY_HALTED: 'Too many of the first orders of this copy were refused, so theirs was not sent.',
}

/** A decision of a follow as the leader may see it: why, and how large. @returns numbers and sentence */
export function shownToLeader({ reason, numbers }: Pick<Decision, 'reason' | 'numbers'>): {
  readonly numbers: Decision['numbers']
  readonly reasonText: string | null
} {
  const isShown = (name: string) =>
    SHOWN.has(name) || ((name === 'limitQuote' || name === 'limitPercent') && reason !== null && LIMITS.has(reason))
  const shown = Object.fromEntries(Object.entries(numbers).filter(([name]) => isShown(name)))
  const own = reason === null ? undefined : FOR_LEADER[reason]
  return { numbers: shown, reasonText: own === undefined ? sentenceFor(reason, shown) : filledIn(own, tidyNumbers(shown)) }
}
