import { abs, type Fixed, max, ONE, times } from './fixed.ts'
import { maintenanceMargin, marketOf } from './markets.ts'
import { quoteAt } from './quotes.ts'
import { type Account, type Position, settingsOf, type VenueState } from './state.ts'

/** Marks at one moment, each looked up once. */
export type Marks = (symbol: string) => Fixed

export function marksAt(state: VenueState, timeMs: number): Marks {
  const seen = new Map<string, Fixed>()
  return (symbol) => {
    let mark = seen.get(symbol)
    if (mark === undefined) {
      mark = quoteAt(state, symbol, timeMs).mark
      seen.set(symbol, mark)
    }
    return mark
  }
}

/** Quote per base; 0 when flat. */
export function entryPrice(position: Position): Fixed {
  return position.quantity === 0n ? 0n : position.cost / position.quantity
}

/** USDT. */
export function unrealizedPnl(position: Position, mark: Fixed): Fixed {
  return (position.quantity * mark - position.cost) / ONE
}

export interface PositionRisk {
  readonly position: Position
  readonly isolated: boolean
  readonly leverage: number
  readonly mark: Fixed
  /** USDT, negative when short. */
  readonly notional: Fixed
  readonly unrealized: Fixed
  readonly initialMargin: Fixed
  readonly maintenance: Fixed
}

export interface AccountRisk {
  readonly wallet: Fixed
  /** Wallet without what is set aside in isolated positions. */
  readonly crossWallet: Fixed
  readonly crossUnrealized: Fixed
  readonly unrealized: Fixed
  readonly positionMargin: Fixed
  readonly orderMargin: Fixed
  readonly maintenance: Fixed
  readonly crossMaintenance: Fixed
  /** For new orders; never negative. */
  readonly available: Fixed
  readonly positions: readonly PositionRisk[]
}

export function positionRisk(account: Account, position: Position, mark: Fixed): PositionRisk {
  const settings = settingsOf(account, position.symbol)
  const notional = times(position.quantity, mark)
  return {
    position,
    isolated: settings.marginType === 'isolated',
    leverage: settings.leverage,
    mark,
    notional,
    unrealized: unrealizedPnl(position, mark),
    initialMargin: abs(notional) / BigInt(settings.leverage),
    maintenance: position.quantity === 0n ? 0n : maintenanceMargin(marketOf(position.symbol), notional),
  }
}

export function accountRisk(account: Account, marks: Marks): AccountRisk {
  const positions: PositionRisk[] = []
  let crossWallet = account.wallet
  let crossUnrealized = 0n
  let unrealized = 0n
  let positionMargin = 0n
  let crossMargin = 0n
  let maintenance = 0n
  let crossMaintenance = 0n
  const symbols = new Set<string>()
  for (const position of account.positions.values()) {
    if (position.quantity === 0n) continue
    symbols.add(position.symbol)
    const risk = positionRisk(account, position, marks(position.symbol))
    positions.push(risk)
    unrealized += risk.unrealized
    maintenance += risk.maintenance
    positionMargin += risk.initialMargin
    if (risk.isolated) {
      crossWallet -= position.isolatedWallet
    } else {
      crossUnrealized += risk.unrealized
      crossMaintenance += risk.maintenance
      crossMargin += risk.initialMargin
    }
  }
  for (const order of account.openOrders.values()) symbols.add(order.symbol)
  let orderMargin = 0n
  if (account.openOrders.size > 0) for (const symbol of symbols) orderMargin += orderMarginOf(account, symbol, marks(symbol))

  return {
    wallet: account.wallet,
    crossWallet,
    crossUnrealized,
    unrealized,
    positionMargin,
    orderMargin,
    maintenance,
    crossMaintenance,
    available: max(0n, crossWallet + crossUnrealized - crossMargin - orderMargin),
    positions,
  }
}

/** Signed notional held and what working orders would add on each side; USDT, all at or above zero but `held`. */
export interface Exposure {
  held: Fixed
  bids: Fixed
  asks: Fixed
}

export function exposuresOf(account: Account, symbol: string, mark: Fixed): Record<'BOTH' | 'LONG' | 'SHORT', Exposure> {
  const exposures = {
    BOTH: { held: heldNotional(account, symbol, mark), bids: 0n, asks: 0n },
    LONG: { held: heldNotional(account, `${symbol}:LONG`, mark), bids: 0n, asks: 0n },
    SHORT: { held: heldNotional(account, `${symbol}:SHORT`, mark), bids: 0n, asks: 0n },
  }
  for (const order of account.openOrders.values()) {
    if (order.symbol !== symbol || order.reduceOnly) continue
    const notional = times(order.quantity - order.executed, order.price === 0n ? mark : order.price)
    if (order.side === 'BUY') exposures[order.positionSide].bids += notional
    else exposures[order.positionSide].asks += notional
  }
  return exposures
}

/** Largest notional the symbol could reach when the working orders of one side fill; USDT. */
export function worstNotional({ BOTH, LONG, SHORT }: Record<'BOTH' | 'LONG' | 'SHORT', Exposure>): Fixed {
  return max(abs(BOTH.held + BOTH.bids), abs(BOTH.held - BOTH.asks)) + LONG.held + LONG.bids + abs(SHORT.held) + SHORT.asks
}

function heldNotional(account: Account, key: string, mark: Fixed): Fixed {
  const position = account.positions.get(key)
  return position === undefined ? 0n : times(position.quantity, mark)
}

/** Margin that working orders of a symbol block beyond what its position blocks; USDT. */
function orderMarginOf(account: Account, symbol: string, mark: Fixed): Fixed {
  const exposures = exposuresOf(account, symbol, mark)
  const { BOTH, LONG, SHORT } = exposures
  const held = abs(BOTH.held) + abs(LONG.held) + abs(SHORT.held)
  return max(0n, worstNotional(exposures) - held) / BigInt(settingsOf(account, symbol).leverage)
}

/**
 * Mark at which the position would be liquidated if nothing else moved; 0 = never. Quote per base.
 * Long (cost − margin − cum) ÷ (q·(1 − rate)), short (cost + margin + cum) ÷ (q·(1 + rate)).
 */
export function liquidationPrice(risk: AccountRisk, own: PositionRisk): Fixed {
  const { position } = own
  if (position.quantity === 0n) return 0n
  const others = own.isolated ? 0n : risk.crossUnrealized - own.unrealized - (risk.crossMaintenance - own.maintenance)
  const margin = own.isolated ? position.isolatedWallet : risk.crossWallet + others
  const cost = position.cost / ONE
  const market = marketOf(position.symbol)
  const size = abs(position.quantity)

  let price = 0n
  for (const bracket of market.brackets) {
    const rate = bracket.maintenanceFraction
    const long = position.quantity > 0n
    const value = long ? cost - margin - bracket.cum : -cost + margin + bracket.cum
    const factor = long ? ONE - rate : ONE + rate
    price = value <= 0n ? 0n : (value * ONE * ONE) / (size * factor)
    const notional = times(size, price)
    if (notional >= bracket.notionalFloor && notional < bracket.notionalCap) break
  }
  return price <= 0n || price >= market.maxPrice * 10n ? 0n : price
}
