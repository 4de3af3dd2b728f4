export { indexMarkets, isSameSymbol, resolveMarket, type DecisionMarket, type MarketIndex, type Resolved } from './resolve-market.ts'
