import type { Fixed } from './fixed.ts'
import type { Account, AlgoOrder, Order, Position, Trade, VenueState } from './state.ts'

/** What an account's owner is told the moment it happens. Orders and positions are as they were then: they go on changing. */
export type News = { readonly ref: string; readonly at: number } & (
  | { readonly kind: 'order'; readonly execution: Execution; readonly order: Order; readonly trade: Trade | undefined }
  | { readonly kind: 'algo'; readonly algo: AlgoOrder }
  | { readonly kind: 'account'; readonly reason: AccountReason; readonly change: Fixed; readonly positions: readonly Position[] }
)

export type Execution = 'NEW' | 'TRADE' | 'CANCELED' | 'EXPIRED' | 'AMENDMENT'
export type AccountReason = 'ORDER' | 'FUNDING_FEE' | 'DEPOSIT' | 'INSURANCE_CLEAR' | 'MARGIN_TRANSFER'

export function tellOrder(state: VenueState, order: Order, execution: Execution, trade?: Trade): void {
  if (!state.heard.has(order.ref)) return
  state.news.push({ ref: order.ref, at: order.updatedAt, kind: 'order', execution, order: { ...order }, trade })
}

export function tellAlgo(state: VenueState, algo: AlgoOrder): void {
  if (!state.heard.has(algo.ref)) return
  state.news.push({ ref: algo.ref, at: algo.updatedAt, kind: 'algo', algo: { ...algo } })
}

/** @param change of the wallet by anything but trading, USDT */
export function tellAccount(
  state: VenueState,
  account: Account,
  news: { reason: AccountReason; change: Fixed; positions: readonly Position[]; at: number },
): void {
  if (!state.heard.has(account.ref)) return
  const { at, reason, change, positions } = news
  state.news.push({ ref: account.ref, at, kind: 'account', reason, change, positions: positions.map((position) => ({ ...position })) })
}
