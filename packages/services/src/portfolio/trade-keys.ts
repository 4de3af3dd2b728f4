import type { ClosedTrade } from '@matic/domain'

/** What trades are grouped by. UTC. */
export const tradeKeys = {
  day: (trade: ClosedTrade) => new Date(trade.closedAtMs).toISOString().slice(0, 10),
  hour: (trade: ClosedTrade) => new Date(trade.openedAtMs).toISOString().slice(11, 13),
  /** 1 is Monday. */
  weekday: (trade: ClosedTrade) => String(new Date(trade.openedAtMs).getUTCDay() || 7),
} as const
