export { exportTrades, listTrades } from './list-trades.ts'
