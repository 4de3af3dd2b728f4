import { formatFixed, plainFixed } from '../../engine/fixed.ts'
import { type Market, markets } from '../../engine/markets.ts'

const orderTypes = ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET']

/** Made once: only the time in it changes. */
const symbols = markets.map(presentMarket)

export function presentExchangeInfo(nowMs: number): Record<string, unknown> {
  return {
    timezone: 'UTC',
    serverTime: nowMs,
    futuresType: 'U_MARGINED',
    rateLimits: [
      { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2400 },
      { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 },
      { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
    ],
    exchangeFilters: [],
    assets: [{ asset: 'USDT', marginAvailable: true, autoAssetExchange: '-10000' }],
    symbols,
  }
}

function presentMarket(market: Market): Record<string, unknown> {
  return {
    symbol: market.symbol,
    pair: market.symbol,
    contractType: 'PERPETUAL',
    deliveryDate: 4_133_404_800_000,
    onboardDate: market.onboardDate,
    status: 'TRADING',
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: market.base,
    quoteAsset: market.quote,
    marginAsset: market.quote,
    pricePrecision: market.pricePrecision,
    quantityPrecision: market.quantityPrecision,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: [],
    triggerProtect: '0.0500',
    liquidationFee: '0.005000',
    marketTakeBound: '0.05',
    maxMoveOrderLimit: 10_000,
    filters: [
      {
        filterType: 'PRICE_FILTER',
        maxPrice: plainFixed(market.maxPrice),
        minPrice: plainFixed(market.minPrice),
        tickSize: formatFixed(market.tickSize, market.pricePrecision),
      },
      {
        filterType: 'LOT_SIZE',
        stepSize: plainFixed(market.stepSize),
        maxQty: plainFixed(market.maxQuantity),
        minQty: plainFixed(market.minQuantity),
      },
      {
        filterType: 'MARKET_LOT_SIZE',
        stepSize: plainFixed(market.stepSize),
        maxQty: plainFixed(market.marketMaxQuantity),
        minQty: plainFixed(market.minQuantity),
      },
      { filterType: 'MAX_NUM_ORDERS', limit: market.maxOrders },
      { filterType: 'MAX_NUM_ALGO_ORDERS', limit: market.maxAlgoOrders },
      { filterType: 'MIN_NOTIONAL', notional: plainFixed(market.minNotional) },
      {
        filterType: 'PERCENT_PRICE',
        multiplierUp: formatFixed(market.multiplierUp, 4),
        multiplierDown: formatFixed(market.multiplierDown, 4),
        multiplierDecimal: '4',
      },
      { filterType: 'POSITION_RISK_CONTROL', positionControlSide: 'NONE' },
    ],
    orderTypes,
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'],
    permissionSets: ['GRID', 'COPY'],
  }
}
