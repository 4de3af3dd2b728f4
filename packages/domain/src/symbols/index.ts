export { indexMarkets, isSameSymbol, resolveMarket, type DecisionMarket, type MarketIndex } from './resolve-market.ts'
