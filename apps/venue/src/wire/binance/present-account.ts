import { abs, formatFixed, min, times } from '../../engine/fixed.ts'
import {
  accountRisk,
  type AccountRisk,
  entryPrice,
  exposuresOf,
  liquidationPrice,
  type Marks,
  positionRisk,
  type PositionRisk,
} from '../../engine/margin.ts'
import { type Market, marketOf, markets, notionalLimit } from '../../engine/markets.ts'
import { TAKER_FEE } from '../../engine/fees.ts'
import { type Account, type Income, type Position, positionKey, type PositionSide, settingsOf } from '../../engine/state.ts'

export function presentAccountV3(account: Account, marks: Marks): Record<string, unknown> {
  const risk = accountRisk(account, marks)
  const totals = totalsOf(risk)
  return {
    totalInitialMargin: totals.initialMargin,
    totalMaintMargin: totals.maintMargin,
    totalWalletBalance: totals.walletBalance,
    totalUnrealizedProfit: totals.unrealizedProfit,
    totalMarginBalance: totals.marginBalance,
    totalPositionInitialMargin: totals.positionInitialMargin,
    totalOpenOrderInitialMargin: totals.openOrderInitialMargin,
    totalCrossWalletBalance: totals.crossWalletBalance,
    totalCrossUnPnl: totals.crossUnPnl,
    availableBalance: totals.availableBalance,
    maxWithdrawAmount: totals.maxWithdrawAmount,
    assets: [{ asset: 'USDT', ...totals, updateTime: account.updatedAt }],
    positions: shownPositions(account, false).map((position) => presentAccountPosition(account, position, marks)),
  }
}

export function presentAccountV2(account: Account, marks: Marks): Record<string, unknown> {
  const risk = accountRisk(account, marks)
  const totals = totalsOf(risk)
  return {
    feeTier: 0,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    feeBurn: false,
    tradeGroupId: -1,
    updateTime: 0,
    multiAssetsMargin: false,
    ...presentAccountV3(account, marks),
    assets: [{ asset: 'USDT', ...totals, marginAvailable: true, updateTime: account.updatedAt }],
    positions: shownPositions(account, true).map((position) => {
      const { leverage, marginType } = settingsOf(account, position.symbol)
      const market = marketOf(position.symbol)
      return {
        ...presentAccountPosition(account, position, marks),
        positionInitialMargin: presentMoney(positionRisk(account, position, marks(position.symbol)).initialMargin),
        openOrderInitialMargin: '0',
        leverage: String(leverage),
        isolated: marginType === 'isolated',
        entryPrice: presentEntry(position),
        breakEvenPrice: presentBreakEven(position),
        maxNotional: formatFixed(notionalLimit(market, leverage), 0),
        bidNotional: '0',
        askNotional: '0',
      }
    }),
  }
}

export function presentBalance(account: Account, marks: Marks): Record<string, unknown> {
  const totals = totalsOf(accountRisk(account, marks))
  return {
    accountAlias: alias(account),
    asset: 'USDT',
    balance: totals.walletBalance,
    crossWalletBalance: totals.crossWalletBalance,
    crossUnPnl: totals.crossUnPnl,
    availableBalance: totals.availableBalance,
    maxWithdrawAmount: totals.maxWithdrawAmount,
    marginAvailable: true,
    updateTime: account.updatedAt,
  }
}

/** v3: what is held or has orders. v2: every market. */
export function presentPositionsRisk(
  account: Account,
  marks: Marks,
  options: { version: 2 | 3; market: Market | undefined },
): Record<string, unknown>[] {
  const risk = accountRisk(account, marks)
  return shownPositions(account, options.version === 2)
    .filter((position) => options.market === undefined || position.symbol === options.market.symbol)
    .map((position) => {
      const one = positionRisk(account, position, marks(position.symbol))
      return options.version === 3 ? presentRiskV3(account, risk, one, marks) : presentRiskV2(risk, one)
    })
}

function presentRiskV3(account: Account, risk: AccountRisk, one: PositionRisk, marks: Marks): Record<string, unknown> {
  const { position } = one
  const exposure = exposuresOf(account, position.symbol, marks(position.symbol))[position.side]
  return {
    symbol: position.symbol,
    positionSide: position.side,
    positionAmt: presentAmount(position),
    entryPrice: presentEntry(position),
    breakEvenPrice: presentBreakEven(position),
    markPrice: formatFixed(one.mark),
    unRealizedProfit: formatFixed(one.unrealized),
    liquidationPrice: presentLiquidation(risk, one),
    isolatedMargin: one.isolated && position.quantity !== 0n ? formatFixed(position.isolatedWallet + one.unrealized) : '0',
    notional: one.notional === 0n ? '0' : formatFixed(one.notional),
    marginAsset: 'USDT',
    isolatedWallet: one.isolated && position.quantity !== 0n ? formatFixed(position.isolatedWallet) : '0',
    initialMargin: presentMoney(one.initialMargin),
    maintMargin: presentMoney(one.maintenance),
    positionInitialMargin: presentMoney(one.initialMargin),
    openOrderInitialMargin: '0',
    adl: position.quantity === 0n ? 0 : 2,
    bidNotional: presentMoney(exposure.bids),
    askNotional: presentMoney(exposure.asks),
    updateTime: position.updatedAt,
  }
}

