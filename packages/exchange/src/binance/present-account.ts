import { Decimal } from 'decimal.js'
import type { ExchangeBalance, ExchangeIncome, ExchangePosition } from '../port.ts'
import { count, decimal, positive, type Row, text } from './fields.ts'
import { presentPositionSide } from './present-orders.ts'

/** Leverage and margin mode stand apart from the position itself. */
export interface SymbolConfig {
  readonly leverage: number
  readonly marginMode: 'cross' | 'isolated'
}

export const isOpen = (row: Row): boolean => !new Decimal(decimal(row, 'positionAmt')).isZero()

/** @throws Unreadable */
export function presentPosition(row: Row, symbol: string, config: SymbolConfig | undefined): ExchangePosition {
  const amount = new Decimal(decimal(row, 'positionAmt'))
  return {
    symbol,
    positionSide: presentPositionSide(row),
    side: amount.gt(0) ? 'LONG' : 'SHORT',
    quantityBase: amount.abs().toFixed(),
    entryPrice: decimal(row, 'entryPrice'),
    markPrice: decimal(row, 'markPrice'),
    liquidationPrice: positive(row, 'liquidationPrice'),
    leverage: config?.leverage ?? null,
    marginMode: config?.marginMode ?? null,
    margin: config?.marginMode === 'isolated' ? decimal(row, 'isolatedMargin') : decimal(row, 'initialMargin'),
    unrealizedPnl: decimal(row, 'unRealizedProfit'),
  }
}

export function presentSymbolConfigs(rows: readonly Row[]): ReadonlyMap<string, SymbolConfig> {
  return new Map(
    rows.map((row) => {
      const marginMode = text(row, 'marginType').toUpperCase() === 'ISOLATED' ? 'isolated' : 'cross'
      return [text(row, 'symbol'), { leverage: count(row, 'leverage'), marginMode }]
    }),
  )
}

/** @throws Unreadable */
export function presentBalance(row: Row): ExchangeBalance {
  return {
    walletBalance: decimal(row, 'totalWalletBalance'),
    available: decimal(row, 'availableBalance'),
    unrealizedPnl: decimal(row, 'totalUnrealizedProfit'),
    equity: decimal(row, 'totalMarginBalance'),
    marginUsed: decimal(row, 'totalInitialMargin'),
  }
}

/** @throws Unreadable */
export function presentIncome(row: Row, symbolOf: (marketId: string) => string): ExchangeIncome {
  const marketId = row['symbol']
  return {
    venueId: text(row, 'tranId'),
    type: incomeType(text(row, 'incomeType')),
    amount: decimal(row, 'income'),
    currency: text(row, 'asset'),
    symbol: typeof marketId === 'string' && marketId !== '' ? symbolOf(marketId) : null,
    atMs: count(row, 'time'),
  }
}

function incomeType(name: string): ExchangeIncome['type'] {
  switch (name) {
    case 'TRANSFER':
    case 'COMMISSION':
    case 'FUNDING_FEE':
    case 'REALIZED_PNL':
    case 'INSURANCE_CLEAR':
      return name
    default:
      return 'OTHER'
  }
}
