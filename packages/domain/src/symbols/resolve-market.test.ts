import { expect, test } from 'vitest'
import { indexMarkets, isSameSymbol, resolveMarket } from './resolve-market.ts'

const rules = {
  tickSize: '0.1',
  stepSize: '0.001',
  minQuantity: '0.001',
  maxQuantity: null,
  minNotional: '5',
  maxLeverage: 50,
  status: 'TRADING',
}
const markets = indexMarkets([
  { ...rules, symbol: 'BTC/USDT:USDT', marketId: 'BTCUSDT', base: 'BTC', quote: 'USDT' },
  { ...rules, symbol: '1000PEPE/USDT:USDT', marketId: '1000PEPEUSDT', base: '1000PEPE', quote: 'USDT' },
  { ...rules, symbol: 'ETH/USDC:USDC', marketId: 'ETHUSDC', base: 'ETH', quote: 'USDC' },
])

test.each([
  ['BTCUSDT', 'BTC/USDT:USDT', true],
  ['btcusdt', 'BTC/USDT:USDT', true],
  ['BTC/USDT', 'BTC/USDT:USDT', true],
  ['BTC-USDT', 'BTC/USDT:USDT', true],
  ['BTCUSDT.P', 'BTC/USDT:USDT', false],
  ['BINANCE:BTCUSDT.P', 'BTC/USDT:USDT', false],
  ['BTCUSDTPERP', 'BTC/USDT:USDT', false],
  ['BTCUSDT_PERP', 'BTC/USDT:USDT', false],
  ['BTC-USDT-SWAP', 'BTC/USDT:USDT', false],
  ['BTC/USDT:USDT', 'BTC/USDT:USDT', false],
  ['1000PEPEUSDT.P', '1000PEPE/USDT:USDT', false],
  ['ETHUSDC.P', 'ETH/USDC:USDC', false],
])('%s is %s', (ticker, symbol, isSpotTicker) => {
  expect(resolveMarket(ticker, markets)).toMatchObject({ market: { symbol }, isSpotTicker })
})

test.each(['', 'BTC', 'BTCUSD.P', 'ETHUSDT', 'BTC/USDC:USDC', '..P', 'PERP', 'constructor'])('%j is no market here', (ticker) => {
  expect(resolveMarket(ticker, markets)).toBeNull()
})

test('ways of writing one symbol are the same symbol', () => {
  expect(
    ['BTCUSDT', 'BTCUSDT.P', 'BTC/USDT:USDT', 'btc-usdt-swap', 'BINANCE:BTCUSDT'].every((one) => isSameSymbol(one, 'BTC/USDT:USDT')),
  ).toBe(true)
  expect(isSameSymbol('ETHUSDT', 'BTCUSDT')).toBe(false)
})
