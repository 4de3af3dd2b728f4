import type { Command, Outcome } from './commands.ts'
import { watchAlgo } from './algos.ts'
import { fillOrder, forgetBands } from './fills.ts'
import { type Fixed, min, times } from './fixed.ts'
import { post } from './ledger.ts'
import { closeOrder } from './lifecycle.ts'
import { isSafe, liquidateIfNeeded } from './liquidation.ts'
import { type Marks, marksAt } from './margin.ts'
import { markets, marketOf } from './markets.ts'
import { tellAccount } from './news.ts'
import { reducible, takeFromBook } from './orders.ts'
import { FUNDING_INTERVAL_MS, fundingRateAt } from './prices.ts'
import { type Quote, quoteAt } from './quotes.ts'
import { type Account, isOpenOrder, type Order, type VenueState, type Watch, watchOf } from './state.ts'

export const TICK_MS = 100

/** After a long sleep the line is looked at this often at most. */
const MOST_TICKS = 2_000

/** Walks the price line from the last look to now: fills, triggers, liquidations, funding, in that order per tick. */
export function advance(state: VenueState, command: Extract<Command, { type: 'advance' }>): Outcome {
  let changed = false
  for (const tick of ticksBetween(command.from, command.at)) changed = runTick(state, tick, undefined) || changed
  state.clock = command.at
  return { changed }
}

/** Everything that one moment's prices cause; in one market or in all. */
export function runTick(state: VenueState, tick: number, only: string | undefined): boolean {
  let changed = tick % FUNDING_INTERVAL_MS === 0 && only === undefined ? settleFunding(state, tick) : false
  let marks: Marks | undefined
  const endangered = new Set<Account>()
  for (const { symbol } of markets) {
    if (only !== undefined && symbol !== only) continue
    const watch = watchOf(state, symbol)
    if (watch.orders.size === 0 && watch.algos.size === 0 && watch.holders.size === 0) continue
    const quote = quoteAt(state, symbol, tick)
    changed = matchResting(state, watch, quote, tick) || changed
    changed = watchTriggers(state, watch, quote, tick) || changed
    for (const account of watch.holders) if (!isSafe(account, symbol, quote.mark)) endangered.add(account)
  }
  for (const account of [...endangered].toSorted((a, b) => a.index - b.index)) {
    marks ??= marksAt(state, tick)
    changed = liquidateIfNeeded(state, account, marks, tick) || changed
  }
  return changed
}

function matchResting(state: VenueState, watch: Watch, quote: Quote, tick: number): boolean {
  let changed = false
  for (const order of watch.orders) {
    if (!isOpenOrder(order) || order.createdAt >= tick) continue
    const account = ownerOf(state, order.ref)
    changed =
      (order.type === 'MARKET' ? fillDueParts(state, account, order, quote, tick) : fillResting(state, account, order, quote, tick)) ||
      changed
  }
  return changed
}

function fillResting(state: VenueState, account: Account, order: Order, quote: Quote, tick: number): boolean {
  const met = order.side === 'BUY' ? quote.ask <= order.price : quote.bid >= order.price
  if (!met) return false
  const quantity = reducible(account, order, order.quantity - order.executed)
  if (quantity === 0n) closeOrder(state, account, order, 'EXPIRED', tick)
  else fillOrder(state, account, order, { quantity, price: order.price, maker: true, at: tick })
  return true
}

function fillDueParts(state: VenueState, account: Account, order: Order, quote: Quote, tick: number): boolean {
  const due = order.parts.filter((part) => part.at <= tick)
  if (due.length === 0) return false
  order.parts = order.parts.filter((part) => part.at > tick)
  for (const part of due) {
    if (!isOpenOrder(order)) break
    takeFromBook(state, account, order, {
      market: marketOf(order.symbol),
      quote,
      quantity: min(part.quantity, order.quantity - order.executed),
      at: tick,
    })
  }
  return true
}

function watchTriggers(state: VenueState, watch: Watch, quote: Quote, tick: number): boolean {
  let changed = false
  for (const algo of watch.algos) {
    if (algo.status !== 'NEW' || algo.createdAt >= tick) continue
    changed = watchAlgo(state, ownerOf(state, algo.ref), algo, quote, tick) || changed
  }
  return changed
}

function settleFunding(state: VenueState, tick: number): boolean {
  let changed = false
  const marks = marksAt(state, tick)
  const rates = new Map<string, Fixed>()
  for (const account of state.accounts.values()) {
    for (const position of account.positions.values()) {
      if (position.quantity === 0n) continue
      const rate = rates.get(position.symbol) ?? fundingRateAt(state.seed, marketOf(position.symbol), tick)
      rates.set(position.symbol, rate)
      const paid = times(times(position.quantity, marks(position.symbol)), rate)
      post(state, account, { type: 'FUNDING_FEE', amount: -paid, symbol: position.symbol, tradeId: 0, at: tick })
      tellAccount(state, account, { reason: 'FUNDING_FEE', change: -paid, positions: [position], at: tick })
      forgetBands(account)
      changed = true
    }
  }
  return changed
}

function ownerOf(state: VenueState, ref: string): Account {
  const account = state.accounts.get(ref)
  if (account === undefined) throw new Error(`No account ${ref}`)
  return account
}

/** Multiples of the tick after `from` up to `to`, with every funding time among them. */
function* ticksBetween(from: number, to: number): Generator<number> {
  const span = Math.max(0, to - from)
  const step = Math.max(TICK_MS, Math.ceil(span / MOST_TICKS / TICK_MS) * TICK_MS)
  let funding = (Math.floor(from / FUNDING_INTERVAL_MS) + 1) * FUNDING_INTERVAL_MS
  for (let tick = (Math.floor(from / step) + 1) * step; tick <= to; tick += step) {
    for (; funding < tick; funding += FUNDING_INTERVAL_MS) yield funding
    if (funding === tick) funding += FUNDING_INTERVAL_MS
    yield tick
  }
  for (; funding <= to; funding += FUNDING_INTERVAL_MS) yield funding
}
