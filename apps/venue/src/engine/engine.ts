import { deposit, openAccount, revoke } from './accounts.ts'
import { cancelAlgo, cancelAlgos, placeAlgo } from './algos.ts'
import type { Command, Outcome } from './commands.ts'
import { fixed } from './fixed.ts'
import { findMarket } from './markets.ts'
import { cancelOrder, cancelOrders, modifyOrder, placeOrder } from './orders.ts'
import { Refusal } from './refusal.ts'
import { adjustMargin, setLeverage, setMarginType, setPositionMode } from './settings.ts'
import type { Account, VenueState } from './state.ts'
import { advance, runTick } from './ticks.ts'

/**
 * The whole exchange: a state, a command with its time, and what came of it. Nothing else goes in, so that the same
 * commands lead to the same state everywhere. Refusals are thrown before anything has changed.
 */
export function apply(state: VenueState, command: Command): Outcome {
  const outcome = dispatch(state, command)
  if (outcome.changed) state.lastCommandAt = Math.max(state.lastCommandAt, command.at)
  return outcome
}

function dispatch(state: VenueState, command: Command): Outcome {
  switch (command.type) {
    case 'advance':
      return advance(state, command)
    case 'open-account':
      return openAccount(state, command)
    case 'deposit':
      return deposit(state, accountOf(state, command.ref), command)
    case 'revoke':
      return revoke(accountOf(state, command.ref))
    case 'pin-price':
      return pinPrice(state, command)
    case 'place-order':
      return placeOrder(state, tradingIn(state, command.ref, command.order.symbol), command)
    case 'cancel-order':
      return cancelOrder(state, tradingIn(state, command.ref, command.symbol), command)
    case 'cancel-orders':
      return cancelOrders(state, tradingIn(state, command.ref, command.symbol), command)
    case 'modify-order':
      return modifyOrder(state, tradingIn(state, command.ref, command.symbol), command)
    case 'place-algo':
      return placeAlgo(state, tradingIn(state, command.ref, command.algo.symbol), command)
    case 'cancel-algo':
      return cancelAlgo(state, accountOf(state, command.ref), command)
    case 'cancel-algos':
      return cancelAlgos(state, tradingIn(state, command.ref, command.symbol), command)
    case 'set-leverage':
      return setLeverage(state, tradingIn(state, command.ref, command.symbol), command)
    case 'set-margin-type':
      return setMarginType(tradingIn(state, command.ref, command.symbol), command)
    case 'set-position-mode':
      return setPositionMode(accountOf(state, command.ref), command)
    case 'adjust-margin':
      return adjustMargin(state, tradingIn(state, command.ref, command.symbol), command)
  }
}

/** Test hook: from this moment the market shows this price, or the line again; its effects come at once. */
function pinPrice(state: VenueState, command: Extract<Command, { type: 'pin-price' }>): Outcome {
  if (findMarket(command.symbol) === undefined) throw new Refusal('SYMBOL_UNKNOWN')
  const pins = state.pins.get(command.symbol) ?? []
  pins.push({ from: command.at, mark: command.mark === null ? null : fixed(command.mark) })
  state.pins.set(command.symbol, pins)
  runTick(state, command.at, command.symbol)
  return { changed: true }
}

function tradingIn(state: VenueState, ref: string, symbol: string): Account {
  if (findMarket(symbol) === undefined) throw new Refusal('SYMBOL_UNKNOWN')
  return accountOf(state, ref)
}

function accountOf(state: VenueState, ref: string): Account {
  const account = state.accounts.get(ref)
  if (account === undefined) throw new Refusal('ACCOUNT_UNKNOWN')
  return account
}
