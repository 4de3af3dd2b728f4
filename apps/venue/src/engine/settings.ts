import type { Command, Outcome } from './commands.ts'
import { forgetBands } from './fills.ts'
import { abs, type Fixed, parseFixed } from './fixed.ts'
import { accountRisk, marksAt, positionRisk } from './margin.ts'
import { marketOf, notionalLimit } from './markets.ts'
import { tellAccount } from './news.ts'
import { Refusal } from './refusal.ts'
import { type Account, type Position, positionKey, settingsOf, type VenueState } from './state.ts'

type Of<T extends Command['type']> = Extract<Command, { type: T }>

export function setLeverage(state: VenueState, account: Account, command: Of<'set-leverage'>): Outcome {
  const { symbol, leverage, at } = command
  const market = marketOf(symbol)
  if (!Number.isInteger(leverage) || leverage < 1 || leverage > market.maxLeverage) throw new Refusal('LEVERAGE_INVALID', String(leverage))
  const settings = settingsOf(account, symbol)
  if (settings.leverage === leverage) return { changed: false }

  const held = positionsIn(account, symbol)
  const marks = marksAt(state, at)
  const notional = held.reduce((sum, position) => sum + abs(positionRisk(account, position, marks(symbol)).notional), 0n)
  if (notional > notionalLimit(market, leverage)) throw new Refusal('POSITION_ABOVE_LEVERAGE_LIMIT')
  if (settings.marginType === 'isolated' && held.length > 0 && leverage < settings.leverage) throw new Refusal('LEVERAGE_LOCKED')
  if (leverage < settings.leverage && notional > 0n) {
    const needed = notional / BigInt(leverage) - notional / BigInt(settings.leverage)
    if (needed > accountRisk(account, marks).available) throw new Refusal('LEVERAGE_NEEDS_MARGIN')
  }
  account.settings.set(symbol, { ...settings, leverage })
  forgetBands(account)
  return { changed: true }
}

export function setMarginType(account: Account, command: Of<'set-margin-type'>): Outcome {
  const { symbol, marginType } = command
  const settings = settingsOf(account, symbol)
  if (settings.marginType === marginType) throw new Refusal('MARGIN_TYPE_UNCHANGED')
  for (const order of account.openOrders.values()) if (order.symbol === symbol) throw new Refusal('MARGIN_TYPE_HAS_ORDERS')
  for (const algo of account.openAlgos.values()) if (algo.symbol === symbol) throw new Refusal('MARGIN_TYPE_HAS_ORDERS')
  if (positionsIn(account, symbol).length > 0) throw new Refusal('MARGIN_TYPE_HAS_POSITION')
  account.settings.set(symbol, { ...settings, marginType })
  return { changed: true }
}

export function setPositionMode(account: Account, command: Of<'set-position-mode'>): Outcome {
  if (account.hedgeMode === command.hedgeMode) throw new Refusal('POSITION_MODE_UNCHANGED')
  if (account.openOrders.size > 0 || account.openAlgos.size > 0) throw new Refusal('POSITION_MODE_HAS_ORDERS')
  for (const position of account.positions.values()) if (position.quantity !== 0n) throw new Refusal('POSITION_MODE_HAS_POSITION')
  account.hedgeMode = command.hedgeMode
  return { changed: true }
}

/** Moves money between the wallet and an isolated position; negative takes back. */
export function adjustMargin(state: VenueState, account: Account, command: Of<'adjust-margin'>): Outcome {
  const amount = parseFixed(command.amount)
  if (amount === undefined || amount === 0n) throw new Refusal('MARGIN_AMOUNT_INVALID')
  const position = account.positions.get(positionKey(command.symbol, command.positionSide))
  if (position === undefined || position.quantity === 0n) throw new Refusal('MARGIN_ADD_NEEDS_POSITION')
  if (settingsOf(account, command.symbol).marginType !== 'isolated') throw new Refusal('MARGIN_ADD_NEEDS_ISOLATED')
  const marks = marksAt(state, command.at)
  const free: Fixed = amount > 0n ? accountRisk(account, marks).available : spareMargin(account, position, marks(command.symbol))
  if (abs(amount) > free) throw new Refusal(amount > 0n ? 'CROSS_BALANCE_INSUFFICIENT' : 'ISOLATED_BALANCE_INSUFFICIENT')
  position.isolatedWallet += amount
  position.updatedAt = command.at
  tellAccount(state, account, { reason: 'MARGIN_TRANSFER', change: 0n, positions: [position], at: command.at })
  forgetBands(account)
  return { changed: true }
}

function spareMargin(account: Account, position: Position, mark: Fixed): Fixed {
  const risk = positionRisk(account, position, mark)
  const equity = position.isolatedWallet + (risk.unrealized < 0n ? risk.unrealized : 0n)
  return equity - risk.initialMargin
}

function positionsIn(account: Account, symbol: string): readonly Position[] {
  return [...account.positions.values()].filter((position) => position.symbol === symbol && position.quantity !== 0n)
}
