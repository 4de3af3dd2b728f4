import { routes, type KLINE_INTERVALS } from '@matic/contracts'

export type KlineInterval = (typeof KLINE_INTERVALS)[number]

export const INTERVAL_SECONDS: Readonly<Record<KlineInterval, number>> = {
  '1m': 60,
  '5m': 300,
  '15m': 900,
  '1h': 3_600,
  '4h': 14_400,
  '1d': 86_400,
}

/** The markets, and the one the chart shows. */
export const useMarketsStore = defineStore('markets', () => {
  const api = useApi()
  const list = createResource(() => api.call(routes.markets.list))
  const bySymbol = computed(() => new Map((list.data.value ?? []).map((market) => [market.symbol, market])))

  const symbol = ref('BTC/USDT:USDT')
  const interval = ref<KlineInterval>('1m')
  const market = computed(() => bySymbol.value.get(symbol.value) ?? null)
  const klines = createResource(() =>
    api.call(routes.markets.klines, { params: { symbol: symbol.value }, query: { interval: interval.value, limit: 500 } }),
  )

  watch([symbol, interval], () => {
    klines.clear()
    void klines.refresh()
  })

  const tickDecimals = (of: string): number => decimalsOf(bySymbol.value.get(of)?.tickSize)
  const stepDecimals = (of: string): number => decimalsOf(bySymbol.value.get(of)?.stepSize, 3)
  /** Profit moves in ticks times steps; more than four places help nobody. */
  const pnlDecimals = (of: string): number => Math.min(4, Math.max(2, tickDecimals(of) + stepDecimals(of)))

  return { list, bySymbol, symbol, interval, market, klines, tickDecimals, stepDecimals, pnlDecimals }
})
