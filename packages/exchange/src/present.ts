import type ccxt from 'ccxt'
import { Decimal } from 'decimal.js'
import type { ExchangeIncome, ExchangeOrder, ExchangeOrderStatus, ExchangePosition, MarketInfo } from './port.ts'

export type Client = InstanceType<typeof ccxt.binanceusdm>
type CcxtOrder = Awaited<ReturnType<Client['fetchOrder']>>

const STATUS: Readonly<Record<string, ExchangeOrderStatus>> = {
  NEW: 'open',
  PARTIALLY_FILLED: 'partial',
  FILLED: 'filled',
  FINISHED: 'filled',
  TRIGGERED: 'filled',
  TRIGGERING: 'open',
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
  REJECTED: 'rejected',
}
const TYPES: Readonly<Record<string, ExchangeOrder['type']>> = {
  MARKET: 'market',
  LIMIT: 'limit',
  STOP_MARKET: 'stop-market',
  STOP: 'stop-market',
  TAKE_PROFIT_MARKET: 'take-profit-market',
  TAKE_PROFIT: 'take-profit-market',
}

export function presentOrder(client: Client, order: CcxtOrder): ExchangeOrder {
  const info: Record<string, string | boolean | undefined> = order.info
  const isTrigger = info['algoId'] !== undefined
  const type = TYPES[String(isTrigger ? info['orderType'] : (info['type'] ?? 'MARKET'))] ?? 'market'
  const positionSide = info['positionSide']
  return {
    clientOrderId: String(info['clientAlgoId'] ?? info['clientOrderId'] ?? ''),
    exchangeOrderId: String(info['algoId'] ?? info['orderId'] ?? ''),
    symbol: order.symbol ?? client.markets_by_id?.[String(info['symbol'])]?.[0]?.symbol ?? '',
    side: info['side'] === 'BUY' ? 'buy' : 'sell',
    positionSide: positionSide === 'LONG' || positionSide === 'SHORT' ? positionSide : 'BOTH',
    type,
    status: STATUS[String(isTrigger ? info['algoStatus'] : info['status'])] ?? 'open',
    quantityBase: String(info['closePosition']) === 'true' ? null : plain(String(info['origQty'] ?? info['quantity'] ?? '0')),
    filledBase: plain(String(info['executedQty'] ?? '0')),
    averagePrice: positive(info['avgPrice']),
    price: positive(info['price']),
    triggerPrice: positive(info['triggerPrice'] ?? info['stopPrice']),
    reduceOnly: String(info['reduceOnly']) === 'true',
    closePosition: String(info['closePosition']) === 'true',
    isTrigger,
    updatedAtMs: Number(info['updateTime'] ?? 0),
  }
}

export function presentPosition(
  client: Client,
  row: Record<string, string>,
  configs: readonly Record<string, string>[],
): ExchangePosition[] {
  const amount = new Decimal(row['positionAmt'] ?? 0)
  const symbol = client.markets_by_id?.[row['symbol'] ?? '']?.[0]?.symbol
  if (amount.isZero() || symbol === undefined) return []
  const config = configs.find((candidate) => candidate['symbol'] === row['symbol'])
  const leverage = Number(row['leverage'] ?? config?.['leverage'] ?? Number.NaN)
  const marginType = (row['marginType'] ?? config?.['marginType'] ?? '').toLowerCase()
  const side = row['positionSide']
  const isolated = marginType === 'isolated'
  return [
    {
      symbol,
      positionSide: side === 'LONG' || side === 'SHORT' ? side : 'BOTH',
      side: amount.gt(0) ? 'LONG' : 'SHORT',
      quantityBase: amount.abs().toFixed(),
      entryPrice: plain(row['entryPrice']),
      markPrice: plain(row['markPrice']),
      liquidationPrice: positive(row['liquidationPrice']),
      leverage: Number.isFinite(leverage) ? leverage : null,
      marginMode: marginType === '' ? null : isolated ? 'isolated' : 'cross',
      margin: plain(isolated ? row['isolatedMargin'] : (row['initialMargin'] ?? row['positionInitialMargin'])),
      unrealizedPnl: plain(row['unRealizedProfit']),
    },
  ]
}

/** Brackets are told to key holders only; until one has asked, what every perpetual allows. */
const LEVERAGE_WITHOUT_BRACKETS = 20

export function presentMarket(market: NonNullable<NonNullable<Client['markets']>[string]>, maxLeverage: number | undefined): MarketInfo {
  return {
    symbol: market.symbol,
    marketId: market.id,
    base: market.base,
    quote: market.quote,
    tickSize: new Decimal(market.precision.price ?? 0).toFixed(),
    stepSize: new Decimal(market.precision.amount ?? 0).toFixed(),
    minQuantity: new Decimal(market.limits.amount?.min ?? 0).toFixed(),
    maxQuantity: market.limits.market?.max === undefined ? null : new Decimal(market.limits.market.max).toFixed(),
    minNotional: new Decimal(market.limits.cost?.min ?? 0).toFixed(),
    maxLeverage: maxLeverage ?? LEVERAGE_WITHOUT_BRACKETS,
    contractSize: new Decimal(market.contractSize ?? 1).toFixed(),
    active: market.active !== false,
  }
}

export function incomeType(type: string | undefined): ExchangeIncome['type'] {
  switch (type) {
    case 'TRANSFER':
    case 'COMMISSION':
    case 'FUNDING_FEE':
    case 'REALIZED_PNL':
    case 'INSURANCE_CLEAR':
      return type
    default:
      return 'OTHER'
  }
}

/** Shortest plain decimal; nothing is 0. */
export function plain(text: string | undefined): string {
  return new Decimal(text === undefined || text === '' ? 0 : text).toFixed()
}

function positive(value: string | boolean | undefined): string | null {
  if (typeof value !== 'string' || value === '') return null
  const decimal = new Decimal(value)
  return decimal.gt(0) ? decimal.toFixed() : null
}