function presentRiskV2(risk: AccountRisk, one: PositionRisk): Record<string, unknown> {
  const { position } = one
  const market = marketOf(position.symbol)
  return {
    symbol: position.symbol,
    positionAmt: presentAmount(position),
    entryPrice: presentEntry(position),
    breakEvenPrice: presentBreakEven(position),
    markPrice: formatFixed(one.mark),
    unRealizedProfit: formatFixed(one.unrealized),
    liquidationPrice: presentLiquidation(risk, one),
    leverage: String(one.leverage),
    maxNotionalValue: formatFixed(notionalLimit(market, one.leverage), 0),
    marginType: one.isolated ? 'isolated' : 'cross',
    isolatedMargin: one.isolated && position.quantity !== 0n ? formatFixed(position.isolatedWallet + one.unrealized) : '0.00000000',
    isAutoAddMargin: 'false',
    positionSide: position.side,
    notional: one.notional === 0n ? '0' : formatFixed(one.notional),
    isolatedWallet: one.isolated && position.quantity !== 0n ? formatFixed(position.isolatedWallet) : '0',
    updateTime: position.updatedAt,
    isolated: one.isolated,
    adlQuantile: position.quantity === 0n ? 0 : 2,
  }
}

function presentAccountPosition(account: Account, position: Position, marks: Marks): Record<string, unknown> {
  const one = positionRisk(account, position, marks(position.symbol))
  const isolated = one.isolated && position.quantity !== 0n
  return {
    symbol: position.symbol,
    positionSide: position.side,
    positionAmt: presentAmount(position),
    unrealizedProfit: formatFixed(one.unrealized),
    isolatedMargin: isolated ? formatFixed(position.isolatedWallet + one.unrealized) : '0',
    notional: one.notional === 0n ? '0' : formatFixed(one.notional),
    isolatedWallet: isolated ? formatFixed(position.isolatedWallet) : '0',
    initialMargin: presentMoney(one.initialMargin),
    maintMargin: presentMoney(one.maintenance),
    updateTime: position.updatedAt,
  }
}

export function presentIncome(income: Income): Record<string, unknown> {
  return {
    symbol: income.symbol,
    incomeType: income.type,
    income: formatFixed(income.amount),
    asset: 'USDT',
    time: income.at,
    info: income.tradeId === 0 ? income.type : String(income.tradeId),
    tranId: income.id,
    tradeId: income.tradeId === 0 ? '' : String(income.tradeId),
  }
}

export function presentBrackets(market: Market): Record<string, unknown> {
  return {
    symbol: market.symbol,
    notionalCoef: 1,
    brackets: market.brackets.map((one) => ({
      bracket: one.bracket,
      initialLeverage: one.initialLeverage,
      notionalCap: Number(formatFixed(one.notionalCap)),
      notionalFloor: Number(formatFixed(one.notionalFloor)),
      maintMarginRatio: Number(formatFixed(one.maintenanceFraction)),
      cum: Number(formatFixed(one.cum)),
    })),
  }
}

export function presentSymbolConfig(account: Account, market: Market): Record<string, unknown> {
  const { leverage, marginType } = settingsOf(account, market.symbol)
  return {
    symbol: market.symbol,
    marginType: marginType === 'cross' ? 'CROSSED' : 'ISOLATED',
    isAutoAddMargin: false,
    leverage,
    maxNotionalValue: formatFixed(notionalLimit(market, leverage), 0),
  }
}

function totalsOf(risk: AccountRisk) {
  return {
    walletBalance: formatFixed(risk.wallet),
    unrealizedProfit: formatFixed(risk.unrealized),
    marginBalance: formatFixed(risk.wallet + risk.unrealized),
    maintMargin: formatFixed(risk.maintenance),
    initialMargin: formatFixed(risk.positionMargin + risk.orderMargin),
    positionInitialMargin: formatFixed(risk.positionMargin),
    openOrderInitialMargin: formatFixed(risk.orderMargin),
    crossWalletBalance: formatFixed(risk.crossWallet),
    crossUnPnl: formatFixed(risk.crossUnrealized),
    availableBalance: formatFixed(risk.available),
    maxWithdrawAmount: formatFixed(min(risk.available, risk.crossWallet < 0n ? 0n : risk.crossWallet)),
  }
}

function shownPositions(account: Account, all: boolean): readonly Position[] {
  const sides: readonly PositionSide[] = account.hedgeMode ? ['LONG', 'SHORT'] : ['BOTH']
  const ordered = new Set([...account.openOrders.values()].map((order) => positionKey(order.symbol, order.positionSide)))
  return markets.flatMap((market) =>
    sides.flatMap((side) => {
      const key = positionKey(market.symbol, side)
      const position = account.positions.get(key)
      const shown = all || ordered.has(key) || (position !== undefined && position.quantity !== 0n)
      return shown ? [position ?? { symbol: market.symbol, side, quantity: 0n, cost: 0n, isolatedWallet: 0n, updatedAt: 0 }] : []
    }),
  )
}

function presentAmount(position: Position): string {
  return position.quantity === 0n ? '0' : formatFixed(position.quantity, marketOf(position.symbol).quantityPrecision)
}

/** As the real one: trailing zeros gone, at least one decimal. */
export function presentEntry(position: Position): string {
  return formatFixed(entryPrice(position)).replace(/(\.\d+?)0+$/, '$1')
}

/** Entry moved by the fee of getting out again. */
export function presentBreakEven(position: Position): string {
  const entry = entryPrice(position)
  const fee = times(entry, TAKER_FEE)
  const moved = position.quantity >= 0n ? entry + fee : entry - fee
  return formatFixed(moved).replace(/(\.\d+?)0+$/, '$1')
}

function presentLiquidation(risk: AccountRisk, one: PositionRisk): string {
  const price = liquidationPrice(risk, one)
  return price === 0n ? '0' : formatFixed(price)
}

function presentMoney(value: bigint): string {
  return value === 0n ? '0' : formatFixed(abs(value))
}

function alias(account: Account): string {
  return `venue${account.index}`
}
