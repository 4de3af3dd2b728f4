/** Where TradingView sends alerts from, as it publishes them (read November 2026). */
export const TRADINGVIEW_ADDRESSES: readonly string[] = ['52.89.214.238', '34.212.75.30', '54.218.53.128', '52.32.178.7']

/** TradingView stops an alert that fires more often than this within this time. */
export const TRADINGVIEW_TRIGGERS_MAX = 15
export const TRADINGVIEW_TRIGGERS_WITHIN_MS = 180_000
