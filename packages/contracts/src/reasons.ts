/**
 * Why a decision made no order, or an order ended without a fill. Closed list; `text` is the sentence a person reads,
 * with {name} filled from the numbers stored beside the code.
 */
export const REASONS = {
  // decisions
  BOT_DISABLED: 'The bot is switched off, so this alert opened nothing.',
  KILL_SWITCH: 'The kill switch is on: nothing opens until it is released.',
  NOT_ENTITLED: 'The subscription is not active, so nothing opens. Closes and protection go on.',
  ACCOUNT_NOT_READY: 'The account is not ready to trade ({status}).',
  ACCOUNT_STALE: 'The account has not been read from the exchange yet, so its equity is not known.',
  VENUE_NOT_CERTIFIED: 'Trading on {exchange} is not enabled yet.',
  TEST_ALERT_ON_LIVE: 'A test alert shows its decision only on a live account.',
  SYMBOL_UNKNOWN: '{ticker} is not a market on {exchange}.',
  SYMBOL_NOT_ALLOWED: '{symbol} is not on the list of allowed symbols of the account’s rules.',
  SYMBOL_BLACKLISTED: '{symbol} is on the list of blocked symbols of {list}.',
  SYMBOL_HALTED: '{symbol} is not trading at the moment.',
  SYMBOL_OWNED:
    '{symbol} on this account is held by {owner}, and a market here belongs to one source at a time. Close that first, or give this source an account of its own.',
  SYMBOL_OPPOSITE:
    '{owner} holds {symbol} {side} on this account. Opposite sides are netted here, which a trailing stop, several targets or a stop that moves to its entry do not allow on either of them. Wait until that is closed, set the account to hedge mode, or use another account.',
  SPOT_TICKER_REFUSED: '{ticker} is a spot ticker and the settings do not map it to the perpetual.',
  SIGNAL_TOO_OLD: 'The alert was {ageSeconds} s old; opens are taken up to {limitSeconds} s.',
  MAX_POSITIONS: '{open} positions are open or opening; the limit is {limit}.',
  MAX_NOTIONAL: 'The order would be worth {notionalQuote} USDT; the limit is {limitQuote} USDT.',
  BELOW_MINIMUM:
    'The size {quantityBase} ({notionalQuote} USDT) is below the market minimum of {minQuantityBase} and {minNotionalQuote} USDT.',
  ABOVE_MAXIMUM: 'The size {quantityBase} is above the market maximum of {maxQuantityBase}.',
  SIZE_ZERO: 'The size comes to zero after rounding to the step {stepSizeBase}.',
  INSUFFICIENT_MARGIN: 'The order needs {marginQuote} USDT of margin; {availableQuote} USDT is available.',
  STOP_WRONG_SIDE: 'The stop {stopPrice} is on the wrong side of the price {price}.',
  TARGET_WRONG_SIDE: 'The target {targetPrice} is on the wrong side of the price {price}.',
  STOP_REQUIRED: 'Risk per trade is sized by the distance of the stop, and neither the alert nor the rules set one.',
  STOP_IMPOSSIBLE: 'A stop {stopPercent} % away from the price {price} cannot be placed.',
  RANGE_UNKNOWN: 'The average range of {symbol} is not known at the moment, so its stop cannot be set.',
  TRAILING_UNSUPPORTED: '{exchange} cannot hold a trailing stop, and the rules ask for one.',
  DAILY_LOSS: 'Today’s loss is {lossQuote} USDT; the limit is {limitQuote} USDT until the day ends at 00:00 UTC.',
  DRAWDOWN: 'The account is {drawdownPercent} % below its highest equity; the limit is {limitPercent} %.',
  COOL_DOWN: 'The last {after} was {agoMinutes} min ago; nothing opens within {limitMinutes} min of it.',
  SLIPPAGE: 'The price {price} is {slippagePercent} % worse than the alert’s {signalPrice}; the limit is {limitPercent} %.',
  PRICE_UNKNOWN: 'No current price of {symbol} is known.',
  NOTHING_TO_CLOSE: 'There is no open position in {symbol}.',
  NOTHING_TO_CANCEL: 'No order is working in {symbol}.',
  NOTHING_TO_REDUCE: 'There is no open {side} position in {symbol} to reduce.',
  ALREADY_AT_TARGET: 'The position already is what the alert asks for.',
  CHAIN_HELD:
    'An alert is missing: the sender went from {missingFrom} to {missingTo} and we never heard of it. Nothing opens until it comes in.',
  CHAIN_LATE: 'It was sent before what came in earlier: the sender has left this position since.',
  LEVERAGE_CAPPED: 'Leverage {asked} was capped at {used}.',
  // decisions of a follow
  FOLLOW_STOPPED: 'You stopped following before this was decided.',
  FOLLOW_PAUSED: 'You paused this follow: the leader’s openings are not copied, closes are.',
  FOLLOW_CLOSE_ONLY: 'This follow only closes what it holds.',
  STRATEGY_PAUSED: 'The leader has paused this strategy: nothing opens, closes are copied.',
  STRATEGY_SYMBOLS: '{symbol} is not among the markets that the leader lets be copied.',
  FOLLOW_SYMBOLS: '{symbol} is not on this follow’s list of allowed symbols.',
  FOLLOW_OTHER_ACCOUNT: 'The leader sent this for another account of theirs than the one you follow.',
  LEADER_OTHER_SHARE: 'The leader closed, by hand, what another source of theirs holds in {symbol}. Your copy holds nothing of that.',
  GATHERING:
    'Too small to order yet: {gatheredBase} of the {neededBase} that {symbol} takes at least have gathered. They are ordered together once they are enough.',
  FOLLOW_NOT_IN: 'The leader added to {symbol}, where you hold nothing of this follow. You are in with their next opening from flat.',
  FOLLOW_DETACHED:
    'What this follow held in {symbol} was closed without the leader, who is still in. Nothing of {symbol} is copied until the leader is flat there; then you are in again.',
  TOP_UP_OVER: 'The leader no longer holds {symbol} {side}, so what you missed of it is not made up for.',
  REVERSE_LIMIT: 'A limit order in {symbol} cannot be copied the other way around.',
  LEADER_REFUSED: 'The leader’s own order was refused, so nothing was copied.',
  LEADER_SIZE_UNKNOWN: 'How large the leader’s order is cannot be told from the alert or their account, and your size goes by it.',
  LEADER_EQUITY_UNKNOWN: 'The leader’s equity is not known at the moment, and your size goes by it.',
  LEADER_HEDGES:
    'The leader holds long and short of {symbol} side by side. Your account nets them and holds the other side, so nothing was done.',
  LEADER_TRAILS:
    'The leader’s trailing stop in {symbol} cannot be yours as well (it is for a part, this follow is reversed, or this account cannot hold one): your stop stays where it is. What theirs closes is closed here too.',
  LEADER_STOP_PARTIAL:
    'The leader set a stop or target for a part of {symbol}. It does not rest here as an order: when theirs is met, the same part of yours is closed.',
  FOLLOW_OWN_PROTECTION: 'The leader moved stop or target in {symbol}. This follow goes by your own rules for them.',
  PROTECTION_BY_HAND: 'The leader moved stop or target in {symbol}. You have set yours by hand, so they stay.',
  NOTHING_TO_PROTECT: 'The leader moved stop or target in {symbol}, where you hold nothing of this follow.',
  // orders
  CANARY_HALTED:
    'The exchange refused {refused} of the first {answered} orders of this copy ({percent} %, the limit is {limitPercent} %), so yours was not sent.',
  BREAKER_OPEN:
    'Too many openings were refused of late ({refused} of {answered}), so nothing opens {where} until {until}. Closes and protection go on.',
  SUPERSEDED: 'A later close of {symbol} overtook this order.',
  EXPIRED_TTL: 'The order could not be sent in time: it was {ageSeconds} s old, the limit is {limitSeconds} s.',
  DEPENDENCY_FAILED: 'The close it had to wait for did not succeed.',
  POSITION_ALREADY_CLOSED: 'The position was already closed.',
  CANCELED_BY_USER: 'Cancelled by the owner.',
  CANCELED_BY_FLAT: 'Cancelled because the position was closed.',
  CANCELED_SIBLING: 'Removed because its position is gone.',
  CANCELED_REPLACED: 'Replaced by a newer stop or target.',
  CANCELED_BY_EXCHANGE: 'Cancelled at the exchange.',
  REJECTED_MARGIN: 'The exchange refused it: not enough margin ({code}).',
  REJECTED_MINIMUM: 'The exchange refused it: below the minimum ({code}).',
  CLOSE_WAITS:
    'Too small to be an order of its own while others on this account stand against it ({code}). It goes with the first of them that closes, or as soon as the exchange takes it.',
  CLOSE_JOINED: 'What was too small to close by itself is part of what its source opened anew, and closes with that.',
  REJECTED_PRECISION: 'The exchange refused price or quantity ({code}).',
  REJECTED_WOULD_TRIGGER: 'The exchange refused the stop because it would trigger at once ({code}).',
  REJECTED_LEVERAGE: 'The exchange refused the leverage ({code}).',
  REJECTED_POSITION_MODE: 'The order does not fit the account’s position mode ({code}).',
  REJECTED_POST_ONLY: 'A post-only order would have traded at once ({code}).',
  REJECTED_OTHER: 'The exchange refused it: {text} ({code}).',
  KEY_INVALID: 'The exchange no longer accepts the key ({code}).',
  RATE_LIMITED: 'The exchange asked to slow down ({code}).',
  CLOCK_SKEW: 'The clock is off by {offsetMs} ms; the exchange refused the request.',
  UNKNOWN_OUTCOME: 'Checking with the exchange whether the order was placed.',
  NOT_PLACED: 'The exchange has no trace of the order.',
  STOP_IMPOSSIBLE_CLOSED: 'The stop could not be placed, so the position was closed.',
  PROTECTION_LATE_CLOSED: 'No stop was in place after {limitSeconds} s, so the position was closed.',
  RESTORED: 'A backup was restored before this was sent. It may have been sent after the backup, so it is not sent again.',
  DEAD: 'It failed {tries} times and was set aside: {text}.',
} as const

export type ReasonCode = keyof typeof REASONS

export type ReasonNumbers = Record<string, string | number | boolean | null>

/** What was not stored with decisions from before. */
const UNSAID: Partial<Record<ReasonCode, ReasonNumbers>> = { SYMBOL_BLACKLISTED: { list: 'the follow or the account’s rules' } }

/** The sentence for a stored reason. Unknown names stay visible as {name}. */
export function reasonText(code: ReasonCode, numbers: ReasonNumbers = {}): string {
  return filledIn(REASONS[code], { ...UNSAID[code], ...numbers })
}

/** A sentence with {name} filled from the numbers. */
export function filledIn(sentence: string, numbers: ReasonNumbers): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = numbers[name]
    if (value === undefined || value === null) return placeholder
    // BTC/USDT:USDT is BTC/USDT to people.
    return name === 'symbol' ? String(value).replace(/:[A-Z0-9]+$/, '') : String(value)
  })
}
