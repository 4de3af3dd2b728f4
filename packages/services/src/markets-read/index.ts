export { getTicker } from './get-ticker.ts'
export { createKlineReader, type KlineReader } from './kline-reader.ts'
export { createMarkBook, type MarkBook } from './mark-book.ts'
export { findMarket, HOME_EXCHANGE, listMarkets } from './markets.ts'
