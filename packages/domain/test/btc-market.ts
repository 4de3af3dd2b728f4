import type { DecisionMarket } from '../src/symbols/resolve-market.ts'

/** The perpetual that decisions are tried on; what a case is about it says itself. */
export const BTC_MARKET: DecisionMarket = {
  symbol: 'BTC/USDT:USDT',
  marketId: 'BTCUSDT',
  base: 'BTC',
  quote: 'USDT',
  tickSize: '0.1',
  stepSize: '0.001',
  minQuantity: '0.001',
  maxQuantity: '1000',
  minNotional: '5',
  maxLeverage: 100,
  status: 'TRADING',
}
