export { buildTrades, netQuantity, type BuiltTrade, type TradeFill } from './build-trades.ts'
