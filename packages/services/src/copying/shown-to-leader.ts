import type { ReasonCode } from '@matic/contracts'
import type { Decision } from '@matic/domain'
import { sentenceFor } from '../trading/orders.ts'

/** Numbers of a copy that say nothing of what its follower has, has lost or does elsewhere: the market's, the leader's, the order's and the follow's limits. */
const SHOWN: ReadonlySet<string> = new Set([
  ...['symbol', 'side', 'ticker', 'exchange', 'price', 'cause', 'status'],
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

/** The same reasons, without what is nobody's business but the follower's. */
const WITHOUT_NUMBERS: Partial<Record<ReasonCode, string>> = {
  INSUFFICIENT_MARGIN: 'The margin that the order needs is not available.',
  DAILY_LOSS: 'Their own limit for a day’s loss is reached.',
  DRAWDOWN: 'Their own limit below the highest equity is reached.',
  COOL_DOWN: 'They pause after a loss.',
  MAX_POSITIONS: 'Their limit of open positions is reached.',
  SYMBOL_OWNED: 'Something else of theirs holds this market.',
  SYMBOL_OPPOSITE: 'Something else of theirs holds the other side of this market.',
}

/** A decision of a follow as the leader may see it: why, and how large. @returns numbers and sentence */
export function shownToLeader({ reason, numbers }: Pick<Decision, 'reason' | 'numbers'>): {
  readonly numbers: Decision['numbers']
  readonly reasonText: string | null
} {
  const isShown = (name: string) =>
    SHOWN.has(name) || ((name === 'limitQuote' || name === 'limitPercent') && reason !== null && LIMITS.has(reason))
  const shown = Object.fromEntries(Object.entries(numbers).filter(([name]) => isShown(name)))
  return { numbers: shown, reasonText: (reason === null ? undefined : WITHOUT_NUMBERS[reason]) ?? sentenceFor(reason, shown) }
}
